# A SQL Server with one database. Only identities can log in: there is no
# password. The identity of the apps is the administrator.

data "azurerm_client_config" "current" {}

locals {
  # At most 63 lower-case letters, digits and hyphens, unique in Azure.
  name = "sql-${trim(substr(var.name, 0, 52), "-")}-${var.suffix}"

  # serverless pauses when it is not used (the first request after that waits
  # about a minute); standard is the cheapest that is always there.
  sizes = {
    serverless        = "GP_S_Gen5_1"
    standard          = "S0"
    general-purpose   = "GP_Gen5_2"
    business-critical = "BC_Gen5_2"
  }
  retention_days = {
    serverless        = 7
    standard          = 7
    general-purpose   = 14
    business-critical = 35
  }
  # Sizes of standard are fixed ones, up to what its price includes.
  max_size_gb    = coalesce(var.max_size_gb, var.tier == "standard" ? 250 : 32)
  strong         = contains(["general-purpose", "business-critical"], var.tier)
  zone_redundant = coalesce(var.zone_redundant, local.strong)
  geo_redundant  = coalesce(var.geo_redundant_backup, local.strong)
}

resource "azurerm_mssql_server" "this" {
  name                = local.name
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags

  version             = "12.0"
  minimum_tls_version = "1.2"

  # With a public endpoint nobody is admitted but the subnets below: there is no
  # firewall rule, not even the one for "all of Azure".
  public_network_access_enabled = var.private_endpoint == null

  azuread_administrator {
    login_username              = var.identity.name
    object_id                   = var.identity.principal_id
    tenant_id                   = data.azurerm_client_config.current.tenant_id
    azuread_authentication_only = true
  }

  identity {
    type         = "UserAssigned"
    identity_ids = [var.identity.id]
  }
  primary_user_assigned_identity_id = var.identity.id
}

resource "azurerm_mssql_database" "this" {
  name      = var.database
  server_id = azurerm_mssql_server.this.id
  tags      = var.tags

  sku_name             = coalesce(var.sku_name, local.sizes[var.tier])
  max_size_gb          = local.max_size_gb
  zone_redundant       = local.zone_redundant
  storage_account_type = local.geo_redundant ? "Geo" : "Local"

  # Reports can read from a copy (ApplicationIntent=ReadOnly).
  read_scale = var.tier == "business-critical"

  auto_pause_delay_in_minutes = var.tier == "serverless" ? var.auto_pause_minutes : null
  min_capacity                = var.tier == "serverless" ? 0.5 : null

  short_term_retention_policy {
    retention_days = coalesce(var.backup_retention_days, local.retention_days[var.tier])
  }
}

resource "azurerm_mssql_virtual_network_rule" "this" {
  for_each = var.private_endpoint == null ? { for index, id in var.allowed_subnet_ids : tostring(index) => id } : {}

  name      = "subnet-${each.key}"
  server_id = azurerm_mssql_server.this.id
  subnet_id = each.value
}

resource "azurerm_private_endpoint" "this" {
  count = var.private_endpoint == null ? 0 : 1

  name                = "pep-${local.name}"
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags
  subnet_id           = var.private_endpoint.subnet_id

  private_service_connection {
    name                           = "sql"
    private_connection_resource_id = azurerm_mssql_server.this.id
    subresource_names              = ["sqlServer"]
    is_manual_connection           = false
  }

  private_dns_zone_group {
    name                 = "sql"
    private_dns_zone_ids = [var.private_endpoint.dns_zone_id]
  }
}

resource "azurerm_monitor_diagnostic_setting" "this" {
  name                       = "logs"
  target_resource_id         = azurerm_mssql_database.this.id
  log_analytics_workspace_id = var.log_workspace_id

  enabled_log {
    category_group = "allLogs"
  }
}

# A PostgreSQL server with one database, inside the virtual network.

# The password, and how it stays out of the state and of plans:
#
#   1. it is made while applying and goes straight into the vault (a write-only
#      argument is sent, never stored);
#   2. it is read back from the vault as an ephemeral value, which lives as long
#      as the run;
#   3. the server and the secrets with whole addresses are given that value, by
#      write-only arguments again.
#
# So the vault is the one place that knows it, and an apply that was cut off
# halfway goes on with the same password. To change it, raise password_version.

data "azurerm_client_config" "current" {}

locals {
  # At most 63 lower-case letters, digits and hyphens, unique in Azure.
  name = "psql-${trim(substr(var.name, 0, 51), "-")}-${var.suffix}"

  # Two processors each, but for burstable, which has one that is shared.
  sizes = {
    burstable        = "B_Standard_B1ms"
    general-purpose  = "GP_Standard_D2ds_v5"
    memory-optimized = "MO_Standard_E2ds_v5"
  }
  retention_days = {
    burstable        = 7
    general-purpose  = 14
    memory-optimized = 35
  }
  strong               = var.tier != "burstable"
  high_availability    = coalesce(var.high_availability, local.strong)
  geo_redundant_backup = coalesce(var.geo_redundant_backup, local.strong)

  host = azurerm_postgresql_flexible_server.this.fqdn
  port = 5432

  query = var.url_query == "" ? "" : "?${var.url_query}"

  # Another address makes another secret, another password too.
  address_version = parseint(substr(sha256(jsonencode([
    var.password_version, local.host, var.database, var.administrator_login, var.url_query,
  ])), 0, 7), 16) + 1
}

resource "azurerm_key_vault_secret" "password" {
  name         = "postgresql-password"
  key_vault_id = var.key_vault_id
  content_type = "password"
  tags         = var.tags

  # 122 random bits; the prefix gives the kinds of letters that Azure asks for.
  value_wo         = "Aa1-${uuid()}"
  value_wo_version = var.password_version
}

ephemeral "azurerm_key_vault_secret" "password" {
  name         = azurerm_key_vault_secret.password.name
  key_vault_id = azurerm_key_vault_secret.password.key_vault_id

  # Not known before the secret is written: so nothing is read too early.
  version = azurerm_key_vault_secret.password.version
}

resource "azurerm_postgresql_flexible_server" "this" {
  name                = local.name
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags

  version           = var.postgresql_version
  sku_name          = coalesce(var.sku_name, local.sizes[var.tier])
  storage_mb        = var.storage_gb * 1024
  auto_grow_enabled = true

  delegated_subnet_id           = var.delegated_subnet_id
  private_dns_zone_id           = var.private_dns_zone_id
  public_network_access_enabled = false

  administrator_login               = var.administrator_login
  administrator_password_wo         = ephemeral.azurerm_key_vault_secret.password.value
  administrator_password_wo_version = var.password_version

  # Besides the password, the identity of the apps can log in without one.
  authentication {
    password_auth_enabled         = true
    active_directory_auth_enabled = true
    tenant_id                     = data.azurerm_client_config.current.tenant_id
  }

  backup_retention_days        = coalesce(var.backup_retention_days, local.retention_days[var.tier])
  geo_redundant_backup_enabled = local.geo_redundant_backup

  dynamic "high_availability" {
    for_each = local.high_availability ? ["ZoneRedundant"] : []

    content {
      mode = high_availability.value
    }
  }

  lifecycle {
    # Storage that has grown would be made small again, and where backups are kept
    # is decided once: either would make a new server, without the data. And after
    # a failover the zones are swapped.
    ignore_changes = [storage_mb, geo_redundant_backup_enabled, zone, high_availability[0].standby_availability_zone]
  }
}

check "decided_once" {
  assert {
    condition     = azurerm_postgresql_flexible_server.this.geo_redundant_backup_enabled == local.geo_redundant_backup
    error_message = "Whether backups are kept in a second region was decided when the server was made, and stays so: only a new server, without the data, can have it otherwise."
  }
}

resource "azurerm_postgresql_flexible_server_database" "this" {
  name      = var.database
  server_id = azurerm_postgresql_flexible_server.this.id
  charset   = "UTF8"
  collation = "en_US.utf8"
}

resource "azurerm_postgresql_flexible_server_active_directory_administrator" "this" {
  server_name         = azurerm_postgresql_flexible_server.this.name
  resource_group_name = var.resource_group_name
  tenant_id           = data.azurerm_client_config.current.tenant_id
  object_id           = var.identity.principal_id
  principal_name      = var.identity.name
  principal_type      = "ServicePrincipal"

  # The server does one thing at a time.
  depends_on = [azurerm_postgresql_flexible_server_database.this]
}

# These are what Azure sets by itself; written down, they stay so.
resource "azurerm_postgresql_flexible_server_configuration" "require_tls" {
  name      = "require_secure_transport"
  server_id = azurerm_postgresql_flexible_server.this.id
  value     = "on"

  depends_on = [azurerm_postgresql_flexible_server_active_directory_administrator.this]
}

resource "azurerm_postgresql_flexible_server_configuration" "minimum_tls" {
  name      = "ssl_min_protocol_version"
  server_id = azurerm_postgresql_flexible_server.this.id
  value     = "TLSv1.2"

  depends_on = [azurerm_postgresql_flexible_server_configuration.require_tls]
}

resource "azurerm_key_vault_secret" "url" {
  name         = "postgresql-url"
  key_vault_id = var.key_vault_id
  content_type = "address with password"
  tags         = var.tags

  value_wo         = "postgresql://${var.administrator_login}:${ephemeral.azurerm_key_vault_secret.password.value}@${local.host}:${local.port}/${var.database}${local.query}"
  value_wo_version = local.address_version
}

resource "azurerm_key_vault_secret" "connection_string" {
  name         = "postgresql-connection-string"
  key_vault_id = var.key_vault_id
  content_type = "ADO.NET connection string with password"
  tags         = var.tags

  value_wo         = "Host=${local.host};Port=${local.port};Database=${var.database};Username=${var.administrator_login};Password=${ephemeral.azurerm_key_vault_secret.password.value};SSL Mode=Require"
  value_wo_version = local.address_version
}

resource "azurerm_monitor_diagnostic_setting" "this" {
  name                       = "logs"
  target_resource_id         = azurerm_postgresql_flexible_server.this.id
  log_analytics_workspace_id = var.log_workspace_id

  enabled_log {
    category = "PostgreSQLLogs"
  }
}

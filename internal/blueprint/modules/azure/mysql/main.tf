# A MySQL server with one database, inside the virtual network.

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

locals {
  # At most 63 lower-case letters, digits and hyphens, unique in Azure.
  name = "mysql-${trim(substr(var.name, 0, 50), "-")}-${var.suffix}"

  # Two processors each, but for burstable, which has one that is shared.
  sizes = {
    burstable        = "B_Standard_B1ms"
    general-purpose  = "GP_Standard_D2ads_v5"
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

  host = azurerm_mysql_flexible_server.this.fqdn
  port = 3306

  query = var.url_query == "" ? "" : "?${var.url_query}"

  # Another address makes another secret, another password too.
  address_version = parseint(substr(sha256(jsonencode([
    var.password_version, local.host, var.database, var.administrator_login, var.url_query,
  ])), 0, 7), 16) + 1

  # TLS is what Azure sets by itself; written down, it stays so.
  configuration = {
    require_secure_transport = "ON"
    tls_version              = "TLSv1.2,TLSv1.3"
    slow_query_log           = "ON"
  }
}

resource "azurerm_key_vault_secret" "password" {
  name         = "mysql-password"
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

resource "azurerm_mysql_flexible_server" "this" {
  name                = local.name
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags

  version  = var.mysql_version
  sku_name = coalesce(var.sku_name, local.sizes[var.tier])

  # With these two the server has no public address.
  delegated_subnet_id = var.delegated_subnet_id
  private_dns_zone_id = var.private_dns_zone_id

  administrator_login               = var.administrator_login
  administrator_password_wo         = ephemeral.azurerm_key_vault_secret.password.value
  administrator_password_wo_version = var.password_version

  backup_retention_days        = coalesce(var.backup_retention_days, local.retention_days[var.tier])
  geo_redundant_backup_enabled = local.geo_redundant_backup

  storage {
    size_gb            = var.storage_gb
    auto_grow_enabled  = true
    io_scaling_enabled = true
  }

  dynamic "high_availability" {
    for_each = local.high_availability ? ["ZoneRedundant"] : []

    content {
      mode = high_availability.value
    }
  }

  lifecycle {
    # Storage that has grown would be made small again, and where backups are kept
    # is decided once: either would make a new server, without the data. Azure adds
    # no standby later, and after a failover the zones are swapped.
    ignore_changes = [storage[0].size_gb, geo_redundant_backup_enabled, high_availability, zone]
  }
}

check "decided_once" {
  assert {
    condition     = azurerm_mysql_flexible_server.this.geo_redundant_backup_enabled == local.geo_redundant_backup
    error_message = "Whether backups are kept in a second region was decided when the server was made, and stays so: only a new server, without the data, can have it otherwise."
  }

  assert {
    condition     = (length(azurerm_mysql_flexible_server.this.high_availability) > 0) == local.high_availability
    error_message = "Whether there is a standby was decided when the server was made, and stays so: only a new server, without the data, can have it otherwise."
  }
}

resource "azurerm_mysql_flexible_database" "this" {
  name                = var.database
  resource_group_name = var.resource_group_name
  server_name         = azurerm_mysql_flexible_server.this.name
  charset             = "utf8mb4"
  collation           = "utf8mb4_0900_ai_ci"
}

resource "azurerm_mysql_flexible_server_configuration" "this" {
  for_each = local.configuration

  name                = each.key
  resource_group_name = var.resource_group_name
  server_name         = azurerm_mysql_flexible_server.this.name
  value               = each.value

  # The server does one thing at a time.
  depends_on = [azurerm_mysql_flexible_database.this]
}

resource "azurerm_key_vault_secret" "url" {
  name         = "mysql-url"
  key_vault_id = var.key_vault_id
  content_type = "address with password"
  tags         = var.tags

  value_wo         = "mysql://${var.administrator_login}:${ephemeral.azurerm_key_vault_secret.password.value}@${local.host}:${local.port}/${var.database}${local.query}"
  value_wo_version = local.address_version
}

resource "azurerm_key_vault_secret" "connection_string" {
  name         = "mysql-connection-string"
  key_vault_id = var.key_vault_id
  content_type = "ADO.NET connection string with password"
  tags         = var.tags

  value_wo         = "Server=${local.host};Port=${local.port};Database=${var.database};User ID=${var.administrator_login};Password=${ephemeral.azurerm_key_vault_secret.password.value};SslMode=Required"
  value_wo_version = local.address_version
}

resource "azurerm_monitor_diagnostic_setting" "this" {
  name                       = "logs"
  target_resource_id         = azurerm_mysql_flexible_server.this.id
  log_analytics_workspace_id = var.log_workspace_id

  enabled_log {
    category = "MySqlSlowLogs"
  }
}

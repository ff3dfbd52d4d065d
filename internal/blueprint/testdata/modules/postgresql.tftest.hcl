variables {
  name                = "shop-alice"
  suffix              = "3fa92c"
  resource_group_name = "rg-shop-alice"
  location            = "westeurope"
  tags                = { project = "shop", environment = "alice" }
  delegated_subnet_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.Network/virtualNetworks/vnet-shop-alice/subnets/snet-db"
  key_vault_id        = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.KeyVault/vaults/kv-shop-alice-3fa92c"
  log_workspace_id    = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.OperationalInsights/workspaces/log-shop-alice"
  private_dns_zone_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.Network/privateDnsZones/shop.private.postgres.database.azure.com"
  identity = {
    id           = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-shop-alice"
    name         = "id-shop-alice"
    client_id    = "33333333-3333-3333-3333-333333333333"
    principal_id = "44444444-4444-4444-4444-444444444444"
  }
}

run "general_purpose" {
  command = plan

  variables {
    tier   = "general-purpose"
    name   = "a-project-with-a-long-name-that-goes-on-env-of-alice-smithson"
    suffix = "b81d07"
  }

  assert {
    condition     = azurerm_postgresql_flexible_server.this.sku_name == "GP_Standard_D2ds_v5" && azurerm_postgresql_flexible_server.this.high_availability[0].mode == "ZoneRedundant" && azurerm_postgresql_flexible_server.this.geo_redundant_backup_enabled == true && azurerm_postgresql_flexible_server.this.backup_retention_days == 14
    error_message = "general-purpose: a second server in another zone, backups of two weeks in two regions."
  }

  assert {
    condition     = azurerm_postgresql_flexible_server.this.name == "psql-a-project-with-a-long-name-that-goes-on-env-of-alic-b81d07" && length(azurerm_postgresql_flexible_server.this.name) <= 63
    error_message = "A long name is cut and ends in the suffix."
  }
}

run "memory_optimized" {
  command = plan

  variables {
    tier                 = "memory-optimized"
    high_availability    = false
    geo_redundant_backup = false
  }

  assert {
    condition     = azurerm_postgresql_flexible_server.this.sku_name == "MO_Standard_E2ds_v5" && length(azurerm_postgresql_flexible_server.this.high_availability) == 0 && azurerm_postgresql_flexible_server.this.geo_redundant_backup_enabled == false && azurerm_postgresql_flexible_server.this.backup_retention_days == 35
    error_message = "memory-optimized: a month of backups; the rest can be chosen."
  }
}

run "burstable" {

  assert {
    condition     = azurerm_postgresql_flexible_server.this.name == "psql-shop-alice-3fa92c"
    error_message = "The name ends in the suffix."
  }

  assert {
    condition     = azurerm_postgresql_flexible_server.this.tags["project"] == "shop" && azurerm_postgresql_flexible_server.this.tags["environment"] == "alice" && azurerm_key_vault_secret.password.tags["project"] == "shop" && azurerm_key_vault_secret.password.tags["environment"] == "alice" && azurerm_key_vault_secret.url.tags["project"] == "shop" && azurerm_key_vault_secret.url.tags["environment"] == "alice" && azurerm_key_vault_secret.connection_string.tags["project"] == "shop" && azurerm_key_vault_secret.connection_string.tags["environment"] == "alice"
    error_message = "Every resource that can carry tags has them."
  }

  assert {
    condition     = azurerm_postgresql_flexible_server.this.sku_name == "B_Standard_B1ms" && length(azurerm_postgresql_flexible_server.this.high_availability) == 0 && azurerm_postgresql_flexible_server.this.geo_redundant_backup_enabled == false && azurerm_postgresql_flexible_server.this.backup_retention_days == 7
    error_message = "burstable: no second server, backups of a week in the region."
  }

  assert {
    condition     = azurerm_postgresql_flexible_server.this.delegated_subnet_id == var.delegated_subnet_id && azurerm_postgresql_flexible_server.this.private_dns_zone_id == var.private_dns_zone_id
    error_message = "The server is in the virtual network."
  }

  assert {
    condition     = azurerm_postgresql_flexible_server.this.administrator_password == null && azurerm_key_vault_secret.password.value == null && azurerm_key_vault_secret.url.value == null && azurerm_key_vault_secret.connection_string.value == null
    error_message = "No password is in the plan or the state."
  }

  assert {
    condition     = azurerm_postgresql_flexible_server.this.administrator_password_wo == null && azurerm_key_vault_secret.password.value_wo == null && azurerm_key_vault_secret.url.value_wo == null
    error_message = "Nor in what is write-only."
  }

  assert {
    condition     = azurerm_postgresql_flexible_server.this.administrator_password_wo_version == 1 && azurerm_key_vault_secret.password.value_wo_version == 1
    error_message = "The server and the vault have the same version."
  }

  assert {
    condition     = length(distinct([azurerm_key_vault_secret.password.name, azurerm_key_vault_secret.url.name, azurerm_key_vault_secret.connection_string.name])) == 3
    error_message = "The secrets have names of their own."
  }

  assert {
    condition     = output.host == "psql-shop-alice-3fa92c.postgres.database.azure.com" && output.database == "app" && output.username == "appadmin" && output.port == 5432
    error_message = "The address is an output."
  }

  assert {
    condition     = startswith(output.password_secret_id, "https://") && startswith(output.url_secret_id, "https://") && startswith(output.connection_string_secret_id, "https://")
    error_message = "So are the ids of the secrets."
  }

  assert {
    condition     = azurerm_monitor_diagnostic_setting.this.log_analytics_workspace_id == var.log_workspace_id
    error_message = "Logs are on."
  }

  assert {
    condition     = azurerm_postgresql_flexible_server.this.public_network_access_enabled == false
    error_message = "It has no public address."
  }

  assert {
    condition     = azurerm_postgresql_flexible_server.this.authentication[0].active_directory_auth_enabled == true && azurerm_postgresql_flexible_server_active_directory_administrator.this.object_id == var.identity.principal_id && azurerm_postgresql_flexible_server_active_directory_administrator.this.principal_type == "ServicePrincipal"
    error_message = "The identity can log in without a password."
  }

  assert {
    condition     = azurerm_postgresql_flexible_server_configuration.require_tls.value == "on" && azurerm_postgresql_flexible_server_configuration.minimum_tls.value == "TLSv1.2"
    error_message = "TLS 1.2 at least, always."
  }

  assert {
    condition     = azurerm_postgresql_flexible_server.this.version == "18" && azurerm_postgresql_flexible_server.this.storage_mb == 32768
    error_message = "The newest version, 32 GiB."
  }
}

run "password_changed" {

  variables {
    password_version = 2
  }

  assert {
    condition     = azurerm_postgresql_flexible_server.this.administrator_password_wo_version == 2 && azurerm_key_vault_secret.password.value_wo_version == 2
    error_message = "A new version reaches the server and the vault."
  }

  assert {
    condition     = azurerm_key_vault_secret.url.value_wo_version == azurerm_key_vault_secret.connection_string.value_wo_version && azurerm_key_vault_secret.url.value_wo_version > 2
    error_message = "And the secrets that are made of it."
  }
}

run "refuses_what_burstable_cannot" {
  command = plan

  variables {
    high_availability = true
  }

  expect_failures = [var.high_availability]
}

run "what_is_decided_once_stays" {
  command = plan

  variables {
    tier       = "general-purpose"
    storage_gb = 64
  }

  expect_failures = [check.decided_once]

  assert {
    condition     = azurerm_postgresql_flexible_server.this.sku_name == "GP_Standard_D2ds_v5" && azurerm_postgresql_flexible_server.this.high_availability[0].mode == "ZoneRedundant" && azurerm_postgresql_flexible_server.this.backup_retention_days == 14
    error_message = "A server becomes another size, with a standby."
  }

  assert {
    condition     = azurerm_postgresql_flexible_server.this.geo_redundant_backup_enabled == false && azurerm_postgresql_flexible_server.this.storage_mb == 32768
    error_message = "What would make a new server, without the data, stays as it is."
  }
}

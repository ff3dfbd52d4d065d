variables {
  name                = "shop-alice"
  suffix              = "3fa92c"
  resource_group_name = "rg-shop-alice"
  location            = "westeurope"
  tags                = { project = "shop", environment = "alice" }
  log_workspace_id    = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.OperationalInsights/workspaces/log-shop-alice"
  identity = {
    id           = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-shop-alice"
    name         = "id-shop-alice"
    client_id    = "33333333-3333-3333-3333-333333333333"
    principal_id = "44444444-4444-4444-4444-444444444444"
  }
}

run "serverless" {

  variables {
    allowed_subnet_ids = ["/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.Network/virtualNetworks/vnet-shop-alice/subnets/snet-web-app"]
  }

  assert {
    condition     = azurerm_mssql_server.this.name == "sql-shop-alice-3fa92c"
    error_message = "The name ends in the suffix."
  }

  assert {
    condition     = azurerm_mssql_server.this.tags["project"] == "shop" && azurerm_mssql_server.this.tags["environment"] == "alice" && azurerm_mssql_database.this.tags["project"] == "shop" && azurerm_mssql_database.this.tags["environment"] == "alice"
    error_message = "Every resource that can carry tags has them."
  }

  assert {
    condition     = azurerm_mssql_server.this.minimum_tls_version == "1.2"
    error_message = "TLS 1.2 at least."
  }

  assert {
    condition     = azurerm_mssql_server.this.azuread_administrator[0].azuread_authentication_only == true && azurerm_mssql_server.this.azuread_administrator[0].object_id == var.identity.principal_id
    error_message = "Only the identity logs in; there is no password."
  }

  assert {
    condition     = azurerm_mssql_server.this.administrator_login_password == null
    error_message = "There is no password."
  }

  assert {
    condition     = length(azurerm_mssql_virtual_network_rule.this) == 1 && azurerm_mssql_virtual_network_rule.this["0"].subnet_id == var.allowed_subnet_ids[0]
    error_message = "Only the subnet is admitted."
  }

  assert {
    condition     = azurerm_mssql_database.this.sku_name == "GP_S_Gen5_1" && azurerm_mssql_database.this.auto_pause_delay_in_minutes == 60 && azurerm_mssql_database.this.zone_redundant == false && azurerm_mssql_database.this.storage_account_type == "Local"
    error_message = "serverless: pauses when unused."
  }

  assert {
    condition     = output.host == "sql-shop-alice-3fa92c.database.windows.net" && output.client_id == var.identity.client_id && output.port == 1433
    error_message = "The address is an output."
  }

  assert {
    condition     = azurerm_monitor_diagnostic_setting.this.log_analytics_workspace_id == var.log_workspace_id
    error_message = "Logs are on."
  }
}

run "private_business_critical" {
  command = plan

  variables {
    private_endpoint = {
      subnet_id   = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.Network/virtualNetworks/vnet-shop-alice/subnets/snet-endpoints"
      dns_zone_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.Network/privateDnsZones/privatelink.database.windows.net"
    }
    tier               = "business-critical"
    allowed_subnet_ids = ["/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.Network/virtualNetworks/vnet-shop-alice/subnets/snet-web-app"]
  }

  assert {
    condition     = azurerm_mssql_server.this.public_network_access_enabled == false && length(azurerm_mssql_virtual_network_rule.this) == 0 && azurerm_private_endpoint.this[0].private_service_connection[0].subresource_names[0] == "sqlServer"
    error_message = "The private endpoint is the only way in."
  }

  assert {
    condition     = azurerm_mssql_database.this.sku_name == "BC_Gen5_2" && azurerm_mssql_database.this.zone_redundant == true && azurerm_mssql_database.this.storage_account_type == "Geo" && azurerm_mssql_database.this.short_term_retention_policy[0].retention_days == 35
    error_message = "business-critical: several zones, backups of a month in two regions."
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
    condition     = azurerm_mssql_database.this.sku_name == "GP_Gen5_2" && azurerm_mssql_database.this.max_size_gb == 32 && azurerm_mssql_database.this.zone_redundant == true && azurerm_mssql_database.this.storage_account_type == "Geo" && azurerm_mssql_database.this.short_term_retention_policy[0].retention_days == 14
    error_message = "general-purpose: several zones, backups of two weeks in two regions."
  }

  assert {
    condition     = azurerm_mssql_server.this.name == "sql-a-project-with-a-long-name-that-goes-on-env-of-alice-b81d07" && length(azurerm_mssql_server.this.name) <= 63
    error_message = "A long name is cut and ends in the suffix."
  }
}

run "standard" {
  command = plan

  variables {
    tier = "standard"
  }

  assert {
    condition     = azurerm_mssql_database.this.sku_name == "S0" && azurerm_mssql_database.this.max_size_gb == 250 && azurerm_mssql_database.this.zone_redundant == false && azurerm_mssql_database.this.short_term_retention_policy[0].retention_days == 7
    error_message = "standard: always there."
  }
}

run "refuses_sizes_that_standard_has_not" {
  command = plan

  variables {
    tier        = "standard"
    max_size_gb = 32
  }

  expect_failures = [var.max_size_gb]
}

run "refuses_zones_for_standard" {
  command = plan

  variables {
    tier           = "standard"
    zone_redundant = true
  }

  expect_failures = [var.zone_redundant]
}

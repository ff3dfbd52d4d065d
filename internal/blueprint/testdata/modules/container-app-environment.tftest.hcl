variables {
  name                = "shop-alice"
  suffix              = "3fa92c"
  resource_group_name = "rg-shop-alice"
  location            = "westeurope"
  tags                = { project = "shop", environment = "alice" }
  log_workspace_id    = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.OperationalInsights/workspaces/log-shop-alice"
}

run "made" {

  assert {
    condition     = azurerm_container_app_environment.this.name == "cae-shop-alice"
    error_message = "The name is that of the environment."
  }

  assert {
    condition     = azurerm_container_app_environment.this.tags["project"] == "shop" && azurerm_container_app_environment.this.tags["environment"] == "alice"
    error_message = "Every resource that can carry tags has them."
  }

  assert {
    condition     = azurerm_container_app_environment.this.logs_destination == "azure-monitor" && azurerm_monitor_diagnostic_setting.this.log_analytics_workspace_id == var.log_workspace_id
    error_message = "Logs are on, without a key."
  }

  assert {
    condition     = one(azurerm_container_app_environment.this.workload_profile).workload_profile_type == "Consumption"
    error_message = "Paid for by use."
  }

  assert {
    condition     = output.default_domain == "kind-sky-1234.westeurope.azurecontainerapps.io"
    error_message = "The domain is an output."
  }
}

run "in_a_network" {
  command = plan

  variables {
    name           = "a-project-with-a-long-name-that-goes-on-env-of-alice-smithson"
    suffix         = "b81d07"
    subnet_id      = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.Network/virtualNetworks/vnet-shop-alice/subnets/snet-web-app"
    zone_redundant = true
  }

  assert {
    condition     = azurerm_container_app_environment.this.infrastructure_subnet_id == var.subnet_id && azurerm_container_app_environment.this.zone_redundancy_enabled == true
    error_message = "In the network, in several zones."
  }

  assert {
    condition     = azurerm_container_app_environment.this.name == "cae-a-project-with-a-long-name-that-goes-on-env-of-al-b81d07" && length(azurerm_container_app_environment.this.name) <= 60
    error_message = "A long name is cut and ends in the suffix."
  }
}

run "refuses_zones_without_a_network" {
  command = plan

  variables {
    zone_redundant = true
  }

  expect_failures = [var.zone_redundant]
}

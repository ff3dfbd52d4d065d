variables {
  name                = "shop-alice"
  suffix              = "3fa92c"
  resource_group_name = "rg-shop-alice"
  location            = "westeurope"
  tags                = { project = "shop", environment = "alice" }
  log_workspace_id    = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.OperationalInsights/workspaces/log-shop-alice"
}

run "public" {

  variables {
    pull_principal_ids = { apps = "44444444-4444-4444-4444-444444444444" }
  }

  assert {
    condition     = azurerm_container_registry.this.name == "crshopalice3fa92c"
    error_message = "The name has letters and digits only, and the suffix."
  }

  assert {
    condition     = azurerm_container_registry.this.tags["project"] == "shop" && azurerm_container_registry.this.tags["environment"] == "alice"
    error_message = "Every resource that can carry tags has them."
  }

  assert {
    condition     = azurerm_container_registry.this.sku == "Basic" && azurerm_container_registry.this.admin_enabled == false && azurerm_container_registry.this.anonymous_pull_enabled == false
    error_message = "There is no admin user, and nobody pulls without a login."
  }

  assert {
    condition     = azurerm_role_assignment.pull["apps"].role_definition_name == "AcrPull" && azurerm_role_assignment.pull["apps"].principal_type == "ServicePrincipal"
    error_message = "The identity may pull."
  }

  assert {
    condition     = output.login_server == "crshopalice3fa92c.azurecr.io"
    error_message = "The host name is an output."
  }

  assert {
    condition     = azurerm_monitor_diagnostic_setting.this.log_analytics_workspace_id == var.log_workspace_id
    error_message = "Logs are on."
  }
}

run "private" {
  command = plan

  variables {
    private_endpoint = {
      subnet_id   = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.Network/virtualNetworks/vnet-shop-alice/subnets/snet-endpoints"
      dns_zone_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.Network/privateDnsZones/privatelink.azurecr.io"
    }
  }

  assert {
    condition     = azurerm_container_registry.this.sku == "Premium" && azurerm_container_registry.this.public_network_access_enabled == false
    error_message = "A private registry is closed."
  }

  assert {
    condition     = azurerm_container_registry.this.network_rule_set[0].default_action == "Deny" && azurerm_container_registry.this.network_rule_bypass_option == "None"
    error_message = "And denies by default."
  }

  assert {
    condition     = azurerm_private_endpoint.this[0].name == "pep-crshopalice3fa92c" && azurerm_private_endpoint.this[0].private_dns_zone_group[0].private_dns_zone_ids[0] == var.private_endpoint.dns_zone_id
    error_message = "It has a private endpoint with its name in DNS."
  }

  assert {
    condition     = azurerm_private_endpoint.this[0].tags["project"] == "shop" && azurerm_private_endpoint.this[0].tags["environment"] == "alice"
    error_message = "Every resource that can carry tags has them."
  }
}

run "private_with_a_deployer" {
  command = plan

  variables {
    private_endpoint = {
      subnet_id   = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.Network/virtualNetworks/vnet-shop-alice/subnets/snet-endpoints"
      dns_zone_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.Network/privateDnsZones/privatelink.azurecr.io"
    }
    deployer_ip_addresses = ["203.0.113.7"]
  }

  assert {
    condition     = azurerm_container_registry.this.public_network_access_enabled == true && azurerm_container_registry.this.network_rule_set[0].default_action == "Deny" && length(azurerm_container_registry.this.network_rule_set[0].ip_rule) == 1
    error_message = "Only the deployer is let in from outside."
  }
}

run "long_name" {
  command = plan

  variables {
    name   = "a-project-with-a-long-name-that-goes-on-env-of-alice-smithson"
    suffix = "b81d07"
  }

  assert {
    condition     = can(regex("^[a-z0-9]{5,50}$", azurerm_container_registry.this.name)) && endswith(azurerm_container_registry.this.name, "b81d07")
    error_message = "A long name is cut and ends in the suffix."
  }
}

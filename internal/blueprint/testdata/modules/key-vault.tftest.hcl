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
    allowed_subnet_ids    = ["/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.Network/virtualNetworks/vnet-shop-alice/subnets/snet-web-app"]
    deployer_ip_addresses = ["203.0.113.7"]
    reader_principal_ids  = { apps = "44444444-4444-4444-4444-444444444444" }
  }

  assert {
    condition     = azurerm_key_vault.this.name == "kv-shop-alice-3fa92c"
    error_message = "The name ends in the suffix."
  }

  assert {
    condition     = azurerm_key_vault.this.tags["project"] == "shop" && azurerm_key_vault.this.tags["environment"] == "alice"
    error_message = "Every resource that can carry tags has them."
  }

  assert {
    condition     = azurerm_key_vault.this.network_acls[0].default_action == "Deny" && azurerm_key_vault.this.network_acls[0].bypass == "None"
    error_message = "Nobody is admitted by default, not even Azure."
  }

  assert {
    condition     = length(azurerm_key_vault.this.network_acls[0].virtual_network_subnet_ids) == 1 && length(azurerm_key_vault.this.network_acls[0].ip_rules) == 1
    error_message = "The subnet and the deployer are."
  }

  assert {
    condition     = azurerm_key_vault.this.rbac_authorization_enabled == true && azurerm_key_vault.this.sku_name == "standard" && azurerm_key_vault.this.purge_protection_enabled == false
    error_message = "Roles decide, and a deleted vault can be purged."
  }

  assert {
    condition     = azurerm_role_assignment.deployer.role_definition_name == "Key Vault Secrets Officer" && azurerm_role_assignment.deployer.principal_id == "22222222-2222-2222-2222-222222222222"
    error_message = "Whoever makes the vault may write secrets."
  }

  assert {
    condition     = length(azurerm_role_assignment.further_deployer) == 0
    error_message = "Nobody else may."
  }

  assert {
    condition     = azurerm_role_assignment.reader["apps"].role_definition_name == "Key Vault Secrets User"
    error_message = "The identity may read them."
  }

  assert {
    condition     = output.id == azurerm_key_vault.this.id && output.uri == "https://kv-shop-alice-3fa92c.vault.azure.net/"
    error_message = "Outputs are those of the vault."
  }

  assert {
    condition     = azurerm_monitor_diagnostic_setting.this.log_analytics_workspace_id == var.log_workspace_id
    error_message = "Every access is logged."
  }
}

# The workflow made the vault; a person applies to it from a laptop.
run "another_deployer" {

  variables {
    allowed_subnet_ids    = ["/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.Network/virtualNetworks/vnet-shop-alice/subnets/snet-web-app"]
    deployer_ip_addresses = ["203.0.113.7"]
    reader_principal_ids  = { apps = "44444444-4444-4444-4444-444444444444" }
    deployer_principal_ids = {
      workflow = "22222222-2222-2222-2222-222222222222"
      alice    = "88888888-8888-8888-8888-888888888888"
    }
  }

  override_data {
    target = data.azurerm_client_config.current
    values = {
      tenant_id       = "11111111-1111-1111-1111-111111111111"
      object_id       = "88888888-8888-8888-8888-888888888888"
      client_id       = "77777777-7777-7777-7777-777777777777"
      subscription_id = "00000000-0000-0000-0000-000000000000"
    }
  }

  assert {
    condition     = azurerm_role_assignment.deployer.principal_id == "22222222-2222-2222-2222-222222222222"
    error_message = "The workflow keeps its role."
  }

  assert {
    condition     = keys(azurerm_role_assignment.further_deployer) == ["alice"] && azurerm_role_assignment.further_deployer["alice"].principal_id == "88888888-8888-8888-8888-888888888888" && azurerm_role_assignment.further_deployer["alice"].role_definition_name == "Key Vault Secrets Officer"
    error_message = "The person has one as well, and nobody has it twice."
  }
}

run "a_planner" {
  command = plan

  variables {
    deployer_ip_addresses = ["203.0.113.7"]
    planner_ip_addresses  = ["198.51.100.7"]
  }

  assert {
    condition     = toset(azurerm_key_vault.this.network_acls[0].ip_rules) == toset(["203.0.113.7", "198.51.100.7"])
    error_message = "Who plans is let in besides who deploys."
  }
}

run "private" {
  command = plan

  variables {
    private_endpoint = {
      subnet_id   = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.Network/virtualNetworks/vnet-shop-alice/subnets/snet-endpoints"
      dns_zone_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.Network/privateDnsZones/privatelink.vaultcore.azure.net"
    }
    tier               = "premium"
    allowed_subnet_ids = ["/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.Network/virtualNetworks/vnet-shop-alice/subnets/snet-web-app"]
  }

  assert {
    condition     = azurerm_key_vault.this.sku_name == "premium" && azurerm_key_vault.this.network_acls[0].default_action == "Deny" && length(coalesce(azurerm_key_vault.this.network_acls[0].virtual_network_subnet_ids, [])) == 0
    error_message = "With a private endpoint no subnet is let in at the public one."
  }

  assert {
    condition     = azurerm_private_endpoint.this[0].private_service_connection[0].subresource_names[0] == "vault"
    error_message = "It has a private endpoint."
  }
}

run "waits_until_roles_work" {
  command = plan

  assert {
    condition     = length(terraform_data.roles_work) == 1
    error_message = "Something waits."
  }
}

run "waits_for_nothing" {
  command = plan

  variables {
    role_wait_seconds = 0
  }

  assert {
    condition     = length(terraform_data.roles_work) == 0
    error_message = "No command is run."
  }
}

run "long_name" {
  command = plan

  variables {
    name   = "a-project-with-a-long-name-that-goes-on-env-of-alice-smithson"
    suffix = "b81d07"
  }

  assert {
    condition     = azurerm_key_vault.this.name == "kv-a-project-with-b81d07" && length(azurerm_key_vault.this.name) <= 24
    error_message = "A long name is cut and ends in the suffix."
  }
}

run "double_hyphen" {
  command = plan

  variables {
    name = "a--b-----c"
  }

  assert {
    condition     = azurerm_key_vault.this.name == "kv-a-b-c-3fa92c"
    error_message = "Vaults allow no double hyphens."
  }
}

run "refuses_an_unknown_tier" {
  command = plan

  variables {
    tier = "free"
  }

  expect_failures = [var.tier]
}

variables {
  name                = "shop-alice"
  suffix              = "3fa92c"
  resource_group_name = "rg-shop-alice"
  location            = "westeurope"
  tags                = { project = "shop", environment = "alice" }
  log_workspace_id    = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.OperationalInsights/workspaces/log-shop-alice"
}

run "private" {
  command = plan

  variables {
    private_endpoint = {
      subnet_id   = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.Network/virtualNetworks/vnet-shop-alice/subnets/snet-endpoints"
      dns_zone_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.Network/privateDnsZones/privatelink.blob.core.windows.net"
    }
    tier = "geo-redundant"
  }

  assert {
    condition     = azurerm_storage_account.this.account_replication_type == "GZRS" && azurerm_storage_account.this.blob_properties[0].delete_retention_policy[0].days == 30 && azurerm_storage_account.this.blob_properties[0].versioning_enabled == true
    error_message = "geo-redundant: zones and a second region, a month."
  }

  assert {
    condition     = azurerm_storage_account.this.public_network_access_enabled == false && azurerm_private_endpoint.this[0].private_service_connection[0].subresource_names[0] == "blob"
    error_message = "The private endpoint is the only way in."
  }
}

run "zones" {
  command = plan

  variables {
    tier = "zone-redundant"
  }

  assert {
    condition     = azurerm_storage_account.this.account_replication_type == "ZRS"
    error_message = "zone-redundant: three zones."
  }
}

run "other_replication" {
  command = plan

  variables {
    tier        = "geo-redundant"
    replication = "GRS"
    name        = "a-project-with-a-long-name-that-goes-on-env-of-alice-smithson"
    suffix      = "b81d07"
  }

  assert {
    condition     = azurerm_storage_account.this.account_replication_type == "GRS"
    error_message = "The replication can be chosen."
  }

  assert {
    condition     = can(regex("^[a-z0-9]{3,24}$", azurerm_storage_account.this.name)) && endswith(azurerm_storage_account.this.name, "b81d07")
    error_message = "A long name is cut and ends in the suffix."
  }
}

run "public" {

  variables {
    allowed_subnet_ids   = ["/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.Network/virtualNetworks/vnet-shop-alice/subnets/snet-web-app"]
    writer_principal_ids = { apps = "44444444-4444-4444-4444-444444444444" }
  }

  assert {
    condition     = azurerm_storage_account.this.name == "stshopalice3fa92c"
    error_message = "The name has letters and digits only, and the suffix."
  }

  assert {
    condition     = azurerm_storage_account.this.tags["project"] == "shop" && azurerm_storage_account.this.tags["environment"] == "alice"
    error_message = "Every resource that can carry tags has them."
  }

  assert {
    condition     = azurerm_storage_account.this.min_tls_version == "TLS1_2" && azurerm_storage_account.this.https_traffic_only_enabled == true
    error_message = "TLS 1.2 at least."
  }

  assert {
    condition     = azurerm_storage_account.this.shared_access_key_enabled == false && azurerm_storage_account.this.local_user_enabled == false
    error_message = "There are no keys and no local users."
  }

  assert {
    condition     = azurerm_storage_account.this.allow_nested_items_to_be_public == false && azurerm_storage_container.this.container_access_type == "private"
    error_message = "No file is public."
  }

  assert {
    condition     = azurerm_storage_account.this.network_rules[0].default_action == "Deny" && length(azurerm_storage_account.this.network_rules[0].virtual_network_subnet_ids) == 1 && contains(azurerm_storage_account.this.network_rules[0].bypass, "None")
    error_message = "Only the subnet is admitted."
  }

  assert {
    condition     = azurerm_storage_account.this.account_replication_type == "LRS" && azurerm_storage_account.this.blob_properties[0].delete_retention_policy[0].days == 7
    error_message = "standard: one data center, a week."
  }

  assert {
    condition     = azurerm_role_assignment.writer["apps"].role_definition_name == "Storage Blob Data Contributor"
    error_message = "The identity may read and write."
  }

  assert {
    condition     = output.endpoint == "https://stshopalice3fa92c.blob.core.windows.net/" && output.container == "app"
    error_message = "The address is an output."
  }

  assert {
    condition     = azurerm_monitor_diagnostic_setting.this.log_analytics_workspace_id == var.log_workspace_id
    error_message = "Logs are on."
  }
}

run "refuses_an_unknown_replication" {
  command = plan

  variables {
    replication = "XRS"
  }

  expect_failures = [var.replication]
}

run "what_is_decided_once_stays" {
  command = plan

  variables {
    tier = "zone-redundant"
  }

  expect_failures = [check.decided_once]

  assert {
    condition     = azurerm_storage_account.this.account_replication_type == "LRS" && azurerm_storage_account.this.blob_properties[0].delete_retention_policy[0].days == 30
    error_message = "What would make a new account, without the files, stays as it is."
  }
}

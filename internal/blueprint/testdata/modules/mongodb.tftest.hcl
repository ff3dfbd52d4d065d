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
  private_endpoint = {
    subnet_id   = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.Network/virtualNetworks/vnet-shop-alice/subnets/snet-endpoints"
    dns_zone_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.Network/privateDnsZones/privatelink.mongocluster.cosmos.azure.com"
  }
}

run "basic" {

  assert {
    condition     = azurerm_mongo_cluster.this.name == "cosmon-shop-alice-3fa92c"
    error_message = "The name ends in the suffix."
  }

  assert {
    condition     = azurerm_mongo_cluster.this.tags["project"] == "shop" && azurerm_mongo_cluster.this.tags["environment"] == "alice" && azurerm_private_endpoint.this.tags["project"] == "shop" && azurerm_private_endpoint.this.tags["environment"] == "alice"
    error_message = "Every resource that can carry tags has them."
  }

  assert {
    condition     = azurerm_mongo_cluster.this.public_network_access == "Disabled" && azurerm_private_endpoint.this.private_service_connection[0].subresource_names[0] == "MongoCluster"
    error_message = "The private endpoint is the only way in."
  }

  assert {
    condition     = tolist(azurerm_mongo_cluster.this.authentication_methods) == tolist(["MicrosoftEntraID"]) && azurerm_mongo_cluster_user.this.object_id == var.identity.principal_id
    error_message = "The identity logs in; there is no password."
  }

  assert {
    condition     = azurerm_mongo_cluster.this.compute_tier == "M10" && azurerm_mongo_cluster.this.high_availability_mode == "Disabled"
    error_message = "basic: one node, and not the free tier, which exists once."
  }

  assert {
    condition     = output.host == "cosmon-shop-alice-3fa92c.mongocluster.cosmos.azure.com" && strcontains(output.url, "MONGODB-OIDC") && !strcontains(output.url, "@")
    error_message = "The address has no password."
  }

  assert {
    condition     = azurerm_monitor_diagnostic_setting.this.log_analytics_workspace_id == var.log_workspace_id
    error_message = "Logs are on."
  }
}

run "standard" {
  command = plan

  variables {
    tier   = "standard"
    name   = "a-project-with-a-long-name-that-goes-on-env-of-alice-smithson"
    suffix = "b81d07"
  }

  assert {
    condition     = azurerm_mongo_cluster.this.compute_tier == "M30" && azurerm_mongo_cluster.this.high_availability_mode == "ZoneRedundantPreferred"
    error_message = "standard: a second node in another zone."
  }

  assert {
    condition     = azurerm_mongo_cluster.this.name == "cosmon-a-project-with-a-long-name-b81d07" && length(azurerm_mongo_cluster.this.name) <= 40
    error_message = "A long name is cut and ends in the suffix."
  }
}

run "premium" {
  command = plan

  variables {
    tier       = "premium"
    storage_gb = 256
  }

  assert {
    condition     = azurerm_mongo_cluster.this.compute_tier == "M40" && azurerm_mongo_cluster.this.storage_size_in_gb == 256
    error_message = "premium: four processors."
  }
}

run "refuses_what_basic_cannot" {
  command = plan

  variables {
    high_availability = true
  }

  expect_failures = [var.high_availability]
}

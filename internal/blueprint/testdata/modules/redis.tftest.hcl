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
    dns_zone_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.Network/privateDnsZones/privatelink.redis.azure.net"
  }
}

run "basic" {

  assert {
    condition     = azurerm_managed_redis.this.name == "redis-shop-alice-3fa92c"
    error_message = "The name ends in the suffix."
  }

  assert {
    condition     = azurerm_managed_redis.this.tags["project"] == "shop" && azurerm_managed_redis.this.tags["environment"] == "alice" && azurerm_private_endpoint.this.tags["project"] == "shop" && azurerm_private_endpoint.this.tags["environment"] == "alice"
    error_message = "Every resource that can carry tags has them."
  }

  assert {
    condition     = azurerm_managed_redis.this.public_network_access == "Disabled" && azurerm_managed_redis.this.default_database[0].client_protocol == "Encrypted"
    error_message = "The private endpoint is the only way in, and TLS is a must."
  }

  assert {
    condition     = azurerm_managed_redis.this.default_database[0].access_keys_authentication_enabled == false && azurerm_managed_redis_access_policy_assignment.this.object_id == var.identity.principal_id
    error_message = "The identity logs in; there are no keys."
  }

  assert {
    condition     = azurerm_managed_redis.this.sku_name == "Balanced_B0" && azurerm_managed_redis.this.high_availability_enabled == false
    error_message = "basic: one node."
  }

  assert {
    condition     = output.username == var.identity.principal_id && output.access_key == null
    error_message = "The user is the identity, and there is no key."
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
    condition     = azurerm_managed_redis.this.sku_name == "Balanced_B1" && azurerm_managed_redis.this.high_availability_enabled == true
    error_message = "standard: a second node."
  }

  assert {
    condition     = azurerm_managed_redis.this.name == "redis-a-project-with-a-long-name-that-goes-on-env-of-b81d07" && length(azurerm_managed_redis.this.name) <= 60
    error_message = "A long name is cut and ends in the suffix."
  }
}

run "premium" {
  command = plan

  variables {
    tier = "premium"
    name = "a--b"
  }

  assert {
    condition     = azurerm_managed_redis.this.sku_name == "Balanced_B10" && azurerm_managed_redis.this.high_availability_enabled == true && azurerm_managed_redis.this.default_database[0].persistence_redis_database_backup_frequency == "6h"
    error_message = "premium: kept on disk too."
  }

  assert {
    condition     = azurerm_managed_redis.this.name == "redis-a-b-3fa92c"
    error_message = "Caches allow no double hyphens."
  }
}

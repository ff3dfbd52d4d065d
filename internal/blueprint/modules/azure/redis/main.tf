# Azure Managed Redis, reached through a private endpoint. (Azure Cache for Redis
# takes no new customers.) Clients speak TLS and log in with the identity of the
# apps: user name is its object id, password a token.

locals {
  # At most 60 letters, digits and single hyphens, unique in Azure.
  name = "redis-${trim(substr(replace(var.name, "/-+/", "-"), 0, 47), "-")}-${var.suffix}"

  # Half a gigabyte alone; one gigabyte, and twelve, each with a second node.
  sizes = {
    basic    = "Balanced_B0"
    standard = "Balanced_B1"
    premium  = "Balanced_B10"
  }
  high_availability = coalesce(var.high_availability, var.tier != "basic")
}

resource "azurerm_managed_redis" "this" {
  name                = local.name
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags

  sku_name                  = coalesce(var.sku_name, local.sizes[var.tier])
  high_availability_enabled = local.high_availability
  public_network_access     = "Disabled"

  default_database {
    client_protocol                    = "Encrypted"
    access_keys_authentication_enabled = var.access_keys_enabled

    # One address for all clients; OSSCluster is faster, but needs clients that
    # know clusters. Changing it empties the cache.
    clustering_policy = var.clustering_policy
    eviction_policy   = var.eviction_policy

    # What is in memory is written to disk, so that it outlives a failure.
    persistence_redis_database_backup_frequency = var.tier == "premium" ? "6h" : null
  }
}

resource "azurerm_managed_redis_access_policy_assignment" "this" {
  managed_redis_id = azurerm_managed_redis.this.id
  object_id        = var.identity.principal_id
}

resource "azurerm_private_endpoint" "this" {
  name                = "pep-${local.name}"
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags
  subnet_id           = var.private_endpoint.subnet_id

  private_service_connection {
    name                           = "redis"
    private_connection_resource_id = azurerm_managed_redis.this.id
    subresource_names              = ["redisEnterprise"]
    is_manual_connection           = false
  }

  private_dns_zone_group {
    name                 = "redis"
    private_dns_zone_ids = [var.private_endpoint.dns_zone_id]
  }
}

resource "azurerm_monitor_diagnostic_setting" "this" {
  name                       = "logs"
  target_resource_id         = azurerm_managed_redis.this.default_database[0].id
  log_analytics_workspace_id = var.log_workspace_id

  enabled_log {
    category = "ConnectionEvents"
  }
}

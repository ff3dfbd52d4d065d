# A database that speaks the protocol of MongoDB (Azure DocumentDB, formerly
# Cosmos DB for MongoDB vCore), reached through a private endpoint. Only
# identities can log in: there is no password.

locals {
  # At most 40 lower-case letters, digits and hyphens, unique in Azure.
  name = "cosmon-${trim(substr(var.name, 0, 26), "-")}-${var.suffix}"

  # M10 shares its processor; M30 has two, M40 four.
  sizes = {
    basic    = "M10"
    standard = "M30"
    premium  = "M40"
  }
  storage_gb = {
    basic    = 32
    standard = 128
    premium  = 128
  }
  high_availability = coalesce(var.high_availability, var.tier != "basic")

  host = "${azurerm_mongo_cluster.this.name}.mongocluster.cosmos.azure.com"
}

resource "azurerm_mongo_cluster" "this" {
  name                = local.name
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags

  version                = var.mongodb_version
  compute_tier           = local.sizes[var.tier]
  storage_size_in_gb     = coalesce(var.storage_gb, local.storage_gb[var.tier])
  shard_count            = 1
  high_availability_mode = local.high_availability ? "ZoneRedundantPreferred" : "Disabled"

  authentication_methods = ["MicrosoftEntraID"]
  public_network_access  = "Disabled"
}

resource "azurerm_mongo_cluster_user" "this" {
  mongo_cluster_id       = azurerm_mongo_cluster.this.id
  object_id              = var.identity.principal_id
  identity_provider_type = "MicrosoftEntraID"
  principal_type         = "servicePrincipal"

  # The only role that exists.
  role {
    database = "admin"
    name     = "root"
  }
}

resource "azurerm_private_endpoint" "this" {
  name                = "pep-${local.name}"
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags
  subnet_id           = var.private_endpoint.subnet_id

  private_service_connection {
    name                           = "mongodb"
    private_connection_resource_id = azurerm_mongo_cluster.this.id
    subresource_names              = ["MongoCluster"]
    is_manual_connection           = false
  }

  private_dns_zone_group {
    name                 = "mongodb"
    private_dns_zone_ids = [var.private_endpoint.dns_zone_id]
  }
}

resource "azurerm_monitor_diagnostic_setting" "this" {
  name                       = "logs"
  target_resource_id         = azurerm_mongo_cluster.this.id
  log_analytics_workspace_id = var.log_workspace_id

  enabled_log {
    category_group = "allLogs"
  }
}

# The virtual network of the environment: one subnet for each kind of resource,
# and private DNS, so that names of services lead to their private addresses.

locals {
  full_name = "vnet-${var.name}"
  # At most 64 characters.
  name = length(local.full_name) <= 64 ? local.full_name : "${trim(substr(local.full_name, 0, 57), "-")}-${var.suffix}"

  # Each kind has its own place in the address space, whether it is used or not:
  # adding a kind later never moves the others. Container apps get a /23, all
  # others a /24.
  prefix = tonumber(split("/", var.address_space)[1])
  layout = {
    container-app = cidrsubnet(var.address_space, 23 - local.prefix, 0)
    web-app       = cidrsubnet(var.address_space, 24 - local.prefix, 2)
    function      = cidrsubnet(var.address_space, 24 - local.prefix, 3)
    postgresql    = cidrsubnet(var.address_space, 24 - local.prefix, 4)
    mysql         = cidrsubnet(var.address_space, 24 - local.prefix, 5)
    endpoints     = cidrsubnet(var.address_space, 24 - local.prefix, 6)
  }

  # To whom a subnet is handed over: only this service can put anything in it.
  delegations = {
    container-app = "Microsoft.App/environments"
    web-app       = "Microsoft.Web/serverFarms"
    function      = var.flex_function ? "Microsoft.App/environments" : "Microsoft.Web/serverFarms"
    postgresql    = "Microsoft.DBforPostgreSQL/flexibleServers"
    mysql         = "Microsoft.DBforMySQL/flexibleServers"
  }
  delegation_actions = {
    "Microsoft.App/environments"                = ["Microsoft.Network/virtualNetworks/subnets/join/action"]
    "Microsoft.Web/serverFarms"                 = ["Microsoft.Network/virtualNetworks/subnets/action"]
    "Microsoft.DBforPostgreSQL/flexibleServers" = ["Microsoft.Network/virtualNetworks/subnets/join/action"]
    "Microsoft.DBforMySQL/flexibleServers"      = ["Microsoft.Network/virtualNetworks/subnets/join/action"]
  }

  # Subnets of apps reach data services through those of var.service_endpoints.
  app_kinds = ["container-app", "web-app", "function"]

  # Databases keep logs and backups in storage of Azure's. It adds this endpoint by
  # itself, and must not lose it.
  database_kinds = ["postgresql", "mysql"]
}

resource "azurerm_virtual_network" "this" {
  name                = local.name
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags

  address_space = [var.address_space]
}

resource "azurerm_subnet" "this" {
  for_each = var.subnets

  # A subnet in use keeps its delegation: functions of the other kind get another.
  name                 = "snet-${each.key}${each.key == "function" && !var.flex_function ? "-plan" : ""}"
  resource_group_name  = var.resource_group_name
  virtual_network_name = azurerm_virtual_network.this.name
  address_prefixes     = [local.layout[each.key]]

  # Private endpoints only answer, they never go out.
  default_outbound_access_enabled = each.key != "endpoints"

  dynamic "delegation" {
    for_each = contains(keys(local.delegations), each.key) ? [local.delegations[each.key]] : []

    content {
      name = "service"

      service_delegation {
        name    = delegation.value
        actions = local.delegation_actions[delegation.value]
      }
    }
  }

  dynamic "service_endpoint" {
    for_each = toset(contains(local.app_kinds, each.key) ? var.service_endpoints : contains(local.database_kinds, each.key) ? ["Microsoft.Storage"] : [])

    content {
      service = service_endpoint.value
    }
  }
}

resource "azurerm_private_dns_zone" "this" {
  for_each = var.private_dns_zones

  name                = each.key
  resource_group_name = var.resource_group_name
  tags                = var.tags
}

resource "azurerm_private_dns_zone_virtual_network_link" "this" {
  for_each = var.private_dns_zones

  name                = "link-${local.name}"
  private_dns_zone_id = azurerm_private_dns_zone.this[each.key].id
  virtual_network_id  = azurerm_virtual_network.this.id
  tags                = var.tags

  # A zone is linked when the subnets are there, so that servers find both.
  depends_on = [azurerm_subnet.this]
}

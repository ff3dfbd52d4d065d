variables {
  name                = "shop-alice"
  suffix              = "3fa92c"
  resource_group_name = "rg-shop-alice"
  location            = "westeurope"
  tags                = { project = "shop", environment = "alice" }
  subnets             = ["web-app", "endpoints"]
}

run "few" {
  command = plan

  variables {
    service_endpoints = ["Microsoft.KeyVault", "Microsoft.Sql"]
  }

  assert {
    condition     = azurerm_virtual_network.this.name == "vnet-shop-alice" && contains(azurerm_virtual_network.this.address_space, "10.10.0.0/16")
    error_message = "The network has its name and addresses."
  }

  assert {
    condition     = azurerm_virtual_network.this.tags["project"] == "shop" && azurerm_virtual_network.this.tags["environment"] == "alice"
    error_message = "Every resource that can carry tags has them."
  }

  assert {
    condition     = azurerm_subnet.this["web-app"].address_prefixes[0] == "10.10.2.0/24" && azurerm_subnet.this["endpoints"].address_prefixes[0] == "10.10.6.0/24"
    error_message = "Each kind has its place."
  }

  assert {
    condition     = azurerm_subnet.this["web-app"].delegation[0].service_delegation[0].name == "Microsoft.Web/serverFarms"
    error_message = "The subnet of web apps is handed over to App Service."
  }

  assert {
    condition     = length(azurerm_subnet.this["web-app"].service_endpoint) == 2 && length(azurerm_subnet.this["endpoints"].service_endpoint) == 0
    error_message = "Only subnets of apps have service endpoints."
  }

  assert {
    condition     = length(azurerm_subnet.this["endpoints"].delegation) == 0 && azurerm_subnet.this["endpoints"].default_outbound_access_enabled == false
    error_message = "Endpoints have no delegation and do not go out."
  }
}

run "all" {

  variables {
    subnets           = ["web-app", "function", "container-app", "postgresql", "mysql", "endpoints"]
    private_dns_zones = ["privatelink.vaultcore.azure.net", "shop.private.postgres.database.azure.com"]
  }

  assert {
    condition     = azurerm_subnet.this["web-app"].address_prefixes[0] == "10.10.2.0/24"
    error_message = "More kinds do not move the others."
  }

  assert {
    condition     = azurerm_subnet.this["container-app"].address_prefixes[0] == "10.10.0.0/23" && azurerm_subnet.this["container-app"].delegation[0].service_delegation[0].name == "Microsoft.App/environments"
    error_message = "Container apps have a /23."
  }

  assert {
    condition     = length(distinct([for s in azurerm_subnet.this : s.address_prefixes[0]])) == 6
    error_message = "No two subnets have the same addresses."
  }

  assert {
    condition     = azurerm_subnet.this["function"].delegation[0].service_delegation[0].name == "Microsoft.App/environments" && azurerm_subnet.this["function"].name == "snet-function"
    error_message = "Flex functions have the delegation of container apps."
  }

  assert {
    condition     = azurerm_subnet.this["postgresql"].delegation[0].service_delegation[0].name == "Microsoft.DBforPostgreSQL/flexibleServers" && azurerm_subnet.this["mysql"].delegation[0].service_delegation[0].name == "Microsoft.DBforMySQL/flexibleServers"
    error_message = "Databases have their own."
  }

  assert {
    condition     = azurerm_subnet.this["postgresql"].service_endpoint[0].service == "Microsoft.Storage" && azurerm_subnet.this["mysql"].service_endpoint[0].service == "Microsoft.Storage" && length(azurerm_subnet.this["web-app"].service_endpoint) == 0
    error_message = "Databases reach the storage of their logs and backups: Azure adds that endpoint, and it must stay."
  }

  assert {
    condition     = length(azurerm_private_dns_zone_virtual_network_link.this) == 2
    error_message = "Every zone is linked."
  }

  assert {
    condition     = azurerm_private_dns_zone.this["privatelink.vaultcore.azure.net"].tags["project"] == "shop" && azurerm_private_dns_zone.this["privatelink.vaultcore.azure.net"].tags["environment"] == "alice" && azurerm_private_dns_zone_virtual_network_link.this["privatelink.vaultcore.azure.net"].tags["project"] == "shop" && azurerm_private_dns_zone_virtual_network_link.this["privatelink.vaultcore.azure.net"].tags["environment"] == "alice"
    error_message = "Every resource that can carry tags has them."
  }

  assert {
    condition     = length(output.subnet_ids) == 6 && length(output.private_dns_zone_ids) == 2
    error_message = "Ids are outputs."
  }
}

run "premium_function_in_another_range" {
  command = plan

  variables {
    subnets       = ["function", "container-app"]
    address_space = "10.20.16.0/20"
    flex_function = false
  }

  assert {
    condition     = azurerm_subnet.this["function"].delegation[0].service_delegation[0].name == "Microsoft.Web/serverFarms" && azurerm_subnet.this["function"].name == "snet-function-plan"
    error_message = "Premium functions have the delegation of App Service, and a subnet of another name: one in use keeps its delegation."
  }

  assert {
    condition     = azurerm_subnet.this["container-app"].address_prefixes[0] == "10.20.16.0/23" && azurerm_subnet.this["function"].address_prefixes[0] == "10.20.19.0/24"
    error_message = "Subnets keep their sizes in a smaller range."
  }
}

run "long_name" {
  command = plan

  variables {
    name   = "a-project-with-a-long-name-that-goes-on-env-of-alice-smithson"
    suffix = "b81d07"
  }

  assert {
    condition     = azurerm_virtual_network.this.name == "vnet-a-project-with-a-long-name-that-goes-on-env-of-alice-b81d07" && length(azurerm_virtual_network.this.name) <= 64
    error_message = "A long name is cut and ends in the suffix."
  }
}

run "refuses_unknown_subnets" {
  command = plan

  variables {
    subnets = ["mail"]
  }

  expect_failures = [var.subnets]
}

run "refuses_a_small_range" {
  command = plan

  variables {
    address_space = "10.0.0.0/24"
  }

  expect_failures = [var.address_space]
}

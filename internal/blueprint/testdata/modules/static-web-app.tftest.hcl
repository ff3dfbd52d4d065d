variables {
  name                = "shop-alice"
  suffix              = "3fa92c"
  resource_group_name = "rg-shop-alice"
  location            = "westeurope"
  tags                = { project = "shop", environment = "alice" }
  app                 = "web"
}

run "free" {

  assert {
    condition     = azurerm_static_web_app.this.name == "stapp-shop-alice-web"
    error_message = "The app takes part in the name."
  }

  assert {
    condition     = azurerm_static_web_app.this.tags["project"] == "shop" && azurerm_static_web_app.this.tags["environment"] == "alice"
    error_message = "Every resource that can carry tags has them."
  }

  assert {
    condition     = azurerm_static_web_app.this.sku_tier == "Free" && azurerm_static_web_app.this.sku_size == "Free" && azurerm_static_web_app.this.location == "westeurope"
    error_message = "free, in the region."
  }

  assert {
    condition     = azurerm_static_web_app.this.preview_environments_enabled == false
    error_message = "No previews besides."
  }

  assert {
    condition     = output.url == "https://kind-sky-1234.azurestaticapps.net"
    error_message = "The address is an output."
  }
}

run "standard_long_name" {
  command = plan

  variables {
    name     = "a-project-with-a-long-name-that-goes-on-env-of-alice-smithson"
    suffix   = "b81d07"
    app      = "a-very-long-app-name"
    tier     = "standard"
    location = "northeurope"
  }

  assert {
    condition     = azurerm_static_web_app.this.sku_tier == "Standard" && azurerm_static_web_app.this.location == "westeurope"
    error_message = "The administration is where Azure has it."
  }

  assert {
    condition     = azurerm_static_web_app.this.name == "stapp-a-project-with-a-long-name-${substr(sha256("stapp-a-project-with-a-long-name-that-goes-on-env-of-alice-smithson-a-very-long-app-name"), 0, 6)}" && length(azurerm_static_web_app.this.name) <= 40
    error_message = "A cut name ends in a hash of all of it."
  }
}

run "other_region" {
  command = plan

  variables {
    location = "East US 2"
  }

  assert {
    condition     = azurerm_static_web_app.this.location == "eastus2"
    error_message = "Regions are understood in both spellings."
  }
}

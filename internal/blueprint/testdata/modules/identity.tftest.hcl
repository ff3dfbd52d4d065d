variables {
  name                = "shop-alice"
  suffix              = "3fa92c"
  resource_group_name = "rg-shop-alice"
  location            = "westeurope"
  tags                = { project = "shop", environment = "alice" }
}

run "made" {

  assert {
    condition     = azurerm_user_assigned_identity.this.name == "id-shop-alice"
    error_message = "The name is that of the environment."
  }

  assert {
    condition     = azurerm_user_assigned_identity.this.tags["project"] == "shop" && azurerm_user_assigned_identity.this.tags["environment"] == "alice"
    error_message = "Every resource that can carry tags has them."
  }

  assert {
    condition     = output.client_id == "33333333-3333-3333-3333-333333333333" && output.principal_id == "44444444-4444-4444-4444-444444444444" && output.name == "id-shop-alice"
    error_message = "What apps and databases need is an output."
  }
}

run "refuses_a_wrong_name" {
  command = plan

  variables {
    name = "Shop_Alice"
  }

  expect_failures = [var.name]
}

run "refuses_a_wrong_suffix" {
  command = plan

  variables {
    suffix = "3FA92C"
  }

  expect_failures = [var.suffix]
}

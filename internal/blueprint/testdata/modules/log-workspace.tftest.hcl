variables {
  name                = "shop-alice"
  suffix              = "3fa92c"
  resource_group_name = "rg-shop-alice"
  location            = "westeurope"
  tags                = { project = "shop", environment = "alice" }
}

run "made" {
  command = plan

  assert {
    condition     = azurerm_log_analytics_workspace.this.name == "log-shop-alice"
    error_message = "The name is that of the environment."
  }

  assert {
    condition     = azurerm_log_analytics_workspace.this.tags["project"] == "shop" && azurerm_log_analytics_workspace.this.tags["environment"] == "alice"
    error_message = "Every resource that can carry tags has them."
  }

  assert {
    condition     = azurerm_log_analytics_workspace.this.local_authentication_enabled == false
    error_message = "There are no shared keys."
  }

  assert {
    condition     = azurerm_log_analytics_workspace.this.retention_in_days == 30
    error_message = "Logs are kept for 30 days."
  }
}

run "long_name" {
  command = plan

  variables {
    name   = "a-project-with-a-long-name-that-goes-on-env-of-alice-smithson"
    suffix = "b81d07"
  }

  assert {
    condition     = azurerm_log_analytics_workspace.this.name == "log-a-project-with-a-long-name-that-goes-on-env-of-alice-b81d07"
    error_message = "A long name is cut and ends in the suffix."
  }

  assert {
    condition     = length(azurerm_log_analytics_workspace.this.name) <= 63
    error_message = "A name has at most 63 characters."
  }
}

run "refuses_short_retention" {
  command = plan

  variables {
    retention_days = 7
  }

  expect_failures = [var.retention_days]
}

variables {
  name                = "shop-alice"
  suffix              = "3fa92c"
  resource_group_name = "rg-shop-alice"
  location            = "westeurope"
  tags                = { project = "shop", environment = "alice" }
  workspace_id        = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.OperationalInsights/workspaces/log-shop-alice"
}

run "by_key" {

  assert {
    condition     = azurerm_application_insights.this.name == "appi-shop-alice"
    error_message = "The name is that of the environment."
  }

  assert {
    condition     = azurerm_application_insights.this.tags["project"] == "shop" && azurerm_application_insights.this.tags["environment"] == "alice"
    error_message = "Every resource that can carry tags has them."
  }

  assert {
    condition     = azurerm_application_insights.this.workspace_id == var.workspace_id
    error_message = "Telemetry is stored in the workspace."
  }

  assert {
    condition     = azurerm_application_insights.this.local_authentication_enabled == true && length(azurerm_role_assignment.publisher) == 0
    error_message = "Without publishers the connection string is enough."
  }

  assert {
    condition     = startswith(output.connection_string, "InstrumentationKey=")
    error_message = "The connection string is an output."
  }
}

run "by_identity" {
  command = plan

  variables {
    publisher_principal_ids = { apps = "44444444-4444-4444-4444-444444444444" }
  }

  assert {
    condition     = azurerm_application_insights.this.local_authentication_enabled == false
    error_message = "With publishers only identities can send."
  }

  assert {
    condition     = azurerm_role_assignment.publisher["apps"].role_definition_name == "Monitoring Metrics Publisher"
    error_message = "The identity may send."
  }
}

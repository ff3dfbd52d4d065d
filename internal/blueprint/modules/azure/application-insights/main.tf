# Traces, metrics and errors of the apps, stored in the log workspace.

locals {
  # With publishers, telemetry needs an identity; without, whoever knows the
  # connection string can send (it is not a secret that reads anything).
  key_based = length(var.publisher_principal_ids) == 0
}

resource "azurerm_application_insights" "this" {
  name                = "appi-${var.name}"
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags

  workspace_id                 = var.workspace_id
  application_type             = "web"
  sampling_percentage          = var.sampling_percentage
  local_authentication_enabled = local.key_based
}

resource "azurerm_role_assignment" "publisher" {
  for_each = var.publisher_principal_ids

  scope                = azurerm_application_insights.this.id
  role_definition_name = "Monitoring Metrics Publisher"
  principal_id         = each.value
  principal_type       = "ServicePrincipal"
}

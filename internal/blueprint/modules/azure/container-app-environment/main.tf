# What container apps live in: they share its network and its logs.

locals {
  full_name = "cae-${var.name}"
  # At most 60 characters.
  name = length(local.full_name) <= 60 ? local.full_name : "${trim(substr(local.full_name, 0, 53), "-")}-${var.suffix}"
}

resource "azurerm_container_app_environment" "this" {
  name                = local.name
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags

  # Logs go to Azure Monitor, and from there to the workspace: no key of the
  # workspace is needed.
  logs_destination = "azure-monitor"

  infrastructure_subnet_id = var.subnet_id
  zone_redundancy_enabled  = var.zone_redundant ? true : null

  # Paid for by the second, and scales to zero.
  workload_profile {
    name                  = "Consumption"
    workload_profile_type = "Consumption"
  }
}

resource "azurerm_monitor_diagnostic_setting" "this" {
  name                       = "logs"
  target_resource_id         = azurerm_container_app_environment.this.id
  log_analytics_workspace_id = var.log_workspace_id

  # What apps print, and what the platform says about them.
  enabled_log {
    category = "ContainerAppConsoleLogs"
  }

  enabled_log {
    category = "ContainerAppSystemLogs"
  }
}

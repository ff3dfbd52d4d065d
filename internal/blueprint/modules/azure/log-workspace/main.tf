# Where the logs of all resources go. The price is per gigabyte: daily_quota_gb
# sets a ceiling.

locals {
  full_name = "log-${var.name}"
  # At most 63 characters.
  name = length(local.full_name) <= 63 ? local.full_name : "${trim(substr(local.full_name, 0, 56), "-")}-${var.suffix}"
}

resource "azurerm_log_analytics_workspace" "this" {
  name                = local.name
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags

  sku               = "PerGB2018"
  retention_in_days = var.retention_days
  daily_quota_gb    = var.daily_quota_gb

  # Only identities may send and read, no shared keys.
  local_authentication_enabled = false
}

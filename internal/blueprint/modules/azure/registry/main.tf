# Images of the apps. Apps pull with their identity, the deployer pushes with
# its own; there is no admin user and no password.

locals {
  # 5 to 50 letters and digits, unique in Azure.
  name = "cr${substr(replace(var.name, "-", ""), 0, 42)}${var.suffix}"

  # Network rules and private endpoints exist in Premium only, which costs about
  # ten times as much as Basic.
  private = var.private_endpoint != null
  sku     = local.private ? "Premium" : "Basic"
}

resource "azurerm_container_registry" "this" {
  name                = local.name
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags

  sku                    = local.sku
  admin_enabled          = false
  anonymous_pull_enabled = false

  # Basic and Standard know no network rules: there the login is the guard.
  # A private registry is closed, but for the addresses that push.
  public_network_access_enabled = !local.private || length(var.deployer_ip_addresses) > 0
  network_rule_bypass_option    = local.private ? "None" : "AzureServices"

  dynamic "network_rule_set" {
    for_each = local.private ? [var.deployer_ip_addresses] : []

    content {
      default_action = "Deny"

      dynamic "ip_rule" {
        for_each = toset(network_rule_set.value)

        content {
          action   = "Allow"
          ip_range = ip_rule.value
        }
      }
    }
  }
}

resource "azurerm_role_assignment" "pull" {
  for_each = var.pull_principal_ids

  scope                = azurerm_container_registry.this.id
  role_definition_name = "AcrPull"
  principal_id         = each.value
  principal_type       = "ServicePrincipal"
}

resource "azurerm_private_endpoint" "this" {
  count = local.private ? 1 : 0

  name                = "pep-${local.name}"
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags
  subnet_id           = var.private_endpoint.subnet_id

  private_service_connection {
    name                           = "registry"
    private_connection_resource_id = azurerm_container_registry.this.id
    subresource_names              = ["registry"]
    is_manual_connection           = false
  }

  private_dns_zone_group {
    name                 = "registry"
    private_dns_zone_ids = [var.private_endpoint.dns_zone_id]
  }
}

resource "azurerm_monitor_diagnostic_setting" "this" {
  name                       = "logs"
  target_resource_id         = azurerm_container_registry.this.id
  log_analytics_workspace_id = var.log_workspace_id

  enabled_log {
    category_group = "allLogs"
  }
}

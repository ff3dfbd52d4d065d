# Secrets of the environment. Apps read them by reference, with their identity;
# only whoever applies this configuration may write them: the identity that made
# the vault, and those that deployer_principal_ids names.

data "azurerm_client_config" "current" {}

locals {
  # 3 to 24 letters, digits and single hyphens, unique in Azure (deleted vaults
  # included, for as long as they are kept).
  name = "kv-${trim(substr(replace(var.name, "/-+/", "-"), 0, 14), "-")}-${var.suffix}"

  # Where paths begin with a drive, cmd runs commands, and knows no sleep.
  windows = can(regex("^[A-Za-z]:", abspath(path.root)))
}

resource "azurerm_key_vault" "this" {
  name                = local.name
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags

  tenant_id = data.azurerm_client_config.current.tenant_id
  sku_name  = var.tier

  # Roles decide who may do what; there are no access policies.
  rbac_authorization_enabled = true

  # Deleted secrets can be brought back for a week. Purge protection would keep
  # the vault itself, so that an environment could not be made again.
  soft_delete_retention_days = 7
  purge_protection_enabled   = var.purge_protection

  # Nobody is admitted but the subnets and addresses below; not even other
  # services of Azure. With a private endpoint only the deployer needs an address.
  public_network_access_enabled = true

  network_acls {
    default_action             = "Deny"
    bypass                     = "None"
    ip_rules                   = concat(var.deployer_ip_addresses, var.planner_ip_addresses)
    virtual_network_subnet_ids = var.private_endpoint == null ? var.allowed_subnet_ids : []
  }
}

resource "azurerm_role_assignment" "deployer" {
  scope                = azurerm_key_vault.this.id
  role_definition_name = "Key Vault Secrets Officer"
  principal_id         = data.azurerm_client_config.current.object_id

  lifecycle {
    # Else another identity that applies this would take the role from the first.
    ignore_changes = [principal_id]
  }
}

resource "azurerm_role_assignment" "further_deployer" {
  # The one above has its role already, and Azure refuses the same role twice.
  for_each = { for name, id in var.deployer_principal_ids : name => id if id != azurerm_role_assignment.deployer.principal_id }

  scope                = azurerm_key_vault.this.id
  role_definition_name = "Key Vault Secrets Officer"
  principal_id         = each.value
}

resource "azurerm_role_assignment" "reader" {
  for_each = var.reader_principal_ids

  scope                = azurerm_key_vault.this.id
  role_definition_name = "Key Vault Secrets User"
  principal_id         = each.value
  principal_type       = "ServicePrincipal"
}

resource "azurerm_private_endpoint" "this" {
  count = var.private_endpoint == null ? 0 : 1

  name                = "pep-${local.name}"
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags
  subnet_id           = var.private_endpoint.subnet_id

  private_service_connection {
    name                           = "vault"
    private_connection_resource_id = azurerm_key_vault.this.id
    subresource_names              = ["vault"]
    is_manual_connection           = false
  }

  private_dns_zone_group {
    name                 = "vault"
    private_dns_zone_ids = [var.private_endpoint.dns_zone_id]
  }
}

# A new role works after a while only, and writing a secret before that fails.
# This waits once, when the vault is made; everything that uses the output id
# comes after it.
resource "terraform_data" "roles_work" {
  count = var.role_wait_seconds > 0 ? 1 : 0

  triggers_replace = azurerm_key_vault.this.id

  provisioner "local-exec" {
    command = local.windows ? "powershell -NoProfile -Command Start-Sleep -Seconds ${var.role_wait_seconds}" : "sleep ${var.role_wait_seconds}"
  }

  depends_on = [
    azurerm_role_assignment.deployer,
    azurerm_role_assignment.further_deployer,
    azurerm_role_assignment.reader,
  ]
}

resource "azurerm_monitor_diagnostic_setting" "this" {
  name                       = "logs"
  target_resource_id         = azurerm_key_vault.this.id
  log_analytics_workspace_id = var.log_workspace_id

  # Every access to a secret, and every refused one.
  enabled_log {
    category_group = "audit"
  }
}

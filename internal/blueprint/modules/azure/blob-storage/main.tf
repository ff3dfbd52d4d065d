# Files of the apps. Who may read and write is decided by roles; the keys of the
# account are switched off.

locals {
  # 3 to 24 lower-case letters and digits, unique in Azure.
  name = "st${substr(replace(var.name, "-", ""), 0, 16)}${var.suffix}"

  # How many copies there are, and where: three in one data center; in three
  # zones of the region; in three zones, and in a second region besides.
  replications = {
    standard       = "LRS"
    zone-redundant = "ZRS"
    geo-redundant  = "GZRS"
  }
  replication    = coalesce(var.replication, local.replications[var.tier])
  retention_days = coalesce(var.retention_days, var.tier == "standard" ? 7 : 30)
}

resource "azurerm_storage_account" "this" {
  name                = local.name
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags

  account_kind             = "StorageV2"
  account_tier             = "Standard"
  account_replication_type = local.replication

  min_tls_version                  = "TLS1_2"
  https_traffic_only_enabled       = true
  shared_access_key_enabled        = false
  default_to_oauth_authentication  = true
  local_user_enabled               = false
  allow_nested_items_to_be_public  = false
  cross_tenant_replication_enabled = false
  public_network_access_enabled    = var.private_endpoint == null

  network_rules {
    default_action             = "Deny"
    bypass                     = ["None"]
    virtual_network_subnet_ids = var.private_endpoint == null ? var.allowed_subnet_ids : []
  }

  blob_properties {
    versioning_enabled = true

    delete_retention_policy {
      days = local.retention_days
    }

    container_delete_retention_policy {
      days = local.retention_days
    }
  }

  lifecycle {
    # The provider would make a new account, without the files.
    ignore_changes = [account_replication_type]
  }
}

check "decided_once" {
  assert {
    condition     = azurerm_storage_account.this.account_replication_type == local.replication
    error_message = "How files are copied was decided when the account was made, and stays so. Azure converts it and keeps the files (az storage account migration start); Terraform would lose them."
  }
}

resource "azurerm_storage_container" "this" {
  name                  = var.container
  storage_account_id    = azurerm_storage_account.this.id
  container_access_type = "private"
}

resource "azurerm_role_assignment" "writer" {
  for_each = var.writer_principal_ids

  scope                = azurerm_storage_account.this.id
  role_definition_name = "Storage Blob Data Contributor"
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
    name                           = "blob"
    private_connection_resource_id = azurerm_storage_account.this.id
    subresource_names              = ["blob"]
    is_manual_connection           = false
  }

  private_dns_zone_group {
    name                 = "blob"
    private_dns_zone_ids = [var.private_endpoint.dns_zone_id]
  }
}

resource "azurerm_monitor_diagnostic_setting" "this" {
  name                       = "logs"
  target_resource_id         = "${azurerm_storage_account.this.id}/blobServices/default"
  log_analytics_workspace_id = var.log_workspace_id

  # Reads can be logged too (StorageRead), but there may be very many.
  enabled_log {
    category = "StorageWrite"
  }

  enabled_log {
    category = "StorageDelete"
  }
}

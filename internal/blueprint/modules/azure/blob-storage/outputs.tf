output "id" {
  description = "Resource id of the storage account."
  value       = azurerm_storage_account.this.id
}

output "account_name" {
  description = "Name of the storage account."
  value       = azurerm_storage_account.this.name
}

output "endpoint" {
  description = "Address of the blob service, with a slash at its end."
  value       = azurerm_storage_account.this.primary_blob_endpoint

  depends_on = [
    azurerm_role_assignment.writer,
    azurerm_private_endpoint.this,
  ]
}

output "container" {
  description = "Name of the container."
  value       = azurerm_storage_container.this.name
}

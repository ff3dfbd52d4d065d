output "id" {
  description = "Resource id of the vault. Known when its roles work."
  value       = azurerm_key_vault.this.id

  depends_on = [
    terraform_data.roles_work,
    azurerm_private_endpoint.this,
  ]
}

output "uri" {
  description = "Address of the vault."
  value       = azurerm_key_vault.this.vault_uri
}

output "name" {
  description = "Name of the vault."
  value       = azurerm_key_vault.this.name
}

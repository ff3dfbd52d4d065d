output "id" {
  description = "Resource id, to assign the identity to an app."
  value       = azurerm_user_assigned_identity.this.id
}

output "name" {
  description = "Name of the identity, which is also its user name in databases."
  value       = azurerm_user_assigned_identity.this.name
}

output "client_id" {
  description = "Client id, with which an app says which identity it means."
  value       = azurerm_user_assigned_identity.this.client_id
}

output "principal_id" {
  description = "Object id, to give the identity roles."
  value       = azurerm_user_assigned_identity.this.principal_id
}

output "id" {
  description = "Resource id of the registry."
  value       = azurerm_container_registry.this.id

  depends_on = [
    azurerm_role_assignment.pull,
    azurerm_private_endpoint.this,
  ]
}

output "name" {
  description = "Name of the registry, to log in to it."
  value       = azurerm_container_registry.this.name
}

output "login_server" {
  description = "Host name of the registry, the first part of image names."
  value       = azurerm_container_registry.this.login_server

  depends_on = [
    azurerm_role_assignment.pull,
    azurerm_private_endpoint.this,
  ]
}

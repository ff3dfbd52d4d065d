output "id" {
  description = "Resource id of the app."
  value       = azurerm_container_app.this.id
}

output "name" {
  description = "Name of the app, to deploy to it."
  value       = azurerm_container_app.this.name
}

output "hostname" {
  description = "Host name of the app."
  value       = azurerm_container_app.this.ingress[0].fqdn
}

output "url" {
  description = "Address of the app."
  value       = "https://${azurerm_container_app.this.ingress[0].fqdn}"
}

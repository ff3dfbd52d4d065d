output "id" {
  description = "Resource id of the site."
  value       = azurerm_static_web_app.this.id
}

output "name" {
  description = "Name of the site, to deploy to it."
  value       = azurerm_static_web_app.this.name
}

output "hostname" {
  description = "Host name of the site."
  value       = azurerm_static_web_app.this.default_host_name
}

output "url" {
  description = "Address of the site."
  value       = "https://${azurerm_static_web_app.this.default_host_name}"
}

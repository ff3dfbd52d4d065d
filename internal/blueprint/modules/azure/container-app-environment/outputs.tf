output "id" {
  description = "Resource id of the environment."
  value       = azurerm_container_app_environment.this.id
}

output "default_domain" {
  description = "Domain that the host names of apps end in."
  value       = azurerm_container_app_environment.this.default_domain
}

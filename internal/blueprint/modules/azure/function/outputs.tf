output "id" {
  description = "Resource id of the function app."
  value       = local.app.id
}

output "name" {
  description = "Name of the function app, to deploy to it."
  value       = local.app.name
}

output "hostname" {
  description = "Host name of the functions."
  value       = local.app.hostname
}

output "url" {
  description = "Address of the functions."
  value       = "https://${local.app.hostname}"
}

output "package_container" {
  description = "Address of the container that packages are deployed to."
  value       = "${azurerm_storage_account.this.primary_blob_endpoint}${azurerm_storage_container.releases.name}"
}

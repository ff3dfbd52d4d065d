output "id" {
  description = "Resource id of the app."
  value       = azurerm_linux_web_app.this.id
}

output "name" {
  description = "Name of the app, to deploy to it."
  value       = azurerm_linux_web_app.this.name
}

output "hostname" {
  description = "Host name of the app."
  value       = azurerm_linux_web_app.this.default_hostname
}

output "url" {
  description = "Address of the app."
  value       = "https://${azurerm_linux_web_app.this.default_hostname}"
}

output "service_plan_id" {
  description = "Plan that the app runs on, for other apps to share."
  value       = local.service_plan_id
}

output "slot" {
  description = "Name of the slot that releases start in; null when the tier has none."
  value       = one(azurerm_linux_web_app_slot.staging[*].name)
}

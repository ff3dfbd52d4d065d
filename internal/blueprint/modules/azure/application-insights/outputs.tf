output "connection_string" {
  description = "Where telemetry is sent to: the setting APPLICATIONINSIGHTS_CONNECTION_STRING of an app."
  value       = azurerm_application_insights.this.connection_string
  sensitive   = true
}

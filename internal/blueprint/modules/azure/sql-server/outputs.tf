output "id" {
  description = "Resource id of the server."
  value       = azurerm_mssql_server.this.id
}

output "host" {
  description = "Host name of the server."
  value       = azurerm_mssql_server.this.fully_qualified_domain_name

  depends_on = [
    azurerm_mssql_virtual_network_rule.this,
    azurerm_private_endpoint.this,
  ]
}

output "port" {
  description = "Port of the server."
  value       = 1433
}

output "database" {
  description = "Name of the database."
  value       = azurerm_mssql_database.this.name
}

output "client_id" {
  description = "Client id of the identity that logs in."
  value       = var.identity.client_id
}

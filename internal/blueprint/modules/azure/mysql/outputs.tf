output "id" {
  description = "Resource id of the server."
  value       = azurerm_mysql_flexible_server.this.id
}

output "host" {
  description = "Host name of the server, known inside the virtual network."
  value       = local.host
}

output "port" {
  description = "Port of the server."
  value       = local.port
}

output "database" {
  description = "Name of the database."
  value       = azurerm_mysql_flexible_database.this.name
}

output "username" {
  description = "User name that goes with the password."
  value       = var.administrator_login
}

output "password_secret_id" {
  description = "Id of the secret with the password, without version."
  value       = azurerm_key_vault_secret.password.versionless_id
}

output "url_secret_id" {
  description = "Id of the secret with the address, user name and password included, without version."
  value       = azurerm_key_vault_secret.url.versionless_id
}

output "connection_string_secret_id" {
  description = "Id of the secret with the ADO.NET connection string, without version."
  value       = azurerm_key_vault_secret.connection_string.versionless_id
}

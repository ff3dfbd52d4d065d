output "id" {
  description = "Resource id of the server."
  value       = azurerm_postgresql_flexible_server.this.id
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
  value       = azurerm_postgresql_flexible_server_database.this.name
}

output "username" {
  description = "User name that goes with the password."
  value       = var.administrator_login
}

output "identity_username" {
  description = "User name of the identity, which logs in with a token instead of a password."
  value       = var.identity.name

  depends_on = [
    azurerm_postgresql_flexible_server_active_directory_administrator.this,
  ]
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

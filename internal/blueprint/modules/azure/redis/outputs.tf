output "id" {
  description = "Resource id of the cache."
  value       = azurerm_managed_redis.this.id
}

output "host" {
  description = "Host name of the cache, known inside the virtual network."
  value       = azurerm_managed_redis.this.hostname

  depends_on = [
    azurerm_private_endpoint.this,
  ]
}

output "port" {
  description = "Port of the cache; TLS only."
  value       = azurerm_managed_redis.this.default_database[0].port
}

output "username" {
  description = "User name of the identity, which logs in with a token."
  value       = azurerm_managed_redis_access_policy_assignment.this.object_id
}

output "access_key" {
  description = "Key to log in with; null unless access_keys_enabled."
  value       = var.access_keys_enabled ? azurerm_managed_redis.this.default_database[0].primary_access_key : null
  sensitive   = true
}

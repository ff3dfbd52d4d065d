output "id" {
  description = "Resource id of the cluster."
  value       = azurerm_mongo_cluster.this.id
}

output "host" {
  description = "Host name of the cluster (an SRV name), known inside the virtual network."
  value       = local.host

  depends_on = [
    azurerm_private_endpoint.this,
    azurerm_mongo_cluster_user.this,
  ]
}

output "database" {
  description = "Name of the database."
  value       = var.database
}

output "client_id" {
  description = "Client id of the identity that logs in."
  value       = var.identity.client_id
}

output "url" {
  description = "Address of the database. The app adds the token of its identity; there is no password in it."
  value       = "mongodb+srv://${local.host}/${var.database}?tls=true&authSource=%24external&authMechanism=MONGODB-OIDC&retryWrites=false&maxIdleTimeMS=120000"
}

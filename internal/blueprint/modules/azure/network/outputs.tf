output "id" {
  description = "Resource id of the virtual network."
  value       = azurerm_virtual_network.this.id
}

output "subnet_ids" {
  description = "Ids of the subnets, by kind."
  value       = { for kind, subnet in azurerm_subnet.this : kind => subnet.id }
}

output "private_dns_zone_ids" {
  description = "Ids of the private DNS zones, by name. Known when the zone is linked with the network."
  value       = { for zone, resource in azurerm_private_dns_zone.this : zone => resource.id }

  depends_on = [
    azurerm_private_dns_zone_virtual_network_link.this,
  ]
}

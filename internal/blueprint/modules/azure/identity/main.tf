# One identity for all apps of the environment. With it they pull images, read
# secrets and log in to storage and databases: no password is stored anywhere.

resource "azurerm_user_assigned_identity" "this" {
  name                = "id-${var.name}"
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags
}

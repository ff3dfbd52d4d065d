# A static site, served from near its visitors everywhere. Its files are deployed
# later, by the workflow.

locals {
  # At most 40 characters. A name that is cut ends in a hash of all of it, so that
  # no two are the same.
  full_name = "stapp-${var.name}-${var.app}"
  name      = length(local.full_name) <= 40 ? local.full_name : "${trim(substr(local.full_name, 0, 33), "-")}-${substr(sha256(local.full_name), 0, 6)}"

  # The files go everywhere; only their administration has a place, and that is
  # in one of five regions.
  regions  = ["centralus", "eastasia", "eastus2", "westeurope", "westus2"]
  asked    = replace(lower(coalesce(var.content_location, var.location)), " ", "")
  location = contains(local.regions, local.asked) ? local.asked : "westeurope"

  size = var.tier == "standard" ? "Standard" : "Free"
}

resource "azurerm_static_web_app" "this" {
  name                = local.name
  resource_group_name = var.resource_group_name
  location            = local.location
  tags                = var.tags

  sku_tier = local.size
  sku_size = local.size

  # An environment of its own for each branch is what this is: no previews in it.
  preview_environments_enabled = false

  app_settings = var.settings
}

variable "name" {
  description = "Project and environment, joined with a hyphen: \"shop-alice\". Names of resources are made from it."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,59}[a-z0-9])?$", var.name))
    error_message = "name has 1 to 61 lower-case letters, digits and hyphens, and neither begins nor ends with a hyphen."
  }
}

variable "suffix" {
  description = "Six hexadecimal digits that no other environment has: for names that are global in Azure, and for names that had to be cut."
  type        = string

  validation {
    condition     = can(regex("^[0-9a-f]{6}$", var.suffix))
    error_message = "suffix has exactly six hexadecimal digits, such as 3fa92c."
  }
}

variable "resource_group_name" {
  description = "Resource group that everything of the environment lives in."
  type        = string
}

variable "location" {
  description = "Azure region, such as \"westeurope\"."
  type        = string
}

variable "tags" {
  description = "Tags of every resource that can carry them."
  type        = map(string)
  default     = {}
}

variable "app" {
  description = "Name of the app in its project. It takes part in the names of resources, so that several apps share an environment."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?$", var.app))
    error_message = "app has 1 to 30 lower-case letters, digits and hyphens, and neither begins nor ends with a hyphen."
  }
}

variable "tier" {
  description = "free (no guarantees, ten sites in a subscription) or standard."
  type        = string
  default     = "free"

  validation {
    condition     = contains(["free", "standard"], var.tier)
    error_message = "tier is one of free, standard."
  }
}

variable "content_location" {
  description = "Region of the administration: centralus, eastasia, eastus2, westeurope or westus2. Unless set: location, or westeurope when location is none of these."
  type        = string
  default     = null

  validation {
    condition     = var.content_location == null || try(contains(["centralus", "eastasia", "eastus2", "westeurope", "westus2"], var.content_location), false)
    error_message = "content_location is one of centralus, eastasia, eastus2, westeurope, westus2."
  }
}

variable "settings" {
  description = "Settings of the app (environment variables), by name."
  type        = map(string)
  default     = {}
}

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

variable "address_space" {
  description = "Addresses of the virtual network. Choose another one when it is to be connected with a network that uses these."
  type        = string
  default     = "10.10.0.0/16"

  validation {
    condition     = can(cidrsubnet(var.address_space, 0, 0)) && try(tonumber(split("/", var.address_space)[1]) >= 8 && tonumber(split("/", var.address_space)[1]) <= 20, false)
    error_message = "address_space is an IPv4 range between /8 and /20, such as 10.10.0.0/16."
  }
}

variable "subnets" {
  description = "Kinds of resources that get a subnet: web-app, function, container-app, postgresql, mysql, endpoints."
  type        = set(string)

  validation {
    condition     = length(setsubtract(var.subnets, ["web-app", "function", "container-app", "postgresql", "mysql", "endpoints"])) == 0
    error_message = "subnets are out of web-app, function, container-app, postgresql, mysql and endpoints."
  }
}

variable "service_endpoints" {
  description = "Services that the subnets of apps reach through a service endpoint, such as \"Microsoft.KeyVault\"."
  type        = list(string)
  default     = []
}

variable "private_dns_zones" {
  description = "Private DNS zones of the network, such as \"privatelink.blob.core.windows.net\"."
  type        = set(string)
  default     = []
}

variable "flex_function" {
  description = "Whether the subnet of functions is for the flex tier (true) or for the premium tier (false): each needs another delegation."
  type        = bool
  default     = true
}

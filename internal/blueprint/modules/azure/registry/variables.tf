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

variable "private_endpoint" {
  description = "Subnet and private DNS zone of a private endpoint. When given, the public endpoint is closed, but for deployer_ip_addresses."
  type = object({
    subnet_id   = string
    dns_zone_id = string
  })
  default = null
}

variable "deployer_ip_addresses" {
  description = "Public addresses (or ranges) that push images to a private registry. Not used without a private endpoint."
  type        = list(string)
  default     = []
}

variable "pull_principal_ids" {
  description = "Object ids of the identities that may pull images, by a name of your choice."
  type        = map(string)
  default     = {}
}

variable "log_workspace_id" {
  description = "Id of the Log Analytics workspace that gets the logs."
  type        = string
}

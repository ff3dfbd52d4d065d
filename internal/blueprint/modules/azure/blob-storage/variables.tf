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

variable "tier" {
  description = "How well files are kept: standard (one data center), zone-redundant (three zones) or geo-redundant (a second region besides)."
  type        = string
  default     = "standard"

  validation {
    condition     = contains(["standard", "zone-redundant", "geo-redundant"], var.tier)
    error_message = "tier is one of standard, zone-redundant, geo-redundant."
  }
}

variable "replication" {
  description = "Replication of the account, when it is to be another than that of the tier: LRS, ZRS, GRS, RAGRS, GZRS or RAGZRS. GRS serves regions without zones."
  type        = string
  default     = null

  validation {
    condition     = var.replication == null || try(contains(["LRS", "ZRS", "GRS", "RAGRS", "GZRS", "RAGZRS"], var.replication), false)
    error_message = "replication is one of LRS, ZRS, GRS, RAGRS, GZRS, RAGZRS."
  }
}

variable "retention_days" {
  description = "How long deleted files can be brought back, in days: 7 for standard, else 30, unless set."
  type        = number
  default     = null

  validation {
    condition     = var.retention_days == null || try(var.retention_days >= 1 && var.retention_days <= 365, false)
    error_message = "retention_days is between 1 and 365."
  }
}

variable "container" {
  description = "Name of the container that the apps use."
  type        = string
  default     = "app"

  validation {
    condition     = can(regex("^[a-z0-9](-?[a-z0-9]){2,62}$", var.container))
    error_message = "container has 3 to 63 lower-case letters, digits and single hyphens."
  }
}

variable "private_endpoint" {
  description = "Subnet and private DNS zone of a private endpoint. When given, the public endpoint is closed."
  type = object({
    subnet_id   = string
    dns_zone_id = string
  })
  default = null
}

variable "allowed_subnet_ids" {
  description = "Subnets that may reach the public endpoint through their service endpoint. Nobody else may."
  type        = list(string)
  default     = []
}

variable "writer_principal_ids" {
  description = "Object ids of the identities that may read and write files, by a name of your choice."
  type        = map(string)
  default     = {}
}

variable "log_workspace_id" {
  description = "Id of the Log Analytics workspace that gets the logs."
  type        = string
}

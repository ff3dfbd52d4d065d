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
  description = "How strong the cluster is: basic (shared processor, no second node), standard (two processors) or premium (four)."
  type        = string
  default     = "basic"

  validation {
    condition     = contains(["basic", "standard", "premium"], var.tier)
    error_message = "tier is one of basic, standard, premium."
  }
}

variable "mongodb_version" {
  description = "Version of the protocol. It can be raised, never lowered."
  type        = string
  default     = "8.0"

  validation {
    condition     = contains(["7.0", "8.0"], var.mongodb_version)
    error_message = "mongodb_version is one of 7.0, 8.0."
  }
}

variable "storage_gb" {
  description = "Storage in GiB, when it is to be another than that of the tier. It never shrinks."
  type        = number
  default     = null

  validation {
    condition     = var.storage_gb == null || try(contains([32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32767], var.storage_gb), false)
    error_message = "storage_gb is one of 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32767."
  }
}

variable "high_availability" {
  description = "Whether a second node stands by, in another zone where there is one. Unless set: yes, but for basic, which cannot."
  type        = bool
  default     = null

  validation {
    condition     = !(var.tier == "basic" && coalesce(var.high_availability, false))
    error_message = "The basic tier has no high availability: choose standard or premium."
  }
}

variable "database" {
  description = "Name of the database that the apps use. It comes into being with its first document."
  type        = string
  default     = "app"

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{0,62}$", var.database))
    error_message = "database has 1 to 63 lower-case letters, digits and underscores, and begins with a letter."
  }
}

variable "private_endpoint" {
  description = "Subnet and private DNS zone of the private endpoint, the only way in."
  type = object({
    subnet_id   = string
    dns_zone_id = string
  })
  nullable = false
}

variable "identity" {
  description = "Identity of the apps, which may log in."
  type = object({
    client_id    = string
    principal_id = string
  })
}

variable "log_workspace_id" {
  description = "Id of the Log Analytics workspace that gets the logs."
  type        = string
}

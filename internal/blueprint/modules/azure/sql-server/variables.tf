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
  description = "How strong the database is: serverless (pauses when unused), standard (small, always there), general-purpose (two processors) or business-critical (fast local disks and copies)."
  type        = string
  default     = "serverless"

  validation {
    condition     = contains(["serverless", "standard", "general-purpose", "business-critical"], var.tier)
    error_message = "tier is one of serverless, standard, general-purpose, business-critical."
  }
}

variable "database" {
  description = "Name of the database."
  type        = string
  default     = "app"

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{0,62}$", var.database))
    error_message = "database has 1 to 63 lower-case letters, digits and underscores, and begins with a letter."
  }
}

variable "sku_name" {
  description = "Size of the database, when it is to be another than that of the tier."
  type        = string
  default     = null
}

variable "max_size_gb" {
  description = "Most gigabytes that the database may hold. Unless set: 250 for standard, else 32."
  type        = number
  default     = null

  validation {
    condition     = var.max_size_gb == null || try(var.max_size_gb >= 1 && var.max_size_gb <= 250, false)
    error_message = "max_size_gb is between 1 and 250."
  }

  validation {
    condition     = var.tier != "standard" || contains([1, 2, 5, 10, 20, 30, 40, 50, 100, 150, 200, 250], coalesce(var.max_size_gb, 250))
    error_message = "max_size_gb of standard is one of 1, 2, 5, 10, 20, 30, 40, 50, 100, 150, 200, 250."
  }
}

variable "auto_pause_minutes" {
  description = "Minutes without use after which a serverless database pauses; -1 is never."
  type        = number
  default     = 60

  validation {
    condition     = var.auto_pause_minutes == -1 || (var.auto_pause_minutes >= 15 && var.auto_pause_minutes <= 10080)
    error_message = "auto_pause_minutes is -1, or between 15 and 10080."
  }
}

variable "zone_redundant" {
  description = "Whether the database runs in several zones. Unless set: yes for general-purpose and business-critical."
  type        = bool
  default     = null

  validation {
    condition     = !(var.tier == "standard" && coalesce(var.zone_redundant, false))
    error_message = "The standard tier cannot run in several zones: choose another tier."
  }
}

variable "geo_redundant_backup" {
  description = "Whether backups are kept in a second region too. Unless set: yes for general-purpose and business-critical."
  type        = bool
  default     = null
}

variable "backup_retention_days" {
  description = "How far back the database can be restored, in days. Unless set: 7, 14 (general-purpose) or 35 (business-critical)."
  type        = number
  default     = null

  validation {
    condition     = var.backup_retention_days == null || try(var.backup_retention_days >= 1 && var.backup_retention_days <= 35, false)
    error_message = "backup_retention_days is between 1 and 35."
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

variable "identity" {
  description = "Identity of the apps, which becomes the administrator of the server."
  type = object({
    id           = string
    client_id    = string
    principal_id = string
    name         = string
  })
}

variable "log_workspace_id" {
  description = "Id of the Log Analytics workspace that gets the logs."
  type        = string
}

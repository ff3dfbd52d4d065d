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
  description = "How strong the server is: burstable (cheap, one shared processor, no high availability), general-purpose, or memory-optimized (which Azure also calls business critical)."
  type        = string
  default     = "burstable"

  validation {
    condition     = contains(["burstable", "general-purpose", "memory-optimized"], var.tier)
    error_message = "tier is one of burstable, general-purpose, memory-optimized."
  }
}

variable "mysql_version" {
  description = "Version of MySQL. It can be raised, never lowered."
  type        = string
  default     = "8.4"

  validation {
    condition     = contains(["8.0.21", "8.4"], var.mysql_version)
    error_message = "mysql_version is one of 8.0.21, 8.4."
  }
}

variable "storage_gb" {
  description = "Storage at the beginning, in GiB. It grows by itself and never shrinks; a change later has no effect."
  type        = number
  default     = 20

  validation {
    condition     = var.storage_gb >= 20 && var.storage_gb <= 16384
    error_message = "storage_gb is between 20 and 16384."
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

variable "administrator_login" {
  description = "User name that the apps log in with. Changing it makes a new server, without the data."
  type        = string
  default     = "appadmin"

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{0,31}$", var.administrator_login)) && !startswith(var.administrator_login, "pg_") && !contains(["azure_superuser", "azure_pg_admin", "admin", "administrator", "root", "guest", "public"], var.administrator_login)
    error_message = "administrator_login has 1 to 32 lower-case letters, digits and underscores, begins with a letter and is none of the names that Azure keeps for itself (such as admin or root)."
  }
}

variable "delegated_subnet_id" {
  description = "Subnet that is handed over to the server: it has no public address at all."
  type        = string
}

variable "private_dns_zone_id" {
  description = "Private DNS zone in which the server gets its name."
  type        = string
}

variable "key_vault_id" {
  description = "Id of the vault that keeps the password."
  type        = string
}

variable "password_version" {
  description = "Raise it by one to change the password: the server and the secrets follow in the same apply."
  type        = number
  default     = 1

  validation {
    condition     = var.password_version >= 1 && floor(var.password_version) == var.password_version
    error_message = "password_version is a whole number from 1."
  }
}

variable "sku_name" {
  description = "Size of the server, when it is to be another than that of the tier."
  type        = string
  default     = null
}

variable "high_availability" {
  description = "Whether a second server stands by in another zone, which doubles the price. Unless set: yes, but for burstable, which cannot. It is decided when the server is made: a change later has no effect."
  type        = bool
  default     = null

  validation {
    condition     = !(var.tier == "burstable" && coalesce(var.high_availability, false))
    error_message = "The burstable tier has no high availability: choose general-purpose or memory-optimized."
  }
}

variable "geo_redundant_backup" {
  description = "Whether backups are kept in a second region too. Unless set: yes, but for burstable. It is decided when the server is made: a change later has no effect."
  type        = bool
  default     = null
}

variable "backup_retention_days" {
  description = "How far back the server can be restored, in days. Unless set: 7 (burstable), 14 (general-purpose) or 35 (memory-optimized)."
  type        = number
  default     = null

  validation {
    condition     = var.backup_retention_days == null || try(var.backup_retention_days >= 7 && var.backup_retention_days <= 35, false)
    error_message = "backup_retention_days is between 7 and 35."
  }
}

variable "url_query" {
  description = "What follows the question mark in the address of the database; drivers differ in how they spell TLS."
  type        = string
  default     = "ssl-mode=REQUIRED"
}

variable "log_workspace_id" {
  description = "Id of the Log Analytics workspace that gets the logs."
  type        = string
}

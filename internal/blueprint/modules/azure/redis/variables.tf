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
  description = "How strong the cache is: basic (half a gigabyte, no second node), standard (one gigabyte) or premium (twelve, kept on disk too)."
  type        = string
  default     = "basic"

  validation {
    condition     = contains(["basic", "standard", "premium"], var.tier)
    error_message = "tier is one of basic, standard, premium."
  }
}

variable "sku_name" {
  description = "Size of the cache, when it is to be another than that of the tier."
  type        = string
  default     = null
}

variable "high_availability" {
  description = "Whether a second node stands by. Unless set: yes, but for basic. Changing it makes a new cache, empty."
  type        = bool
  default     = null
}

variable "clustering_policy" {
  description = "EnterpriseCluster, OSSCluster or NoCluster. Changing it empties the cache."
  type        = string
  default     = "EnterpriseCluster"

  validation {
    condition     = contains(["EnterpriseCluster", "OSSCluster", "NoCluster"], var.clustering_policy)
    error_message = "clustering_policy is one of EnterpriseCluster, OSSCluster, NoCluster."
  }
}

variable "eviction_policy" {
  description = "What is thrown out when memory is full."
  type        = string
  default     = "VolatileLRU"

  validation {
    condition     = contains(["AllKeysLFU", "AllKeysLRU", "AllKeysRandom", "VolatileLRU", "VolatileLFU", "VolatileTTL", "VolatileRandom", "NoEviction"], var.eviction_policy)
    error_message = "eviction_policy is one of AllKeysLFU, AllKeysLRU, AllKeysRandom, VolatileLRU, VolatileLFU, VolatileTTL, VolatileRandom, NoEviction."
  }
}

variable "access_keys_enabled" {
  description = "Whether clients can log in with a key too, for frameworks that know no tokens. The keys are then in the Terraform state."
  type        = bool
  default     = false
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
    principal_id = string
  })
}

variable "log_workspace_id" {
  description = "Id of the Log Analytics workspace that gets the logs."
  type        = string
}

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
  description = "What the functions run on: consumption (pay per call; the older one, no virtual network), flex (pay per call, current runtimes, virtual network) or premium (a machine stays warm)."
  type        = string
  default     = "flex"

  validation {
    condition     = contains(["consumption", "flex", "premium"], var.tier)
    error_message = "tier is one of consumption, flex, premium."
  }
}

variable "sku_name" {
  description = "Size of the plan, when it is to be another than that of the tier."
  type        = string
  default     = null
}

variable "maximum_instances" {
  description = "Most machines that run at once: a ceiling for the price."
  type        = number
  default     = 40

  validation {
    condition     = var.maximum_instances >= 1 && var.maximum_instances <= 1000
    error_message = "maximum_instances is between 1 and 1000."
  }
}

variable "instance_memory_mb" {
  description = "Memory of a machine of the flex tier, in MB."
  type        = number
  default     = 2048

  validation {
    condition     = contains([512, 2048, 4096], var.instance_memory_mb)
    error_message = "instance_memory_mb is one of 512, 2048, 4096."
  }
}

variable "runtime" {
  description = "What runs the functions: java, dotnet (isolated worker), node, python, or custom for a program that speaks HTTP itself."
  type        = string

  validation {
    condition     = contains(["java", "dotnet", "node", "python", "custom"], var.runtime)
    error_message = "runtime is one of java, dotnet, node, python, custom."
  }
}

variable "runtime_version" {
  description = "Version of the runtime; the newest long-term one when not set. Not used for custom."
  type        = string
  default     = null

  validation {
    condition = contains(lookup({
      java   = var.tier == "consumption" ? ["17", "21"] : ["17", "21", "25"]
      dotnet = var.tier == "consumption" ? ["8.0", "9.0"] : ["8.0", "9.0", "10.0"]
      node   = var.tier == "consumption" ? ["22"] : ["22", "24"]
      python = var.tier == "consumption" ? ["3.10", "3.11", "3.12"] : ["3.10", "3.11", "3.12", "3.13", "3.14"]
    }, var.runtime, []), coalesce(var.runtime_version, "none")) || var.runtime_version == null || var.runtime == "custom"
    error_message = "Versions: java 17, 21, 25; dotnet 8.0, 9.0, 10.0; node 22, 24; python 3.10 to 3.14. The consumption tier gets none that is newer than java 21, dotnet 9.0, node 22 and python 3.12."
  }
}

variable "settings" {
  description = "Settings of the app (environment variables), by name."
  type        = map(string)
  default     = {}
}

variable "secrets" {
  description = "Ids of vault secrets (without version), by the name of the setting that gets the value. The value itself is never stored here."
  type        = map(string)
  default     = {}
}

variable "key_vault" {
  description = "Vault of the secrets. The flex tier reads them with an identity of its own, which gets the right to."
  type = object({
    id = string
  })
  default = null
}

variable "identity" {
  description = "Identity of the apps: it uses the storage and reads the secrets."
  type = object({
    id           = string
    client_id    = string
    principal_id = string
  })
}

variable "subnet_id" {
  description = "Subnet through which the functions go out, to reach what is in the virtual network."
  type        = string
  default     = null

  validation {
    condition     = !(var.tier == "consumption" && var.subnet_id != null)
    error_message = "The consumption tier cannot use a virtual network: choose flex."
  }
}

variable "storage_subnet_ids" {
  description = "Subnets that may reach the storage of the functions, through their service endpoint for Microsoft.Storage: that of the functions. Nobody else may then."
  type        = list(string)
  default     = []
}

variable "deployer_ip_addresses" {
  description = "Public addresses (or ranges) that may reach the storage besides, to deploy. Not used without storage_subnet_ids."
  type        = list(string)
  default     = []
}

variable "health_check_path" {
  description = "Path that answers 200 when the app is well (premium only)."
  type        = string
  default     = null

  validation {
    condition     = var.health_check_path == null || try(startswith(var.health_check_path, "/"), false)
    error_message = "health_check_path begins with a slash."
  }
}

variable "log_workspace_id" {
  description = "Id of the Log Analytics workspace that gets the logs."
  type        = string
}

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
  description = "What the app runs on: free (shared, sleeps, no network of its own; one to a subscription in a region), basic (one small machine), standard (with a staging slot, so that releases change without downtime) or premium (newer machines, two of them in two zones)."
  type        = string
  default     = "basic"

  validation {
    condition     = contains(["free", "basic", "standard", "premium"], var.tier)
    error_message = "tier is one of free, basic, standard, premium."
  }
}

variable "sku_name" {
  description = "Size of the machines, when it is to be another than that of the tier."
  type        = string
  default     = null
}

variable "instances" {
  description = "Number of machines. Unless set: 2 for premium, else 1."
  type        = number
  default     = null

  validation {
    condition     = var.instances == null || try(var.instances >= 1 && var.instances <= 30, false)
    error_message = "instances is between 1 and 30."
  }
}

variable "zone_redundant" {
  description = "Whether the machines stand in several zones. Unless set: yes for premium, which alone can, with two machines or more. Regions without zones need false."
  type        = bool
  default     = null

  validation {
    condition     = !(var.tier != "premium" && coalesce(var.zone_redundant, false))
    error_message = "Only the premium tier can stand in several zones."
  }
}

variable "service_plan" {
  description = "Plan (machines) of another app to run on, instead of one of its own: { id = module.other.service_plan_id }."
  type = object({
    id = string
  })
  default = null
}

variable "runtime" {
  description = "What runs the app: java, dotnet, node, python, php, or image for a container image."
  type        = string

  validation {
    condition     = contains(["java", "dotnet", "node", "python", "php", "image"], var.runtime)
    error_message = "runtime is one of java, dotnet, node, python, php, image."
  }
}

variable "runtime_version" {
  description = "Version of the runtime; the newest long-term one when not set. Not used for images."
  type        = string
  default     = null

  validation {
    condition = contains(lookup({
      java   = ["17", "21", "25"]
      dotnet = ["8.0", "9.0", "10.0"]
      node   = ["22", "24"]
      python = ["3.10", "3.11", "3.12", "3.13", "3.14"]
      php    = ["8.2", "8.3", "8.4"]
    }, var.runtime, []), coalesce(var.runtime_version, "none")) || var.runtime_version == null || var.runtime == "image"
    error_message = "Versions: java 17, 21, 25; dotnet 8.0, 9.0, 10.0; node 22, 24; python 3.10 to 3.14; php 8.2, 8.3, 8.4."
  }
}

variable "port" {
  description = "Port that the image listens on. Other runtimes are told theirs in PORT."
  type        = number
  default     = 8080

  validation {
    condition     = var.port >= 1 && var.port <= 65535
    error_message = "port is between 1 and 65535."
  }
}

variable "start_command" {
  description = "Command that starts the app, when App Service does not find it by itself."
  type        = string
  default     = null
}

variable "health_check_path" {
  description = "Path that answers 200 when the app is well. A machine where it does not is taken out, and replaced."
  type        = string
  default     = "/"

  validation {
    condition     = startswith(var.health_check_path, "/")
    error_message = "health_check_path begins with a slash."
  }
}

variable "minimum_tls_version" {
  description = "Oldest TLS version that clients may speak."
  type        = string
  default     = "1.2"

  validation {
    condition     = contains(["1.2", "1.3"], var.minimum_tls_version)
    error_message = "minimum_tls_version is one of 1.2, 1.3."
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

variable "identity" {
  description = "Identity of the apps: it pulls the image and reads the secrets."
  type = object({
    id        = string
    client_id = string
  })
}

variable "registry" {
  description = "Registry that images are pulled from, with the identity."
  type = object({
    login_server = string
  })
  default = null
}

variable "subnet_id" {
  description = "Subnet through which the app goes out, to reach what is in the virtual network."
  type        = string
  default     = null

  validation {
    condition     = !(var.tier == "free" && var.subnet_id != null)
    error_message = "The free tier cannot use a virtual network: choose basic."
  }
}

variable "log_workspace_id" {
  description = "Id of the Log Analytics workspace that gets the logs."
  type        = string
}

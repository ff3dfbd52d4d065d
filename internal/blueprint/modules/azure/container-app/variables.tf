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
  description = "consumption (scales to zero: costs nothing while nobody asks, the first request waits) or always-on (two replicas at least)."
  type        = string
  default     = "consumption"

  validation {
    condition     = contains(["consumption", "always-on"], var.tier)
    error_message = "tier is one of consumption, always-on."
  }
}

variable "environment_id" {
  description = "Id of the environment that the app lives in."
  type        = string
}

variable "environment_domain" {
  description = "Domain of that environment, in which the host names of its apps end. null = the app is not told where it is reached."
  type        = string
  default     = null
}

variable "port" {
  description = "Port that the image listens on."
  type        = number
  default     = 8080

  validation {
    condition     = var.port >= 1 && var.port <= 65535
    error_message = "port is between 1 and 65535."
  }
}

variable "cpu" {
  description = "Processors of a replica, in steps of 0.25. It gets twice as many GiB of memory."
  type        = number
  default     = 0.5

  validation {
    condition     = var.cpu >= 0.25 && var.cpu <= 4 && floor(var.cpu * 4) == var.cpu * 4
    error_message = "cpu is between 0.25 and 4, in steps of 0.25."
  }
}

variable "maximum_replicas" {
  description = "Most replicas that run at once: a ceiling for the price."
  type        = number
  default     = 10

  validation {
    condition     = var.maximum_replicas >= 1 && var.maximum_replicas <= 1000
    error_message = "maximum_replicas is between 1 and 1000."
  }
}

variable "concurrent_requests" {
  description = "Requests at the same time that one replica is meant to serve; more start another."
  type        = number
  default     = 50

  validation {
    condition     = var.concurrent_requests >= 1
    error_message = "concurrent_requests is 1 or more."
  }
}

variable "health_check_path" {
  description = "Path that answers 200 when the app is ready for requests. Unless set, it is ready when it takes connections."
  type        = string
  default     = null

  validation {
    condition     = var.health_check_path == null || try(startswith(var.health_check_path, "/"), false)
    error_message = "health_check_path begins with a slash."
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
    id = string
  })
}

variable "registry" {
  description = "Registry that images are pulled from, with the identity."
  type = object({
    login_server = string
  })
  default = null
}

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
  description = "standard, or premium with keys in hardware modules."
  type        = string
  default     = "standard"

  validation {
    condition     = contains(["standard", "premium"], var.tier)
    error_message = "tier is one of standard, premium."
  }
}

variable "private_endpoint" {
  description = "Subnet and private DNS zone of a private endpoint. When given, the public endpoint is closed for all but the deployer."
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

variable "deployer_ip_addresses" {
  description = "Public addresses (or ranges) of whoever applies this configuration from outside the network."
  type        = list(string)
  default     = []
}

variable "planner_ip_addresses" {
  description = "Public addresses that are admitted while a plan is made. A plan that is never applied lets them in beforehand and shuts them out afterwards, so that they are no change."
  type        = list(string)
  default     = []
}

variable "deployer_principal_ids" {
  description = "Object ids of further identities that may write secrets, by a name of your choice. The one that makes the vault may, and keeps that; whoever else applies this configuration must be named here first."
  type        = map(string)
  default     = {}
}

variable "reader_principal_ids" {
  description = "Object ids of the identities that may read secrets, by a name of your choice."
  type        = map(string)
  default     = {}
}

variable "purge_protection" {
  description = "Whether a deleted vault is kept until its time is up. It can never be switched off again, and its name stays taken for a week."
  type        = bool
  default     = false
}

variable "role_wait_seconds" {
  description = "How long to wait, when the vault is made, until new roles work: a command of this machine's sleeps (sleep, or Start-Sleep of PowerShell on Windows). 0 runs none; then the first apply may fail at a secret, and goes on when it is repeated."
  type        = number
  default     = 60

  validation {
    condition     = var.role_wait_seconds >= 0 && var.role_wait_seconds <= 600 && floor(var.role_wait_seconds) == var.role_wait_seconds
    error_message = "role_wait_seconds is a whole number between 0 and 600."
  }
}

variable "log_workspace_id" {
  description = "Id of the Log Analytics workspace that gets the logs."
  type        = string
}

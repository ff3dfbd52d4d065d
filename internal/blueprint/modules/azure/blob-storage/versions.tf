terraform {
  # 1.11 is the first version with write-only arguments (Terraform and OpenTofu).
  required_version = ">= 1.11"

  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = "~> 5.2"
    }
  }
}

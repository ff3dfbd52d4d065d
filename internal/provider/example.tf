terraform {
  required_providers {
    aloft = {
      source = "aloft-dev/aloft"
    }
  }
}

variable "project" {
  type = string
}

variable "environment" {
  type = string
}

resource "aloft_environment" "this" {
  project = var.project
  name    = var.environment
}

resource "aloft_postgresql" "main" {
  environment = aloft_environment.this.id
}

resource "aloft_app" "web" {
  environment  = aloft_environment.this.id
  name         = "web"
  instances    = 2
  health_path  = "/healthz"
  memory_limit = "256MB"

  variables = {
    DATABASE_URL = aloft_postgresql.main.url
  }
}

output "apps" {
  value = {
    web = {
      hosting = aloft_app.web.hosting
      name    = aloft_app.web.name
      url     = aloft_app.web.url
    }
  }
}

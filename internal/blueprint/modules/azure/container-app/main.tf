# A container app. Its image is deployed later, by Aloft: until then a placeholder
# answers in its place.

locals {
  # At most 32 lower-case letters, digits and single hyphens. A name that is cut
  # ends in a hash of all of it, so that no two are the same.
  full_name  = "ca-${var.name}-${var.app}"
  clean_name = replace(local.full_name, "/-+/", "-")
  name       = length(local.clean_name) <= 32 && local.clean_name == local.full_name ? local.full_name : "${trim(substr(local.clean_name, 0, 25), "-")}-${substr(sha256(local.full_name), 0, 6)}"

  # consumption stops when nobody asks (the next request waits for the start);
  # always-on keeps two running, so that one can fail.
  minimum = var.tier == "consumption" ? 0 : 2
  maximum = max(var.maximum_replicas, local.minimum, 1)

  # Where the app is reached: a setting cannot ask the app that it belongs to.
  settings = merge(
    var.environment_domain == null ? {} : { ALOFT_URL = "https://${local.name}.${var.environment_domain}" },
    var.settings,
  )

  # Names of settings that are allowed as names of secrets too.
  secret_names = {
    for setting, id in var.secrets :
    setting => "${trim(replace(lower(setting), "/[^a-z0-9]+/", "-"), "-")}-${substr(sha256(setting), 0, 4)}"
  }

  # Answers 200 to everything, on the port of the app, so that the probes below
  # hold from the beginning.
  placeholder = <<-PYTHON
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Placeholder(BaseHTTPRequestHandler):
        def do_GET(self):
            text = b"Nothing is deployed here yet.\n"
            self.send_response(200)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

    HTTPServer(("", ${var.port}), Placeholder).serve_forever()
  PYTHON
}

resource "azurerm_container_app" "this" {
  name                         = local.name
  resource_group_name          = var.resource_group_name
  container_app_environment_id = var.environment_id
  workload_profile_name        = "Consumption"
  tags                         = var.tags

  # A deployment makes a revision without traffic, asks it at an address of its own,
  # and moves the traffic when it answers. The earlier ones can be returned to.
  revision_mode          = "Multiple"
  max_inactive_revisions = 10

  identity {
    type         = "UserAssigned"
    identity_ids = [var.identity.id]
  }

  dynamic "registry" {
    for_each = var.registry == null ? [] : [var.registry]

    content {
      server   = registry.value.login_server
      identity = var.identity.id
    }
  }

  # Read from the vault by Azure, with the identity: the values are not here.
  dynamic "secret" {
    for_each = var.secrets

    content {
      name                = local.secret_names[secret.key]
      key_vault_secret_id = secret.value
      identity            = var.identity.id
    }
  }

  ingress {
    external_enabled           = true
    allow_insecure_connections = false
    target_port                = var.port
    transport                  = "auto"

    traffic_weight {
      latest_revision = true
      percentage      = 100
    }
  }

  template {
    min_replicas                     = local.minimum
    max_replicas                     = local.maximum
    termination_grace_period_seconds = 30

    http_scale_rule {
      name                = "requests"
      concurrent_requests = tostring(var.concurrent_requests)
    }

    container {
      name    = "app"
      image   = "mcr.microsoft.com/azurelinux/base/python:3.12"
      command = ["python3", "-c", local.placeholder]
      cpu     = var.cpu
      memory  = "${var.cpu * 2}Gi"

      dynamic "env" {
        for_each = local.settings

        content {
          name  = env.key
          value = env.value
        }
      }

      dynamic "env" {
        for_each = var.secrets

        content {
          name        = env.key
          secret_name = local.secret_names[env.key]
        }
      }

      # Five minutes to start, then traffic comes while the health check answers.
      startup_probe {
        transport               = var.health_check_path == null ? "TCP" : "HTTP"
        port                    = var.port
        path                    = var.health_check_path
        interval_seconds        = 5
        timeout                 = 3
        failure_count_threshold = 60
      }

      readiness_probe {
        transport               = var.health_check_path == null ? "TCP" : "HTTP"
        port                    = var.port
        path                    = var.health_check_path
        interval_seconds        = 10
        timeout                 = 3
        failure_count_threshold = 3
        success_count_threshold = 1
      }

      # Only the port: a database that is down is no reason to restart the app.
      liveness_probe {
        transport               = "TCP"
        port                    = var.port
        interval_seconds        = 10
        timeout                 = 3
        failure_count_threshold = 6
      }
    }
  }

  lifecycle {
    # A deployment sets the image, takes the command of the placeholder away, and
    # says which revision gets the traffic; applying does not take it back.
    ignore_changes = [
      ingress[0].traffic_weight,
      template[0].container[0].image,
      template[0].container[0].command,
      template[0].container[0].args,
    ]
  }
}

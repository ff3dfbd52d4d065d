variables {
  name                = "shop-alice"
  suffix              = "3fa92c"
  resource_group_name = "rg-shop-alice"
  location            = "westeurope"
  tags                = { project = "shop", environment = "alice" }
  app                 = "web"
  environment_id      = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.App/managedEnvironments/cae-shop-alice"
  environment_domain  = "calm-sea-1.westeurope.azurecontainerapps.io"
  identity = {
    id           = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-shop-alice"
    name         = "id-shop-alice"
    client_id    = "33333333-3333-3333-3333-333333333333"
    principal_id = "44444444-4444-4444-4444-444444444444"
  }
}

run "always_on_long_name" {
  command = plan

  variables {
    name   = "a-project-with-a-long-name-that-goes-on-env-of-alice-smithson"
    suffix = "b81d07"
    app    = "a-very-long-app-name"
    tier   = "always-on"
    cpu    = 0.25
    port   = 3000
  }

  assert {
    condition     = azurerm_container_app.this.template[0].min_replicas == 2 && azurerm_container_app.this.template[0].container[0].memory == "0.5Gi"
    error_message = "always-on: two replicas."
  }

  assert {
    condition     = strcontains(azurerm_container_app.this.template[0].container[0].command[2], "3000") && azurerm_container_app.this.ingress[0].target_port == 3000
    error_message = "The placeholder listens where the app will."
  }

  assert {
    condition     = azurerm_container_app.this.name == "ca-a-project-with-a-long-${substr(sha256("ca-a-project-with-a-long-name-that-goes-on-env-of-alice-smithson-a-very-long-app-name"), 0, 6)}" && length(azurerm_container_app.this.name) <= 32
    error_message = "A cut name ends in a hash of all of it."
  }
}

run "consumption" {

  variables {
    settings          = { LOG_LEVEL = "info" }
    secrets           = { SPRING_DATASOURCE_URL = "https://kv-shop-alice-3fa92c.vault.azure.net/secrets/postgresql-url" }
    registry          = { login_server = "crshopalice3fa92c.azurecr.io" }
    health_check_path = "/health"
  }

  assert {
    condition     = azurerm_container_app.this.workload_profile_name == "Consumption"
    error_message = "The profile that Azure chooses is written down, so that no plan takes it away."
  }

  assert {
    condition     = contains([for e in azurerm_container_app.this.template[0].container[0].env : e.value if e.name == "ALOFT_URL"], "https://ca-shop-alice-web.calm-sea-1.westeurope.azurecontainerapps.io")
    error_message = "The app knows its address."
  }

  assert {
    condition     = azurerm_container_app.this.name == "ca-shop-alice-web"
    error_message = "The app takes part in the name."
  }

  assert {
    condition     = azurerm_container_app.this.tags["project"] == "shop" && azurerm_container_app.this.tags["environment"] == "alice"
    error_message = "Every resource that can carry tags has them."
  }

  assert {
    condition     = azurerm_container_app.this.template[0].min_replicas == 0 && azurerm_container_app.this.template[0].max_replicas == 10 && azurerm_container_app.this.revision_mode == "Multiple"
    error_message = "consumption: scales to zero; a deployment says which revision gets the traffic."
  }

  assert {
    condition     = azurerm_container_app.this.ingress[0].external_enabled == true && azurerm_container_app.this.ingress[0].allow_insecure_connections == false && azurerm_container_app.this.ingress[0].target_port == 8080
    error_message = "HTTPS only."
  }

  assert {
    condition     = contains(azurerm_container_app.this.identity[0].identity_ids, var.identity.id) && azurerm_container_app.this.registry[0].identity == var.identity.id
    error_message = "The identity pulls the image."
  }

  assert {
    condition     = alltrue([for s in nonsensitive(azurerm_container_app.this.secret) : s.key_vault_secret_id == "https://kv-shop-alice-3fa92c.vault.azure.net/secrets/postgresql-url" && s.identity == var.identity.id && startswith(s.name, "spring-datasource-url-")])
    error_message = "Secrets are read from the vault."
  }

  assert {
    condition     = [for e in azurerm_container_app.this.template[0].container[0].env : e.secret_name if e.name == "SPRING_DATASOURCE_URL"][0] == nonsensitive([for s in azurerm_container_app.this.secret : s.name][0]) && [for e in azurerm_container_app.this.template[0].container[0].env : e.value if e.name == "LOG_LEVEL"][0] == "info"
    error_message = "And given to the app."
  }

  assert {
    condition     = azurerm_container_app.this.template[0].container[0].readiness_probe[0].path == "/health" && azurerm_container_app.this.template[0].container[0].startup_probe[0].path == "/health" && azurerm_container_app.this.template[0].container[0].liveness_probe[0].transport == "TCP" && azurerm_container_app.this.template[0].container[0].readiness_probe[0].port == 8080
    error_message = "The app is checked."
  }

  assert {
    condition     = azurerm_container_app.this.template[0].container[0].cpu == 0.5 && azurerm_container_app.this.template[0].container[0].memory == "1Gi"
    error_message = "Half a processor, 1 GiB."
  }

  assert {
    condition     = startswith(output.url, "https://")
    error_message = "The address is an output."
  }
}

run "double_hyphen" {
  command = plan

  variables {
    name = "a--b"
  }

  assert {
    condition     = azurerm_container_app.this.name == "ca-a-b-web-${substr(sha256("ca-a--b-web"), 0, 6)}"
    error_message = "Container apps allow no double hyphens."
  }
}

run "refuses_odd_sizes" {
  command = plan

  variables {
    cpu = 0.3
  }

  expect_failures = [var.cpu]
}

run "no_domain" {
  command = plan

  variables {
    environment_domain = null
  }

  assert {
    condition     = length([for e in azurerm_container_app.this.template[0].container[0].env : e if e.name == "ALOFT_URL"]) == 0
    error_message = "Without the domain the app is told no address."
  }
}

variables {
  name                = "shop-alice"
  suffix              = "3fa92c"
  resource_group_name = "rg-shop-alice"
  location            = "westeurope"
  tags                = { project = "shop", environment = "alice" }
  app                 = "web"
  runtime             = "java"
  log_workspace_id    = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.OperationalInsights/workspaces/log-shop-alice"
  identity = {
    id           = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-shop-alice"
    name         = "id-shop-alice"
    client_id    = "33333333-3333-3333-3333-333333333333"
    principal_id = "44444444-4444-4444-4444-444444444444"
  }
}

run "basic" {

  variables {
    settings  = { LOG_LEVEL = "info" }
    secrets   = { DATABASE_URL = "https://kv-shop-alice-3fa92c.vault.azure.net/secrets/postgresql-url" }
    subnet_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.Network/virtualNetworks/vnet-shop-alice/subnets/snet-web-app"
  }

  assert {
    condition     = azurerm_linux_web_app.this.name == "app-shop-alice-web-3fa92c" && azurerm_service_plan.this[0].name == "plan-shop-alice-web"
    error_message = "The app takes part in the names."
  }

  assert {
    condition     = azurerm_linux_web_app.this.tags["project"] == "shop" && azurerm_linux_web_app.this.tags["environment"] == "alice" && azurerm_service_plan.this[0].tags["project"] == "shop" && azurerm_service_plan.this[0].tags["environment"] == "alice"
    error_message = "Every resource that can carry tags has them."
  }

  assert {
    condition     = azurerm_linux_web_app.this.https_only == true && azurerm_linux_web_app.this.site_config[0].minimum_tls_version == "1.2" && azurerm_linux_web_app.this.site_config[0].scm_minimum_tls_version == "1.2" && azurerm_linux_web_app.this.site_config[0].http2_enabled == true
    error_message = "HTTPS only, TLS 1.2 at least."
  }

  assert {
    condition     = azurerm_linux_web_app.this.site_config[0].ftps_state == "Disabled" && azurerm_linux_web_app.this.ftp_publish_basic_authentication_enabled == false && azurerm_linux_web_app.this.webdeploy_publish_basic_authentication_enabled == false
    error_message = "No FTP, and no password to deploy with."
  }

  assert {
    condition     = contains(azurerm_linux_web_app.this.identity[0].identity_ids, var.identity.id) && azurerm_linux_web_app.this.key_vault_reference_identity_id == var.identity.id
    error_message = "The identity reads the vault."
  }

  assert {
    condition     = azurerm_linux_web_app.this.app_settings["LOG_LEVEL"] == "info" && azurerm_linux_web_app.this.app_settings["ALOFT_URL"] == "https://${azurerm_linux_web_app.this.name}.azurewebsites.net" && azurerm_linux_web_app.this.app_settings["DATABASE_URL"] == "@Microsoft.KeyVault(SecretUri=https://kv-shop-alice-3fa92c.vault.azure.net/secrets/postgresql-url)"
    error_message = "Secrets are given by reference."
  }

  assert {
    condition     = azurerm_linux_web_app.this.virtual_network_subnet_id == var.subnet_id && azurerm_linux_web_app.this.vnet_image_pull_enabled == true && azurerm_linux_web_app.this.site_config[0].vnet_route_all_enabled == true
    error_message = "All that goes out goes through the subnet."
  }

  assert {
    condition     = azurerm_linux_web_app.this.site_config[0].always_on == true && azurerm_linux_web_app.this.site_config[0].health_check_path == "/" && azurerm_linux_web_app.this.site_config[0].use_32_bit_worker == false
    error_message = "The app stays up and is checked."
  }

  assert {
    condition     = azurerm_linux_web_app.this.site_config[0].application_stack[0].java_version == "25" && azurerm_linux_web_app.this.site_config[0].application_stack[0].java_server == "JAVA"
    error_message = "The newest Java."
  }

  assert {
    condition     = azurerm_service_plan.this[0].sku_name == "B1" && length(azurerm_linux_web_app_slot.staging) == 0 && output.slot == null
    error_message = "basic: one machine, no slot."
  }

  assert {
    condition     = output.url == "https://app-shop-alice-web-3fa92c.azurewebsites.net" && output.name == "app-shop-alice-web-3fa92c"
    error_message = "The address is an output."
  }

  assert {
    condition     = azurerm_monitor_diagnostic_setting.this.log_analytics_workspace_id == var.log_workspace_id && length(azurerm_monitor_diagnostic_setting.this.enabled_log) == 4
    error_message = "Logs are on."
  }
}

run "free" {
  command = plan

  variables {
    tier    = "free"
    runtime = "node"
  }

  assert {
    condition     = azurerm_service_plan.this[0].sku_name == "F1" && azurerm_linux_web_app.this.site_config[0].always_on == false && azurerm_linux_web_app.this.site_config[0].use_32_bit_worker == true
    error_message = "free: shared, sleeps."
  }

  assert {
    condition     = azurerm_linux_web_app.this.site_config[0].application_stack[0].node_version == "24-lts"
    error_message = "The newest Node.js."
  }
}

run "premium_image" {
  command = plan

  variables {
    settings = { LOG_LEVEL = "info" }
    secrets  = { DATABASE_URL = "https://kv-shop-alice-3fa92c.vault.azure.net/secrets/postgresql-url" }
    tier     = "premium"
    runtime  = "image"
    port     = 3000
    registry = { login_server = "crshopalice3fa92c.azurecr.io" }
    name     = "a-project-with-a-long-name-that-goes-on-env-of-alice-smithson"
    suffix   = "b81d07"
    app      = "a-very-long-app-name"
  }

  assert {
    condition     = azurerm_service_plan.this[0].sku_name == "P0v3" && azurerm_service_plan.this[0].worker_count == 2 && azurerm_service_plan.this[0].zone_balancing_enabled == true
    error_message = "premium: two machines in two zones."
  }

  assert {
    condition     = azurerm_linux_web_app_slot.staging[0].name == "staging" && azurerm_linux_web_app_slot.staging[0].app_settings == azurerm_linux_web_app.this.app_settings && azurerm_linux_web_app_slot.staging[0].https_only == true && azurerm_linux_web_app_slot.staging[0].vnet_image_pull_enabled == azurerm_linux_web_app.this.vnet_image_pull_enabled && azurerm_linux_web_app_slot.staging[0].site_config[0].minimum_tls_version == "1.2" && azurerm_linux_web_app_slot.staging[0].webdeploy_publish_basic_authentication_enabled == false
    error_message = "The slot is like the app."
  }

  assert {
    condition     = azurerm_linux_web_app.this.site_config[0].container_registry_use_managed_identity == true && azurerm_linux_web_app.this.site_config[0].container_registry_managed_identity_client_id == var.identity.client_id
    error_message = "The identity pulls the image."
  }

  assert {
    condition     = azurerm_linux_web_app.this.app_settings["WEBSITES_PORT"] == "3000"
    error_message = "App Service knows the port of the image."
  }

  assert {
    condition     = can(regex("^app-a-project-with-a-long-name-that-g-[0-9a-f]{6}-b81d07$", azurerm_linux_web_app.this.name)) && length("${azurerm_linux_web_app.this.name}-staging") <= 59 && length(azurerm_service_plan.this[0].name) <= 60
    error_message = "Long names are cut."
  }
}

run "long_names_differ" {
  command = plan

  variables {
    name                = "a-project-with-a-long-name-that-goes-on-env-of-alice-smithson"
    suffix              = "b81d07"
    app                 = "a-very-long-app-nam2"
    tier                = "standard"
    runtime             = "dotnet"
    runtime_version     = "10.0"
    minimum_tls_version = "1.3"
  }

  assert {
    condition     = azurerm_linux_web_app.this.name == "app-a-project-with-a-long-name-that-g-${substr(sha256("a-project-with-a-long-name-that-goes-on-env-of-alice-smithson-a-very-long-app-nam2"), 0, 6)}-b81d07"
    error_message = "A cut name ends in a hash of all of it, so that apps whose names begin alike differ."
  }

  assert {
    condition     = azurerm_service_plan.this[0].sku_name == "S1" && length(azurerm_linux_web_app_slot.staging) == 1 && azurerm_linux_web_app.this.site_config[0].application_stack[0].dotnet_version == "10.0" && azurerm_linux_web_app.this.site_config[0].minimum_tls_version == "1.3"
    error_message = "standard: a slot; versions can be chosen."
  }
}

run "one_premium_machine" {
  command = plan

  variables {
    tier      = "premium"
    instances = 1
  }

  assert {
    condition     = azurerm_service_plan.this[0].worker_count == 1 && azurerm_service_plan.this[0].zone_balancing_enabled == false
    error_message = "One machine stands in one zone."
  }
}

run "shared_plan" {
  command = plan

  variables {
    runtime      = "python"
    service_plan = { id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.Web/serverFarms/plan-shop-alice-api" }
  }

  assert {
    condition     = length(azurerm_service_plan.this) == 0 && azurerm_linux_web_app.this.service_plan_id == var.service_plan.id && output.service_plan_id == var.service_plan.id
    error_message = "Apps can share a plan."
  }
}

run "refuses_old_versions" {
  command = plan

  variables {
    runtime         = "node"
    runtime_version = "14"
  }

  expect_failures = [var.runtime_version]
}

run "refuses_a_network_for_free" {
  command = plan

  variables {
    tier      = "free"
    subnet_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.Network/virtualNetworks/vnet-shop-alice/subnets/snet-web-app"
  }

  expect_failures = [var.subnet_id]
}

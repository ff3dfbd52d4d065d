variables {
  name                = "shop-alice"
  suffix              = "3fa92c"
  resource_group_name = "rg-shop-alice"
  location            = "westeurope"
  tags                = { project = "shop", environment = "alice" }
  app                 = "mail"
  runtime             = "python"
  log_workspace_id    = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.OperationalInsights/workspaces/log-shop-alice"
  identity = {
    id           = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-shop-alice"
    name         = "id-shop-alice"
    client_id    = "33333333-3333-3333-3333-333333333333"
    principal_id = "44444444-4444-4444-4444-444444444444"
  }
}

run "flex" {

  variables {
    settings           = { LOG_LEVEL = "info", APPLICATIONINSIGHTS_CONNECTION_STRING = "InstrumentationKey=x" }
    secrets            = { DATABASE_URL = "https://kv-shop-alice-3fa92c.vault.azure.net/secrets/postgresql-url" }
    subnet_id          = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.Network/virtualNetworks/vnet-shop-alice/subnets/snet-web-app"
    storage_subnet_ids = ["/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.Network/virtualNetworks/vnet-shop-alice/subnets/snet-web-app"]
    key_vault          = { id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.KeyVault/vaults/kv-shop-alice-3fa92c" }
  }

  assert {
    condition     = azurerm_function_app_flex_consumption.this[0].name == "func-shop-alice-mail-3fa92c" && azurerm_service_plan.this.name == "plan-shop-alice-mail" && azurerm_service_plan.this.sku_name == "FC1" && length(azurerm_linux_function_app.this) == 0
    error_message = "flex, and the app takes part in the names."
  }

  assert {
    condition     = azurerm_function_app_flex_consumption.this[0].tags["project"] == "shop" && azurerm_function_app_flex_consumption.this[0].tags["environment"] == "alice" && azurerm_service_plan.this.tags["project"] == "shop" && azurerm_service_plan.this.tags["environment"] == "alice" && azurerm_storage_account.this.tags["project"] == "shop" && azurerm_storage_account.this.tags["environment"] == "alice"
    error_message = "Every resource that can carry tags has them."
  }

  assert {
    condition     = azurerm_function_app_flex_consumption.this[0].https_only == true && azurerm_function_app_flex_consumption.this[0].site_config[0].minimum_tls_version == "1.2" && azurerm_function_app_flex_consumption.this[0].webdeploy_publish_basic_authentication_enabled == false
    error_message = "HTTPS only, TLS 1.2 at least, no password to deploy with."
  }

  assert {
    condition     = azurerm_function_app_flex_consumption.this[0].storage_authentication_type == "UserAssignedIdentity" && azurerm_function_app_flex_consumption.this[0].storage_user_assigned_identity_id == var.identity.id && azurerm_function_app_flex_consumption.this[0].app_settings["AzureWebJobsStorage__clientId"] == var.identity.client_id && azurerm_function_app_flex_consumption.this[0].app_settings["AzureWebJobsStorage__credential"] == "managedidentity" && azurerm_function_app_flex_consumption.this[0].app_settings["AzureWebJobsStorage__accountName"] == azurerm_storage_account.this.name
    error_message = "Storage is used with the identity."
  }

  assert {
    condition     = azurerm_storage_account.this.shared_access_key_enabled == false && azurerm_storage_account.this.min_tls_version == "TLS1_2" && azurerm_storage_account.this.network_rules[0].default_action == "Deny" && length(azurerm_storage_account.this.network_rules[0].virtual_network_subnet_ids) == 1
    error_message = "Storage has no keys, and admits only the subnet."
  }

  assert {
    condition     = length(azurerm_role_assignment.storage) == 3 && azurerm_role_assignment.vault[0].role_definition_name == "Key Vault Secrets User"
    error_message = "Roles for storage and the vault."
  }

  assert {
    condition     = azurerm_function_app_flex_consumption.this[0].app_settings["DATABASE_URL"] == "@Microsoft.KeyVault(SecretUri=https://kv-shop-alice-3fa92c.vault.azure.net/secrets/postgresql-url)" && azurerm_function_app_flex_consumption.this[0].app_settings["LOG_LEVEL"] == "info" && azurerm_function_app_flex_consumption.this[0].app_settings["ALOFT_URL"] == "https://${azurerm_function_app_flex_consumption.this[0].name}.azurewebsites.net"
    error_message = "Secrets are given by reference."
  }

  assert {
    condition     = azurerm_function_app_flex_consumption.this[0].site_config[0].application_insights_connection_string == "InstrumentationKey=x" && !contains(keys(azurerm_function_app_flex_consumption.this[0].app_settings), "APPLICATIONINSIGHTS_CONNECTION_STRING")
    error_message = "The provider keeps this setting in its own place."
  }

  assert {
    condition     = azurerm_function_app_flex_consumption.this[0].runtime_name == "python" && azurerm_function_app_flex_consumption.this[0].runtime_version == "3.13" && azurerm_function_app_flex_consumption.this[0].virtual_network_subnet_id == var.subnet_id
    error_message = "The newest Python, in the network."
  }

  assert {
    condition     = output.url == "https://func-shop-alice-mail-3fa92c.azurewebsites.net" && endswith(output.package_container, "/releases")
    error_message = "The address is an output."
  }

  assert {
    condition     = azurerm_monitor_diagnostic_setting.this.log_analytics_workspace_id == var.log_workspace_id
    error_message = "Logs are on."
  }
}

run "consumption" {
  command = plan

  variables {
    tier    = "consumption"
    runtime = "java"
  }

  assert {
    condition     = azurerm_service_plan.this.sku_name == "Y1" && length(azurerm_function_app_flex_consumption.this) == 0 && azurerm_linux_function_app.this[0].site_config[0].application_stack[0].java_version == "21"
    error_message = "consumption: Java 21."
  }

  assert {
    condition     = azurerm_linux_function_app.this[0].https_only == true && azurerm_linux_function_app.this[0].site_config[0].minimum_tls_version == "1.2" && azurerm_linux_function_app.this[0].site_config[0].ftps_state == "Disabled" && azurerm_linux_function_app.this[0].ftp_publish_basic_authentication_enabled == false && azurerm_linux_function_app.this[0].webdeploy_publish_basic_authentication_enabled == false
    error_message = "HTTPS only, TLS 1.2 at least, no password to deploy with."
  }

  assert {
    condition     = azurerm_linux_function_app.this[0].storage_uses_managed_identity == true && azurerm_linux_function_app.this[0].key_vault_reference_identity_id == var.identity.id
    error_message = "The identity uses the storage and reads the vault."
  }

  assert {
    condition     = !contains(keys(azurerm_linux_function_app.this[0].app_settings), "AzureWebJobsStorage__accountName") && azurerm_linux_function_app.this[0].app_settings["AzureWebJobsStorage__clientId"] == var.identity.client_id && azurerm_linux_function_app.this[0].app_settings["ALOFT_URL"] == "https://${azurerm_linux_function_app.this[0].name}.azurewebsites.net"
    error_message = "What the provider keeps out of the settings is not among them: every plan would show it."
  }

  assert {
    condition     = can(regex("^[a-z0-9]{3,24}$", azurerm_storage_account.this.name)) && endswith(azurerm_storage_account.this.name, "3fa92c")
    error_message = "Storage has a name of its own."
  }
}

run "premium_long_name" {
  command = plan

  variables {
    tier              = "premium"
    runtime           = "dotnet"
    health_check_path = "/api/health"
    name              = "a-project-with-a-long-name-that-goes-on-env-of-alice-smithson"
    suffix            = "b81d07"
    app               = "a-very-long-app-name"
  }

  assert {
    condition     = azurerm_service_plan.this.sku_name == "EP1" && azurerm_linux_function_app.this[0].site_config[0].elastic_instance_minimum == 1 && azurerm_linux_function_app.this[0].site_config[0].health_check_path == "/api/health" && azurerm_storage_account.this.account_replication_type == "LRS"
    error_message = "premium: a machine stays warm; its storage is to be had in every region."
  }

  assert {
    condition     = azurerm_linux_function_app.this[0].site_config[0].application_stack[0].dotnet_version == "10.0" && azurerm_linux_function_app.this[0].site_config[0].application_stack[0].use_dotnet_isolated_runtime == true
    error_message = "The newest .NET, isolated."
  }

  assert {
    condition     = azurerm_linux_function_app.this[0].name == "func-a-project-with-a-long-name-that-g-${substr(sha256("a-project-with-a-long-name-that-goes-on-env-of-alice-smithson-a-very-long-app-name"), 0, 6)}-b81d07" && length(azurerm_linux_function_app.this[0].name) <= 60 && azurerm_storage_account.this.name == "stfaprojectw${substr(sha256("a-project-with-a-long-name-that-goes-on-env-of-alice-smithson-a-very-long-app-name"), 0, 6)}b81d07"
    error_message = "Cut names end in a hash of all of it."
  }
}

run "another_tier" {

  variables {
    tier    = "consumption"
    runtime = "java"
  }

  override_resource {
    target = azurerm_service_plan.this
    values = {
      id   = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.Web/serverFarms/plan-shop-alice-mail"
      kind = "functionapp"
    }
  }

  assert {
    condition     = azurerm_service_plan.this.kind == "functionapp" && length(azurerm_function_app_flex_consumption.this) == 0
    error_message = "Another tier is another plan: none changes its kind."
  }
}

run "and_another" {

  variables {
    tier    = "premium"
    runtime = "java"
  }

  override_resource {
    target = azurerm_service_plan.this
    values = {
      id   = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.Web/serverFarms/plan-shop-alice-mail"
      kind = "elastic"
    }
  }

  override_resource {
    target = azurerm_linux_function_app.this
    values = {
      id               = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.Web/sites/func-shop-alice-mail-3fa92c"
      default_hostname = "anew.azurewebsites.net"
    }
  }

  assert {
    condition     = azurerm_service_plan.this.kind == "elastic" && output.hostname == "anew.azurewebsites.net"
    error_message = "So is the app on it."
  }
}

run "refuses_secrets_without_a_vault" {
  command = plan

  variables {
    settings = { LOG_LEVEL = "info" }
    secrets  = { DATABASE_URL = "https://kv-shop-alice-3fa92c.vault.azure.net/secrets/postgresql-url" }
  }

  expect_failures = [azurerm_function_app_flex_consumption.this]
}

run "refuses_new_versions_on_consumption" {
  command = plan

  variables {
    tier            = "consumption"
    runtime_version = "3.14"
  }

  expect_failures = [var.runtime_version]
}

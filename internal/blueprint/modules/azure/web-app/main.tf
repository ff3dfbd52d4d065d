# A web app on App Service (Linux). What it runs is deployed later, by
# Aloft; here it gets its place, its settings and its rights.

locals {
  # A name that is cut ends in a hash of all of it, so that no two are the same.
  # At most 51 characters for the app (60 for App Service, less "-staging"), the
  # name is unique in Azure; at most 60 for the plan.
  full_name = "${var.name}-${var.app}"
  app_name  = length(local.full_name) <= 40 ? local.full_name : "${trim(substr(local.full_name, 0, 33), "-")}-${substr(sha256(local.full_name), 0, 6)}"
  name      = "app-${local.app_name}-${var.suffix}"
  plan_name = length(local.full_name) <= 55 ? local.full_name : "${trim(substr(local.full_name, 0, 48), "-")}-${substr(sha256(local.full_name), 0, 6)}"

  # free is shared with strangers and sleeps; basic is one machine of your own;
  # standard adds a staging slot; premium has newer machines, two of them in
  # two zones.
  sizes = {
    free     = "F1"
    basic    = "B1"
    standard = "S1"
    premium  = "P0v3"
  }
  paid           = var.tier != "free"
  slots          = contains(["standard", "premium"], var.tier)
  instances      = coalesce(var.instances, var.tier == "premium" ? 2 : 1)
  zone_redundant = coalesce(var.zone_redundant, var.tier == "premium" && local.instances > 1)

  newest = {
    java   = "25"
    dotnet = "10.0"
    node   = "24"
    python = "3.14"
    php    = "8.4"
    image  = ""
  }
  version = var.runtime == "image" ? "" : coalesce(var.runtime_version, local.newest[var.runtime])

  settings = merge(
    # Where the app is reached: a setting cannot ask the app that it belongs to.
    { ALOFT_URL = "https://${local.name}.azurewebsites.net" },
    # App Service has to know where an image listens; other runtimes tell it.
    var.runtime == "image" ? { WEBSITES_PORT = tostring(var.port), WEBSITES_ENABLE_APP_SERVICE_STORAGE = "false" } : {},
    # A swap waits until the new release answers there, and as it should: App Service
    # takes any status for an answer otherwise.
    local.slots ? {
      WEBSITE_SWAP_WARMUP_PING_PATH     = coalesce(var.health_check_path, "/")
      WEBSITE_SWAP_WARMUP_PING_STATUSES = var.health_check_path == null ? "200,202,204,301,302,303,304,307,308,400,401,403,404,405" : "200,202,204"
    } : {},
    var.settings,
    { for setting, id in var.secrets : setting => "@Microsoft.KeyVault(SecretUri=${id})" },
  )

  service_plan_id = one(concat(azurerm_service_plan.this[*].id, var.service_plan[*].id))
}

resource "azurerm_service_plan" "this" {
  count = var.service_plan == null ? 1 : 0

  name                = "plan-${local.plan_name}"
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags

  os_type                = "Linux"
  sku_name               = coalesce(var.sku_name, local.sizes[var.tier])
  worker_count           = local.instances
  zone_balancing_enabled = local.zone_redundant
}

resource "azurerm_linux_web_app" "this" {
  name                = local.name
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags

  service_plan_id           = local.service_plan_id
  virtual_network_subnet_id = var.subnet_id
  vnet_image_pull_enabled   = var.subnet_id != null # a private registry is reached from there only

  https_only                                     = true
  client_affinity_enabled                        = false
  ftp_publish_basic_authentication_enabled       = false
  webdeploy_publish_basic_authentication_enabled = false

  identity {
    type         = "UserAssigned"
    identity_ids = [var.identity.id]
  }
  key_vault_reference_identity_id = var.identity.id

  app_settings = local.settings

  site_config {
    always_on                         = local.paid
    app_command_line                  = var.start_command
    use_32_bit_worker                 = !local.paid
    http2_enabled                     = true
    ftps_state                        = "Disabled"
    minimum_tls_version               = var.minimum_tls_version
    scm_minimum_tls_version           = var.minimum_tls_version
    vnet_route_all_enabled            = true
    health_check_path                 = local.paid ? var.health_check_path : null
    health_check_eviction_time_in_min = local.paid ? 2 : null

    container_registry_use_managed_identity       = var.registry != null
    container_registry_managed_identity_client_id = var.registry == null ? null : var.identity.client_id

    application_stack {
      java_version        = var.runtime == "java" ? local.version : null
      java_server         = var.runtime == "java" ? "JAVA" : null
      java_server_version = var.runtime == "java" ? local.version : null
      dotnet_version      = var.runtime == "dotnet" ? local.version : null
      node_version        = var.runtime == "node" ? "${local.version}-lts" : null
      python_version      = var.runtime == "python" ? local.version : null
      php_version         = var.runtime == "php" ? local.version : null

      # A page of Microsoft's, until the first image is deployed.
      docker_image_name   = var.runtime == "image" ? "appsvc/staticsite:latest" : null
      docker_registry_url = var.runtime == "image" ? "https://mcr.microsoft.com" : null
    }
  }

  logs {
    application_logs {
      file_system_level = "Information"
    }

    http_logs {
      file_system {
        retention_in_days = 3
        retention_in_mb   = 35
      }
    }
  }

  lifecycle {
    # A deployment sets these; applying does not take it back.
    ignore_changes = [
      site_config[0].application_stack[0].docker_image_name,
      site_config[0].application_stack[0].docker_registry_url,
    ]
  }
}

# The next release starts here, warms up, and is swapped in without downtime. It
# has the same settings, so that a swap changes nothing but the release.
resource "azurerm_linux_web_app_slot" "staging" {
  count = local.slots ? 1 : 0

  name                      = "staging"
  app_service_id            = azurerm_linux_web_app.this.id
  virtual_network_subnet_id = var.subnet_id
  vnet_image_pull_enabled   = var.subnet_id != null
  tags                      = var.tags

  https_only                                     = true
  client_affinity_enabled                        = false
  ftp_publish_basic_authentication_enabled       = false
  webdeploy_publish_basic_authentication_enabled = false

  identity {
    type         = "UserAssigned"
    identity_ids = [var.identity.id]
  }
  key_vault_reference_identity_id = var.identity.id

  app_settings = local.settings

  site_config {
    always_on                         = local.paid
    app_command_line                  = var.start_command
    use_32_bit_worker                 = !local.paid
    http2_enabled                     = true
    ftps_state                        = "Disabled"
    minimum_tls_version               = var.minimum_tls_version
    scm_minimum_tls_version           = var.minimum_tls_version
    vnet_route_all_enabled            = true
    health_check_path                 = local.paid ? var.health_check_path : null
    health_check_eviction_time_in_min = local.paid ? 2 : null

    container_registry_use_managed_identity       = var.registry != null
    container_registry_managed_identity_client_id = var.registry == null ? null : var.identity.client_id

    application_stack {
      java_version        = var.runtime == "java" ? local.version : null
      java_server         = var.runtime == "java" ? "JAVA" : null
      java_server_version = var.runtime == "java" ? local.version : null
      dotnet_version      = var.runtime == "dotnet" ? local.version : null
      node_version        = var.runtime == "node" ? "${local.version}-lts" : null
      python_version      = var.runtime == "python" ? local.version : null
      php_version         = var.runtime == "php" ? local.version : null

      # A page of Microsoft's, until the first image is deployed.
      docker_image_name   = var.runtime == "image" ? "appsvc/staticsite:latest" : null
      docker_registry_url = var.runtime == "image" ? "https://mcr.microsoft.com" : null
    }
  }

  logs {
    application_logs {
      file_system_level = "Information"
    }

    http_logs {
      file_system {
        retention_in_days = 3
        retention_in_mb   = 35
      }
    }
  }

  lifecycle {
    # A deployment sets these; applying does not take it back.
    ignore_changes = [
      site_config[0].application_stack[0].docker_image_name,
      site_config[0].application_stack[0].docker_registry_url,
    ]
  }
}

resource "azurerm_monitor_diagnostic_setting" "this" {
  name                       = "logs"
  target_resource_id         = azurerm_linux_web_app.this.id
  log_analytics_workspace_id = var.log_workspace_id

  # What the app prints, its requests, and what App Service says about it.
  enabled_log {
    category = "AppServiceConsoleLogs"
  }

  enabled_log {
    category = "AppServiceAppLogs"
  }

  enabled_log {
    category = "AppServiceHTTPLogs"
  }

  enabled_log {
    category = "AppServicePlatformLogs"
  }
}

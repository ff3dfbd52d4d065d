# A function app (Linux): code that runs when something happens. What it runs is
# deployed later, by Aloft.

locals {
  # A name that is cut ends in a hash of all of it, so that no two are the same.
  # At most 60 characters, unique in Azure.
  full_name  = "${var.name}-${var.app}"
  short_name = length(local.full_name) <= 40 ? local.full_name : "${trim(substr(local.full_name, 0, 33), "-")}-${substr(sha256(local.full_name), 0, 6)}"
  plan_name  = length(local.full_name) <= 55 ? local.full_name : "${trim(substr(local.full_name, 0, 48), "-")}-${substr(sha256(local.full_name), 0, 6)}"
  name       = "func-${local.short_name}-${var.suffix}"

  # 24 lower-case letters and digits, unique in Azure; one for each app.
  storage_name = "stf${substr(replace(var.name, "-", ""), 0, 9)}${substr(sha256(local.full_name), 0, 6)}${var.suffix}"

  # consumption is the older one: Linux there gets no newer runtimes, and ends in
  # September 2028. flex costs nothing while nothing runs, too, and can reach a
  # virtual network. premium keeps a machine warm.
  sizes = {
    consumption = "Y1"
    flex        = "FC1"
    premium     = "EP1"
  }
  flex = var.tier == "flex"

  newest = {
    java   = "21"
    dotnet = "10.0" # consumption has none that is supported
    node   = var.tier == "consumption" ? "22" : "24"
    python = var.tier == "consumption" ? "3.12" : "3.13"
    custom = "1.0"
  }
  version = coalesce(var.runtime_version, local.newest[var.runtime])

  # The provider keeps this setting in a place of its own.
  insights = lookup(var.settings, "APPLICATIONINSIGHTS_CONNECTION_STRING", null)

  settings = merge(
    # Where it is reached: a setting cannot ask the app that it belongs to.
    { ALOFT_URL = "https://${local.name}.azurewebsites.net" },
    { for setting, value in var.settings : setting => value if setting != "APPLICATIONINSIGHTS_CONNECTION_STRING" },
    { for setting, id in var.secrets : setting => "@Microsoft.KeyVault(SecretUri=${id})" },
    {
      # Functions keep what they remember (timers, leases) in storage, and log in
      # to it with the identity.
      AzureWebJobsStorage__credential = "managedidentity"
      AzureWebJobsStorage__clientId   = var.identity.client_id
    },
    # The provider sets it for the other tiers, and keeps it in a place of its own.
    local.flex ? { AzureWebJobsStorage__accountName = azurerm_storage_account.this.name } : {},
  )

  # Both kinds of app, as one.
  app = one(concat(
    [for app in azurerm_linux_function_app.this : { id = app.id, name = app.name, hostname = app.default_hostname }],
    [for app in azurerm_function_app_flex_consumption.this : { id = app.id, name = app.name, hostname = app.default_hostname }],
  ))
}

# Packages that were deployed, and the bookkeeping of the functions. Keys are
# switched off: only the identity can use it.
resource "azurerm_storage_account" "this" {
  name                = local.storage_name
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags

  account_kind             = "StorageV2"
  account_tier             = "Standard"
  account_replication_type = "LRS"

  min_tls_version                  = "TLS1_2"
  https_traffic_only_enabled       = true
  shared_access_key_enabled        = false
  default_to_oauth_authentication  = true
  local_user_enabled               = false
  allow_nested_items_to_be_public  = false
  cross_tenant_replication_enabled = false

  # With subnets, nobody else can reach it. Without, the app has no address of
  # its own to admit (consumption never has), and the roles are the guard.
  network_rules {
    default_action             = length(var.storage_subnet_ids) > 0 ? "Deny" : "Allow"
    bypass                     = ["None"]
    ip_rules                   = length(var.storage_subnet_ids) > 0 ? var.deployer_ip_addresses : []
    virtual_network_subnet_ids = var.storage_subnet_ids
  }
}

resource "azurerm_storage_container" "releases" {
  name                  = "releases"
  storage_account_id    = azurerm_storage_account.this.id
  container_access_type = "private"
}

resource "azurerm_role_assignment" "storage" {
  for_each = toset([
    "Storage Blob Data Owner",
    "Storage Queue Data Contributor",
    "Storage Table Data Contributor",
  ])

  scope                = azurerm_storage_account.this.id
  role_definition_name = each.key
  principal_id         = var.identity.principal_id
  principal_type       = "ServicePrincipal"
}

# On Linux no plan becomes one of another tier. So with another tier plan and app
# are made anew, one after the other.
resource "terraform_data" "tier" {
  input = var.tier
}

resource "azurerm_service_plan" "this" {
  name                = "plan-${local.plan_name}"
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags

  os_type                      = "Linux"
  sku_name                     = coalesce(var.sku_name, local.sizes[var.tier])
  maximum_elastic_worker_count = var.tier == "premium" ? var.maximum_instances : null

  lifecycle {
    replace_triggered_by = [terraform_data.tier]
  }
}

resource "azurerm_linux_function_app" "this" {
  count = local.flex ? 0 : 1

  name                = local.name
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags

  service_plan_id           = azurerm_service_plan.this.id
  virtual_network_subnet_id = var.subnet_id

  storage_account_name          = azurerm_storage_account.this.name
  storage_uses_managed_identity = true
  builtin_logging_enabled       = false
  functions_extension_version   = "~4"

  https_only                                     = true
  ftp_publish_basic_authentication_enabled       = false
  webdeploy_publish_basic_authentication_enabled = false

  identity {
    type         = "UserAssigned"
    identity_ids = [var.identity.id]
  }
  key_vault_reference_identity_id = var.identity.id

  app_settings = merge(local.settings, {
    # With this identity the package is fetched from the container of releases.
    WEBSITE_RUN_FROM_PACKAGE_BLOB_MI_RESOURCE_ID = var.identity.id
  })

  site_config {
    http2_enabled                          = true
    ftps_state                             = "Disabled"
    minimum_tls_version                    = "1.2"
    scm_minimum_tls_version                = "1.2"
    vnet_route_all_enabled                 = var.tier == "premium"
    elastic_instance_minimum               = var.tier == "premium" ? 1 : null
    application_insights_connection_string = local.insights
    health_check_path                      = var.tier == "premium" ? var.health_check_path : null
    health_check_eviction_time_in_min      = var.tier == "premium" && var.health_check_path != null ? 2 : null

    application_stack {
      java_version                = var.runtime == "java" ? local.version : null
      dotnet_version              = var.runtime == "dotnet" ? local.version : null
      use_dotnet_isolated_runtime = var.runtime == "dotnet" ? true : null
      node_version                = var.runtime == "node" ? local.version : null
      python_version              = var.runtime == "python" ? local.version : null
      use_custom_runtime          = var.runtime == "custom" ? true : null
    }
  }

  lifecycle {
    replace_triggered_by = [terraform_data.tier]

    # A deployment sets it; applying does not take it back.
    ignore_changes = [app_settings["WEBSITE_RUN_FROM_PACKAGE"]]
  }

  depends_on = [azurerm_role_assignment.storage]
}

resource "azurerm_function_app_flex_consumption" "this" {
  count = local.flex ? 1 : 0

  name                = local.name
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags

  service_plan_id           = azurerm_service_plan.this.id
  virtual_network_subnet_id = var.subnet_id

  runtime_name           = var.runtime == "dotnet" ? "dotnet-isolated" : var.runtime
  runtime_version        = local.version
  maximum_instance_count = var.maximum_instances
  instance_memory_in_mb  = var.instance_memory_mb

  storage_container_type            = "blobContainer"
  storage_container_endpoint        = "${azurerm_storage_account.this.primary_blob_endpoint}${azurerm_storage_container.releases.name}"
  storage_authentication_type       = "UserAssignedIdentity"
  storage_user_assigned_identity_id = var.identity.id

  https_only                                     = true
  webdeploy_publish_basic_authentication_enabled = false

  # The provider cannot say yet which identity reads the vault of a flex app, and
  # Azure then takes the one that the system assigns.
  identity {
    type         = "SystemAssigned, UserAssigned"
    identity_ids = [var.identity.id]
  }

  app_settings = local.settings

  site_config {
    http2_enabled                          = true
    minimum_tls_version                    = "1.2"
    scm_minimum_tls_version                = "1.2"
    application_insights_connection_string = local.insights
  }

  lifecycle {
    precondition {
      condition     = length(var.secrets) == 0 || var.key_vault != null
      error_message = "A flex function with secrets needs key_vault: its own identity has to be allowed to read them."
    }
  }

  depends_on = [azurerm_role_assignment.storage]
}

resource "azurerm_role_assignment" "vault" {
  count = local.flex && var.key_vault != null ? 1 : 0

  scope                = var.key_vault.id
  role_definition_name = "Key Vault Secrets User"
  principal_id         = azurerm_function_app_flex_consumption.this[0].identity[0].principal_id
  principal_type       = "ServicePrincipal"
}

resource "azurerm_monitor_diagnostic_setting" "this" {
  name                       = "logs"
  target_resource_id         = local.app.id
  log_analytics_workspace_id = var.log_workspace_id

  enabled_log {
    category = "FunctionAppLogs"
  }
}

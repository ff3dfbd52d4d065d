# Stands before every test of a module: an Azure that makes up what it is asked.
# The provider still checks ids that resources hand to each other, so these have
# the form of real ones.

mock_provider "azurerm" {
  mock_data "azurerm_client_config" {
    defaults = {
      tenant_id       = "11111111-1111-1111-1111-111111111111"
      object_id       = "22222222-2222-2222-2222-222222222222"
      client_id       = "77777777-7777-7777-7777-777777777777"
      subscription_id = "00000000-0000-0000-0000-000000000000"
    }
  }

  mock_resource "azurerm_user_assigned_identity" {
    defaults = {
      id           = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-shop-alice"
      client_id    = "33333333-3333-3333-3333-333333333333"
      principal_id = "44444444-4444-4444-4444-444444444444"
    }
  }

  mock_resource "azurerm_log_analytics_workspace" {
    defaults = {
      id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.OperationalInsights/workspaces/log-shop-alice"
    }
  }

  mock_resource "azurerm_application_insights" {
    defaults = {
      id                = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.Insights/components/appi-shop-alice"
      connection_string = "InstrumentationKey=55555555-5555-5555-5555-555555555555"
    }
  }

  mock_resource "azurerm_virtual_network" {
    defaults = {
      id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.Network/virtualNetworks/vnet-shop-alice"
    }
  }

  mock_resource "azurerm_subnet" {
    defaults = {
      id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.Network/virtualNetworks/vnet-shop-alice/subnets/snet-endpoints"
    }
  }

  mock_resource "azurerm_private_dns_zone" {
    defaults = {
      id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.Network/privateDnsZones/shop.private.postgres.database.azure.com"
    }
  }

  mock_resource "azurerm_container_registry" {
    defaults = {
      id           = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.ContainerRegistry/registries/crshopalice3fa92c"
      login_server = "crshopalice3fa92c.azurecr.io"
    }
  }

  mock_resource "azurerm_key_vault" {
    defaults = {
      id        = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.KeyVault/vaults/kv-shop-alice-3fa92c"
      vault_uri = "https://kv-shop-alice-3fa92c.vault.azure.net/"
    }
  }

  mock_resource "azurerm_key_vault_secret" {
    defaults = {
      version        = "6666666666664666866666666666666f"
      versionless_id = "https://kv-shop-alice-3fa92c.vault.azure.net/secrets/mock"
    }
  }

  mock_resource "azurerm_postgresql_flexible_server" {
    defaults = {
      id   = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.DBforPostgreSQL/flexibleServers/psql-shop-alice-3fa92c"
      fqdn = "psql-shop-alice-3fa92c.postgres.database.azure.com"
    }
  }

  mock_resource "azurerm_mysql_flexible_server" {
    defaults = {
      id   = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.DBforMySQL/flexibleServers/mysql-shop-alice-3fa92c"
      fqdn = "mysql-shop-alice-3fa92c.mysql.database.azure.com"
    }
  }

  mock_resource "azurerm_mssql_server" {
    defaults = {
      id                          = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.Sql/servers/sql-shop-alice-3fa92c"
      fully_qualified_domain_name = "sql-shop-alice-3fa92c.database.windows.net"
    }
  }

  mock_resource "azurerm_mssql_database" {
    defaults = {
      id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.Sql/servers/sql-shop-alice-3fa92c/databases/app"
    }
  }

  mock_resource "azurerm_managed_redis" {
    defaults = {
      id       = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.Cache/redisEnterprise/redis-shop-alice-3fa92c"
      hostname = "redis-shop-alice-3fa92c.westeurope.redis.azure.net"
      default_database = {
        id   = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.Cache/redisEnterprise/redis-shop-alice-3fa92c/databases/default"
        port = 10000
      }
    }
  }

  mock_resource "azurerm_mongo_cluster" {
    defaults = {
      id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.DocumentDB/mongoClusters/cosmon-shop-alice-3fa92c"
    }
  }

  mock_resource "azurerm_storage_account" {
    defaults = {
      id                    = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.Storage/storageAccounts/stshopalice3fa92c"
      primary_blob_endpoint = "https://stshopalice3fa92c.blob.core.windows.net/"
    }
  }

  mock_resource "azurerm_service_plan" {
    defaults = {
      id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.Web/serverFarms/plan-shop-alice-web"
    }
  }

  mock_resource "azurerm_linux_web_app" {
    defaults = {
      id               = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.Web/sites/app-shop-alice-web-3fa92c"
      default_hostname = "app-shop-alice-web-3fa92c.azurewebsites.net"
    }
  }

  mock_resource "azurerm_linux_function_app" {
    defaults = {
      id               = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.Web/sites/func-shop-alice-mail-3fa92c"
      default_hostname = "func-shop-alice-mail-3fa92c.azurewebsites.net"
    }
  }

  mock_resource "azurerm_function_app_flex_consumption" {
    defaults = {
      id               = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.Web/sites/func-shop-alice-mail-3fa92c"
      default_hostname = "func-shop-alice-mail-3fa92c.azurewebsites.net"
    }
  }

  mock_resource "azurerm_container_app_environment" {
    defaults = {
      id             = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.App/managedEnvironments/cae-shop-alice"
      default_domain = "kind-sky-1234.westeurope.azurecontainerapps.io"
    }
  }

  mock_resource "azurerm_static_web_app" {
    defaults = {
      id                = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop-alice/providers/Microsoft.Web/staticSites/stapp-shop-alice-web"
      default_host_name = "kind-sky-1234.azurestaticapps.net"
    }
  }
}

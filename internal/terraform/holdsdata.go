package terraform

import (
	"path"
	"slices"
)

// holders are the types of resources that hold data, as patterns of path.Match.
// One too many costs an approval, one too few costs the data.
var holders = []string{
	"aloft_postgresql", "aloft_redis", "aloft_bucket", "aloft_volume",

	"*_database", "*_db", "*_bucket", "*_volume", "*_disk", "*_keyspace", "*_filesystem", "*_file_system",

	"azurerm_postgresql_*server", "azurerm_mysql_*server", "azurerm_mariadb_server", "azurerm_mssql_server",
	"azurerm_mssql_managed_instance", "azurerm_sql_server", "azurerm_*_flexible_database", "azurerm_cosmosdb_*",
	"azurerm_redis_cache", "azurerm_managed_redis", "azurerm_redis_enterprise_*", "azurerm_storage_*",
	"azurerm_key_vault", "azurerm_key_vault_secret", "azurerm_key_vault_key", "azurerm_key_vault_certificate",
	"azurerm_key_vault_managed_hardware_security_module", "azurerm_managed_disk", "azurerm_netapp_volume",
	"azurerm_container_registry", "azurerm_log_analytics_workspace", "azurerm_eventhub", "azurerm_servicebus_queue",
	"azurerm_servicebus_topic", "azurerm_search_service", "azurerm_recovery_services_vault", "azurerm_kusto_*",
	"azurerm_app_configuration",

	"aws_db_instance", "aws_rds_cluster", "aws_rds_cluster_instance", "aws_dynamodb_table", "aws_dynamodb_global_table",
	"aws_s3_bucket", "aws_s3_object", "aws_s3_directory_bucket", "aws_ebs_volume", "aws_efs_file_system", "aws_fsx_*",
	"aws_elasticache_cluster", "aws_elasticache_replication_group", "aws_elasticache_serverless_cache",
	"aws_memorydb_cluster", "aws_docdb_cluster", "aws_neptune_cluster", "aws_redshift_cluster",
	"aws_redshiftserverless_namespace", "aws_opensearch_domain", "aws_elasticsearch_domain", "aws_keyspaces_table",
	"aws_timestreamwrite_table", "aws_secretsmanager_secret", "aws_kms_key", "aws_ecr_repository", "aws_kinesis_stream",
	"aws_msk_cluster", "aws_sqs_queue", "aws_backup_vault", "aws_cloudwatch_log_group", "aws_cognito_user_pool",

	"google_sql_database_instance", "google_sql_database", "google_storage_bucket", "google_storage_bucket_object",
	"google_bigquery_dataset", "google_bigquery_table", "google_bigtable_*", "google_spanner_*", "google_firestore_*",
	"google_redis_*", "google_memcache_instance", "google_alloydb_*", "google_filestore_instance",
	"google_compute_*disk", "google_secret_manager_secret*", "google_kms_crypto_key", "google_artifact_registry_repository",
	"google_pubsub_topic", "google_pubsub_subscription",

	"kubernetes_persistent_volume*", "kubernetes_stateful_set*",
	"postgresql_schema", "mongodbatlas_*cluster", "digitalocean_database_cluster", "digitalocean_spaces_bucket",
	"hcloud_volume", "scaleway_rdb_instance", "docker_volume", "libvirt_volume", "vault_mount", "vault_kv_*",
	"upstash_redis_*", "neon_project", "neon_branch",
}

// settings are types that match a pattern of holders and only set something about one.
var settings = []string{
	"*_rule", "*_policy", "*_configuration", "*_attachment", "*_association", "*_subnet_group", "*_parameter_group",
	"*_option_group", "*_access_block", "*_versioning", "*_notification", "*_acl", "*_user", "*_iam_*", "*_role_assignment",
	"*_endpoint", "*_customer_managed_key", "*_network_rules", "*_active_directory_administrator", "*_firewall_rule",
}

// holdsData reports whether destroying a resource of that type may lose data.
func holdsData(resourceType string) bool {
	return slices.Contains(holders, resourceType) || matches(holders, resourceType) && !matches(settings, resourceType)
}

func matches(patterns []string, name string) bool {
	for _, pattern := range patterns {
		if ok, _ := path.Match(pattern, name); ok {
			return true
		}
	}
	return false
}

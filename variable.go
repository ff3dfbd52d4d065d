package aloft

import "slices"

// Variable is an environment variable under which apps look for something, and
// what it holds. Parts in braces are filled in by the target: {host}, {port},
// {database}, {user}, {query}, {sslmode}, {endpoint}… {password}, {url} and
// {connection-string} stand alone, and are secret where a password is in them.
type Variable struct {
	Name   string
	Value  string
	Reader string // the framework or runtime that reads it; "" = everybody
}

// Readers of variables, besides the runtimes of apps.
const (
	readerSpring    = "spring-boot"
	readerQuarkus   = "quarkus"
	readerMicronaut = "micronaut"
)

// Secret reports whether a password is in the value of a variable of that kind of
// service: it is then handed over by reference.
func (v Variable) Secret(kind string) bool {
	return (kind == "postgresql" || kind == "mysql") && slices.Contains([]string{"{password}", "{url}", "{connection-string}"}, v.Value)
}

// VariablesFor returns those that a runtime, or one of its frameworks, reads. The
// runtime java stands for every framework of Java.
func VariablesFor(runtime string, list []Variable) []Variable {
	readers := []string{"", runtime}
	switch runtime {
	case "java":
		readers = append(readers, readerSpring, readerQuarkus, readerMicronaut)
	case "quarkus-native":
		readers = append(readers, readerQuarkus)
	}
	return slices.DeleteFunc(slices.Clone(list), func(v Variable) bool { return !slices.Contains(readers, v.Reader) })
}

// PortVariables tell frameworks which port to listen on.
func PortVariables() []Variable {
	return []Variable{
		{"PORT", "{port}", ""},
		{"SERVER_PORT", "{port}", readerSpring},
		{"QUARKUS_HTTP_PORT", "{port}", readerQuarkus},
		{"MICRONAUT_SERVER_PORT", "{port}", readerMicronaut},
		{"ASPNETCORE_HTTP_PORTS", "{port}", "dotnet"},
		{"UVICORN_PORT", "{port}", "python"},
		{"FLASK_RUN_PORT", "{port}", "python"},
		{"SERVER_PORT", "{port}", "php"},
		{"ROCKET_PORT", "{port}", "rust"},
	}
}

// serviceVariables are the names under which a service is looked for.
//
//	libpq and most drivers  PGHOST, PGPORT, PGDATABASE, PGUSER, PGPASSWORD, PGSSLMODE
//	Spring Boot             spring.datasource, spring.r2dbc; spring.data.redis (3 and later),
//	                        spring.mongodb (4) and spring.data.mongodb (3); spring.cloud.azure
//	Quarkus                 quarkus.datasource, quarkus.redis, quarkus.mongodb
//	Micronaut               datasources.default, redis, mongodb
//	.NET                    ConnectionStrings:Default and others of that section
//	Laravel                 DB_…
var serviceVariables = map[string][]Variable{
	"postgresql": {
		{"DATABASE_URL", "{url}", ""},
		{"PGHOST", "{host}", ""},
		{"PGPORT", "{port}", ""},
		{"PGDATABASE", "{database}", ""},
		{"PGUSER", "{user}", ""},
		{"PGPASSWORD", "{password}", ""},
		{"PGSSLMODE", "{sslmode}", ""},
		{"JDBC_DATABASE_URL", "jdbc:postgresql://{host}:{port}/{database}{query}", "java"},
		{"JDBC_DATABASE_USERNAME", "{user}", "java"},
		{"JDBC_DATABASE_PASSWORD", "{password}", "java"},
		{"SPRING_DATASOURCE_URL", "jdbc:postgresql://{host}:{port}/{database}{query}", readerSpring},
		{"SPRING_DATASOURCE_USERNAME", "{user}", readerSpring},
		{"SPRING_DATASOURCE_PASSWORD", "{password}", readerSpring},
		{"SPRING_R2DBC_URL", "r2dbc:postgresql://{host}:{port}/{database}{query}", readerSpring},
		{"SPRING_R2DBC_USERNAME", "{user}", readerSpring},
		{"SPRING_R2DBC_PASSWORD", "{password}", readerSpring},
		{"QUARKUS_DATASOURCE_JDBC_URL", "jdbc:postgresql://{host}:{port}/{database}{query}", readerQuarkus},
		{"QUARKUS_DATASOURCE_REACTIVE_URL", "postgresql://{host}:{port}/{database}{query}", readerQuarkus},
		{"QUARKUS_DATASOURCE_USERNAME", "{user}", readerQuarkus},
		{"QUARKUS_DATASOURCE_PASSWORD", "{password}", readerQuarkus},
		{"DATASOURCES_DEFAULT_URL", "jdbc:postgresql://{host}:{port}/{database}{query}", readerMicronaut},
		{"DATASOURCES_DEFAULT_USERNAME", "{user}", readerMicronaut},
		{"DATASOURCES_DEFAULT_PASSWORD", "{password}", readerMicronaut},
		{"ConnectionStrings__Default", "{connection-string}", "dotnet"},
		{"ConnectionStrings__DefaultConnection", "{connection-string}", "dotnet"},
		{"DB_CONNECTION", "pgsql", "php"},
		{"DB_HOST", "{host}", "php"},
		{"DB_PORT", "{port}", "php"},
		{"DB_DATABASE", "{database}", "php"},
		{"DB_USERNAME", "{user}", "php"},
		{"DB_PASSWORD", "{password}", "php"},
	},
	"mysql": {
		{"DATABASE_URL", "{url}", ""},
		{"MYSQL_HOST", "{host}", ""},
		{"MYSQL_PORT", "{port}", ""},
		{"MYSQL_DATABASE", "{database}", ""},
		{"MYSQL_USER", "{user}", ""},
		{"MYSQL_PASSWORD", "{password}", ""},
		{"JDBC_DATABASE_URL", "jdbc:mysql://{host}:{port}/{database}?sslMode=REQUIRED", "java"},
		{"JDBC_DATABASE_USERNAME", "{user}", "java"},
		{"JDBC_DATABASE_PASSWORD", "{password}", "java"},
		{"SPRING_DATASOURCE_URL", "jdbc:mysql://{host}:{port}/{database}?sslMode=REQUIRED", readerSpring},
		{"SPRING_DATASOURCE_USERNAME", "{user}", readerSpring},
		{"SPRING_DATASOURCE_PASSWORD", "{password}", readerSpring},
		{"SPRING_R2DBC_URL", "r2dbc:mysql://{host}:{port}/{database}?sslMode=required", readerSpring},
		{"SPRING_R2DBC_USERNAME", "{user}", readerSpring},
		{"SPRING_R2DBC_PASSWORD", "{password}", readerSpring},
		{"QUARKUS_DATASOURCE_JDBC_URL", "jdbc:mysql://{host}:{port}/{database}?sslMode=REQUIRED", readerQuarkus},
		{"QUARKUS_DATASOURCE_REACTIVE_URL", "mysql://{host}:{port}/{database}?ssl-mode=REQUIRED", readerQuarkus},
		{"QUARKUS_DATASOURCE_USERNAME", "{user}", readerQuarkus},
		{"QUARKUS_DATASOURCE_PASSWORD", "{password}", readerQuarkus},
		{"DATASOURCES_DEFAULT_URL", "jdbc:mysql://{host}:{port}/{database}?sslMode=REQUIRED", readerMicronaut},
		{"DATASOURCES_DEFAULT_USERNAME", "{user}", readerMicronaut},
		{"DATASOURCES_DEFAULT_PASSWORD", "{password}", readerMicronaut},
		{"ConnectionStrings__Default", "{connection-string}", "dotnet"},
		{"ConnectionStrings__DefaultConnection", "{connection-string}", "dotnet"},
		{"DB_CONNECTION", "mysql", "php"},
		{"MYSQL_ATTR_SSL_CA", "/etc/ssl/certs/ca-certificates.crt", "php"},
		{"DB_HOST", "{host}", "php"},
		{"DB_PORT", "{port}", "php"},
		{"DB_DATABASE", "{database}", "php"},
		{"DB_USERNAME", "{user}", "php"},
		{"DB_PASSWORD", "{password}", "php"},
	},
	"sql-server": {
		{"DATABASE_URL", "sqlserver://{host}:{port}?database={database}&fedauth=ActiveDirectoryManagedIdentity&user+id={client-id}", ""},
		{"MSSQL_HOST", "{host}", ""},
		{"MSSQL_PORT", "{port}", ""},
		{"MSSQL_DATABASE", "{database}", ""},
		{"JDBC_DATABASE_URL", "jdbc:sqlserver://{host}:{port};databaseName={database};encrypt=true;authentication=ActiveDirectoryManagedIdentity;msiClientId={client-id}", "java"},
		{"SPRING_DATASOURCE_URL", "jdbc:sqlserver://{host}:{port};databaseName={database};encrypt=true;authentication=ActiveDirectoryManagedIdentity;msiClientId={client-id}", readerSpring},
		{"QUARKUS_DATASOURCE_JDBC_URL", "jdbc:sqlserver://{host}:{port};databaseName={database};encrypt=true;authentication=ActiveDirectoryManagedIdentity;msiClientId={client-id}", readerQuarkus},
		{"DATASOURCES_DEFAULT_URL", "jdbc:sqlserver://{host}:{port};databaseName={database};encrypt=true;authentication=ActiveDirectoryManagedIdentity;msiClientId={client-id}", readerMicronaut},
		{"ConnectionStrings__Default", "Server=tcp:{host},{port};Database={database};Encrypt=True;Authentication=Active Directory Managed Identity;User Id={client-id}", "dotnet"},
		{"ConnectionStrings__DefaultConnection", "Server=tcp:{host},{port};Database={database};Encrypt=True;Authentication=Active Directory Managed Identity;User Id={client-id}", "dotnet"},
		{"DB_CONNECTION", "sqlsrv", "php"},
		{"DB_HOST", "{host}", "php"},
		{"DB_PORT", "{port}", "php"},
		{"DB_DATABASE", "{database}", "php"},
	},
	"redis": {
		{"REDIS_URL", "rediss://{host}:{port}", ""},
		{"REDIS_HOST", "{host}", ""},
		{"REDIS_PORT", "{port}", ""},
		{"REDIS_USERNAME", "{user}", ""},
		{"SPRING_DATA_REDIS_HOST", "{host}", readerSpring},
		{"SPRING_DATA_REDIS_PORT", "{port}", readerSpring},
		{"SPRING_DATA_REDIS_USERNAME", "{user}", readerSpring},
		{"SPRING_DATA_REDIS_SSL_ENABLED", "true", readerSpring},
		{"SPRING_DATA_REDIS_AZURE_PASSWORDLESS_ENABLED", "true", readerSpring},
		{"QUARKUS_REDIS_HOSTS", "rediss://{host}:{port}", readerQuarkus},
		{"REDIS_URI", "rediss://{host}:{port}", readerMicronaut},
		{"ConnectionStrings__Redis", "{host}:{port},ssl=True,abortConnect=False", "dotnet"},
	},
	"mongodb": {
		{"MONGODB_URI", "{url}", ""},
		{"MONGODB_DATABASE", "{database}", ""},
		{"SPRING_MONGODB_URI", "{url}", readerSpring},
		{"SPRING_DATA_MONGODB_URI", "{url}", readerSpring},
		{"QUARKUS_MONGODB_CONNECTION_STRING", "{url}", readerQuarkus},
		{"QUARKUS_MONGODB_DATABASE", "{database}", readerQuarkus},
		{"ConnectionStrings__MongoDB", "{url}", "dotnet"},
	},
	"blob-storage": {
		{"AZURE_STORAGE_ACCOUNT", "{account}", ""},
		{"AZURE_STORAGE_BLOB_ENDPOINT", "{endpoint}", ""},
		{"AZURE_STORAGE_CONTAINER", "{container}", ""},
		{"SPRING_CLOUD_AZURE_STORAGE_BLOB_ACCOUNT_NAME", "{account}", readerSpring},
		{"SPRING_CLOUD_AZURE_STORAGE_BLOB_ENDPOINT", "{endpoint}", readerSpring},
		{"SPRING_CLOUD_AZURE_STORAGE_BLOB_CONTAINER_NAME", "{container}", readerSpring},
		{"QUARKUS_AZURE_STORAGE_BLOB_ENDPOINT", "{endpoint}", readerQuarkus},
		{"ConnectionStrings__Blobs", "{endpoint}", "dotnet"},
	},
	"key-vault": {
		{"AZURE_KEY_VAULT_URI", "{endpoint}", ""},
		{"SPRING_CLOUD_AZURE_KEYVAULT_SECRET_ENDPOINT", "{endpoint}", readerSpring},
		{"QUARKUS_AZURE_KEYVAULT_SECRET_ENDPOINT", "{endpoint}", readerQuarkus},
		{"AZURE_KEY_VAULT_VAULT_URL", "{endpoint}", readerMicronaut},
		{"ConnectionStrings__KeyVault", "{endpoint}", "dotnet"},
	},
	"application-insights": {
		{"APPLICATIONINSIGHTS_CONNECTION_STRING", "{connection}", ""},
		{"QUARKUS_OTEL_AZURE_APPLICATIONINSIGHTS_CONNECTION_STRING", "{connection}", readerQuarkus},
	},
	"identity": {
		{"AZURE_CLIENT_ID", "{client-id}", ""},
		{"SPRING_CLOUD_AZURE_CREDENTIAL_MANAGED_IDENTITY_ENABLED", "true", readerSpring},
		{"SPRING_CLOUD_AZURE_CREDENTIAL_CLIENT_ID", "{client-id}", readerSpring},
	},
}

// ServiceVariables returns the names under which apps look for a service, and
// what they hold, on every target: postgresql, mysql, sql-server, redis, mongodb,
// blob-storage, key-vault, application-insights, identity.
func ServiceVariables(kind string) []Variable { return serviceVariables[kind] }

package detect_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
)

// TestDependenciesTellAddOns names drivers, ORMs and clients as their package
// managers do. What is for tests or development only is no need.
func TestDependenciesTellAddOns(t *testing.T) {
	pom := "<project><artifactId>a</artifactId><version>1</version><dependencies><dependency><groupId>%s</groupId><artifactId>%s</artifactId>%s</dependency></dependencies>" +
		"<build><plugins><plugin><artifactId>spring-boot-maven-plugin</artifactId></plugin></plugins></build></project>"
	maven := func(name, scope string) string {
		group, artifact, _ := strings.Cut(name, ":")
		return fmt.Sprintf(pom, group, artifact, scope)
	}
	languages := map[string]struct {
		file, beside string
		write        func(name string) string
	}{
		"maven":      {"pom.xml", "", func(name string) string { return maven(name, "") }},
		"maven test": {"pom.xml", "", func(name string) string { return maven(name, "<scope>test</scope>") }},
		"gradle": {"build.gradle.kts", "", func(name string) string {
			return "plugins {\n id(\"org.springframework.boot\")\n}\nruntimeOnly(\"" + name + ":1\")\n"
		}},
		"gradle test": {"build.gradle", "", func(name string) string {
			return "plugins {\n id 'org.springframework.boot'\n}\ntestRuntimeOnly '" + name + ":1'\n"
		}},
		"node":            {"package.json", "", func(name string) string { return `{"scripts":{"start":"x"},"dependencies":{"` + name + `":"1"}}` }},
		"node dev":        {"package.json", "", func(name string) string { return `{"scripts":{"start":"x"},"devDependencies":{"` + name + `":"1"}}` }},
		"requirements":    {"requirements.txt", "main.py", func(name string) string { return name + ">=1\n" }},
		"pyproject":       {"pyproject.toml", "main.py", func(name string) string { return "[project]\ndependencies = [\"" + name + ">=1\"]\n" }},
		"pyproject group": {"pyproject.toml", "main.py", func(name string) string { return "[dependency-groups]\ndev = [\"" + name + "\"]\n" }},
		"poetry":          {"pyproject.toml", "main.py", func(name string) string { return "[tool.poetry.dependencies]\n" + name + " = \"^1\"\n" }},
		"poetry dev":      {"pyproject.toml", "main.py", func(name string) string { return "[tool.poetry.group.dev.dependencies]\n" + name + " = \"^1\"\n" }},
		"pipenv":          {"Pipfile", "main.py", func(name string) string { return "[packages]\n" + name + " = \"*\"\n" }},
		"pipenv dev":      {"Pipfile", "main.py", func(name string) string { return "[dev-packages]\n" + name + " = \"*\"\n" }},
		"nuget": {"a.csproj", "", func(name string) string {
			return `<Project Sdk="Microsoft.NET.Sdk.Web"><ItemGroup><PackageReference Include="` + name + `"/></ItemGroup></Project>`
		}},
		"go":           {"go.mod", "main.go", func(name string) string { return "module a\nrequire " + name + " v1.0.0\n" }},
		"go indirect":  {"go.mod", "main.go", func(name string) string { return "module a\nrequire " + name + " v1.0.0 // indirect\n" }},
		"cargo":        {"Cargo.toml", "src/main.rs", func(name string) string { return "[package]\nname = \"a\"\n[dependencies]\n" + name + "\n" }},
		"cargo dev":    {"Cargo.toml", "src/main.rs", func(name string) string { return "[package]\nname = \"a\"\n[dev-dependencies]\n" + name + "\n" }},
		"composer":     {"composer.json", "public/index.php", func(name string) string { return `{"require":{"` + name + `":"1"}}` }},
		"composer dev": {"composer.json", "public/index.php", func(name string) string { return `{"require-dev":{"` + name + `":"1"}}` }},
		"gems":         {"Gemfile", "config.ru", func(name string) string { return "gem '" + name + "'\n" }},
		"gems test":    {"Gemfile", "config.ru", func(name string) string { return "gem '" + name + "', group: :test\n" }},
	}
	tests := []struct{ language, name, want string }{
		{"maven", "org.postgresql:postgresql", "postgresql"},
		{"maven", "org.mariadb.jdbc:mariadb-java-client", "mysql"},
		{"maven", "com.microsoft.sqlserver:mssql-jdbc", "sqlserver"},
		{"maven", "org.springframework.boot:spring-boot-starter-data-mongodb", "mongodb"},
		{"maven", "io.quarkus:quarkus-redis-client", "redis"},
		{"maven", "io.valkey:valkey-java", "redis"},
		{"maven", "com.azure.spring:spring-cloud-azure-starter-storage-blob", "bucket"},
		{"maven", "com.azure.spring:spring-cloud-azure-starter-keyvault", "key-vault"},
		{"maven", "com.azure:azure-security-keyvault-secrets", "key-vault"},
		{"maven", "com.azure:azure-monitor-opentelemetry-autoconfigure", "application-insights"},
		{"maven", "com.h2database:h2", ""},
		{"maven", "org.testcontainers:postgresql", ""},
		{"maven test", "org.postgresql:postgresql", ""},
		{"gradle", "com.mysql:mysql-connector-j", "mysql"},
		{"gradle test", "com.mysql:mysql-connector-j", ""},
		{"node", "pg", "postgresql"},
		{"node", "mysql2", "mysql"},
		{"node", "tedious", "sqlserver"},
		{"node", "mongoose", "mongodb"},
		{"node", "@valkey/valkey-glide", "redis"},
		{"node", "@azure/storage-blob", "bucket"},
		{"node", "@azure/keyvault-secrets", "key-vault"},
		{"node", "@azure/monitor-opentelemetry", "application-insights"},
		{"node", "sqlite3", ""},
		{"node dev", "pg", ""},
		{"requirements", "psycopg[binary]", "postgresql"},
		{"requirements", "SQLAlchemy[postgresql_asyncpg]", "postgresql"},
		{"requirements", "mssql-python", "sqlserver"},
		{"requirements", "azure-keyvault-secrets", "key-vault"},
		{"pyproject", "azure-storage-blob", "bucket"},
		{"pyproject", "azure-monitor-opentelemetry", "application-insights"},
		{"pyproject group", "asyncpg", ""},
		{"poetry", "valkey", "redis"},
		{"poetry dev", "redis", ""},
		{"pipenv", "mysqlclient", "mysql"},
		{"pipenv dev", "mysqlclient", ""},
		{"nuget", "Npgsql.EntityFrameworkCore.PostgreSQL", "postgresql"},
		{"nuget", "Pomelo.EntityFrameworkCore.MySql", "mysql"},
		{"nuget", "Microsoft.EntityFrameworkCore.SqlServer", "sqlserver"},
		{"nuget", "MongoDB.EntityFrameworkCore", "mongodb"},
		{"nuget", "Aspire.StackExchange.Redis", "redis"},
		{"nuget", "Azure.Storage.Blobs", "bucket"},
		{"nuget", "Azure.Security.KeyVault.Secrets", "key-vault"},
		{"nuget", "Microsoft.ApplicationInsights.AspNetCore", "application-insights"},
		{"nuget", "Microsoft.EntityFrameworkCore.Sqlite", ""},
		{"go", "gorm.io/driver/postgres", "postgresql"},
		{"go", "github.com/valkey-io/valkey-go", "redis"},
		{"go", "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob", "bucket"},
		{"go", "github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets", "key-vault"},
		{"go indirect", "github.com/lib/pq", ""},
		{"cargo", `sqlx = { version = "0.8", features = ["mysql"] }`, "mysql"},
		{"cargo", `azure_storage_blob = "0.1"`, "bucket"},
		{"cargo", `azure_security_keyvault_secrets = "0.1"`, "key-vault"},
		{"cargo dev", `redis = "1"`, ""},
		{"composer", "ext-pdo_pgsql", "postgresql"},
		{"composer", "predis/predis", "redis"},
		{"composer", "azure-oss/storage-blob-laravel", "bucket"},
		{"composer dev", "ext-mysqli", ""},
		{"gems", "trilogy", "mysql"},
		{"gems", "activerecord-postgis-adapter", "postgresql"},
		{"gems", "azure-blob", "bucket"},
		{"gems test", "pg", ""},
	}
	for _, tt := range tests {
		t.Run(tt.language+" "+strings.ReplaceAll(tt.name, "/", "|"), func(t *testing.T) {
			language := languages[tt.language]
			files := fstest.MapFS{language.file: {Data: []byte(language.write(tt.name))}}
			if language.beside != "" {
				files[language.beside] = &fstest.MapFile{Data: []byte("package main\n")}
			}
			apps, err := appsOf(files)
			if err != nil || len(apps) != 1 {
				t.Fatalf("%d apps, %v", len(apps), err)
			}
			var kinds []string
			for _, need := range apps[0].AddOns {
				kinds = append(kinds, need.Kind)
			}
			if got := strings.Join(kinds, " "); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

package detect

import (
	"slices"
	"strings"

	"github.com/aloft-dev/aloft"
)

func foundJava(f *folder) bool {
	return f.first("pom.xml", "build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts") != ""
}

func detectJava(f *folder) (aloft.App, error) {
	if f.has("pom.xml") {
		return detectMaven(f)
	}
	return detectGradle(f)
}

// javaTools returns the JDK and the build tool, or the tool's wrapper, which is
// run by sh: its file need not be executable.
func javaTools(f *folder, tool, wrapper string, from aloft.Source) ([]aloft.Toolchain, []string) {
	jdk := toolchain("javac", from)
	if f.has(wrapper) {
		return []aloft.Toolchain{jdk}, []string{"sh", "./" + wrapper}
	}
	return []aloft.Toolchain{jdk, toolchain(tool, from)}, []string{tool}
}

// javaVersion reads the version from the files of version managers.
func javaVersion(f *folder) aloft.Setting {
	if v := f.versionFile([]string{".java-version"}, "java"); v.Value != "" {
		return v
	}
	for _, file := range []struct{ name, key string }{{"system.properties", "java.runtime.version"}, {".sdkmanrc", "java"}} {
		if text, line := property(f.text(file.name), file.key); text != "" {
			text, _, _ = strings.Cut(text, "-")
			return f.version(text, file.name, line)
		}
	}
	return aloft.Setting{}
}

// property returns a value of a properties file and its line.
func property(text, key string) (string, int) {
	for i, line := range strings.Split(text, "\n") {
		name, value, ok := strings.Cut(line, "=")
		if ok && strings.TrimSpace(name) == key {
			return strings.TrimSpace(value), i + 1
		}
	}
	return "", 0
}

// javaHealth returns the path that a framework's health library answers on,
// where nobody has to log in for it.
func javaHealth(dependencies []dependency) aloft.Setting {
	for _, rule := range [][2]string{
		{"spring-boot-starter-actuator", "/actuator/health"},
		{"quarkus-smallrye-health", "/q/health"},
		{"micronaut-management", "/health"},
	} {
		for _, d := range dependencies {
			if artifact(d.name) == rule[0] && !slices.ContainsFunc(dependencies, secures) {
				return aloft.Setting{Value: rule[1], Source: aloft.Source{File: d.file, Line: d.line}}
			}
		}
	}
	return aloft.Setting{}
}

func secures(d dependency) bool { return strings.Contains(d.name, "-security") }

// artifact returns the second part of group:artifact.
func artifact(name string) string {
	_, name, _ = strings.Cut(name, ":")
	return name
}

func javaAddOn(name string) string {
	group, name, _ := strings.Cut(name, ":")
	if group == "org.testcontainers" { // whose libraries are named like the databases they start
		return ""
	}
	switch name {
	case "postgresql", "r2dbc-postgresql", "quarkus-jdbc-postgresql", "quarkus-reactive-pg-client", "vertx-pg-client", "pgjdbc-ng",
		"spring-cloud-azure-starter-jdbc-postgresql", "postgresql-async", "micronaut-vertx-pg-client", "jasync-postgresql":
		return postgresql
	case "mysql-connector-j", "mysql-connector-java", "mariadb-java-client", "quarkus-jdbc-mysql", "quarkus-jdbc-mariadb", "quarkus-reactive-mysql-client", "r2dbc-mysql",
		"r2dbc-mariadb", "spring-cloud-azure-starter-jdbc-mysql", "vertx-mysql-client", "micronaut-vertx-mysql-client", "jasync-mysql":
		return mysql
	case "mssql-jdbc", "quarkus-jdbc-mssql", "r2dbc-mssql", "quarkus-reactive-mssql-client", "vertx-mssql-client":
		return sqlserver
	case "mongodb-driver-sync", "mongodb-driver-reactivestreams", "spring-boot-starter-data-mongodb", "spring-boot-starter-data-mongodb-reactive",
		"quarkus-mongodb-client", "quarkus-mongodb-panache", "micronaut-mongo-sync", "micronaut-mongo-reactive", "micronaut-data-mongodb",
		"mongodb-driver-kotlin-coroutine", "mongodb-driver-kotlin-sync", "spring-boot-starter-mongodb", "kmongo", "morphia-core":
		return mongodb
	case "spring-boot-starter-data-redis", "spring-boot-starter-data-redis-reactive", "jedis", "quarkus-redis-client", "micronaut-redis-lettuce", "redisson", "spring-session-data-redis",
		"redisson-spring-boot-starter", "quarkus-redis-cache", "valkey-java", "valkey-glide", "spring-data-redis", "spring-boot-starter-session-data-redis":
		return redis
	case "lettuce-core":
		return redis
	case "spring-boot-starter-amqp", "amqp-client", "quarkus-messaging-rabbitmq", "quarkus-smallrye-reactive-messaging-rabbitmq", "micronaut-rabbitmq":
		return rabbitmq
	case "spring-kafka", "kafka-clients", "kafka-streams", "quarkus-messaging-kafka", "quarkus-smallrye-reactive-messaging-kafka", "quarkus-kafka-client", "micronaut-kafka":
		return kafka
	case "spring-boot-starter-data-elasticsearch", "elasticsearch-java", "quarkus-elasticsearch-rest-client", "micronaut-elasticsearch":
		return elasticsearch
	case "spymemcached", "xmemcached":
		return memcached
	case "azure-storage-blob", "google-cloud-storage", "minio", "quarkus-amazon-s3", "spring-cloud-azure-starter-storage-blob", "spring-cloud-azure-starter-storage",
		"quarkus-azure-storage-blob", "micronaut-object-storage-azure", "spring-cloud-aws-starter-s3":
		return bucket
	case "azure-security-keyvault-secrets", "spring-cloud-azure-starter-keyvault", "spring-cloud-azure-starter-keyvault-secrets", "quarkus-azure-keyvault",
		"micronaut-azure-secret-manager", "azure-spring-boot-starter-keyvault-secrets":
		return keyVault
	case "applicationinsights-core", "applicationinsights-web", "applicationinsights-runtime-attach", "applicationinsights-spring-boot-starter", "applicationinsights-agent",
		"azure-monitor-opentelemetry-exporter", "azure-monitor-opentelemetry-autoconfigure", "spring-cloud-azure-starter-monitor",
		"micrometer-registry-azure-monitor", "micronaut-micrometer-registry-azure-monitor", "quarkus-opentelemetry-exporter-azure":
		return insights
	case "s3":
		if group == "software.amazon.awssdk" {
			return bucket
		}
	}
	return ""
}

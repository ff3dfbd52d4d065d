package detect

import (
	"regexp"
	"strings"

	"github.com/aloft-dev/aloft"
)

// addOns returns what the run-time dependencies need, and what Prisma's schema
// names.
func (n *nodeApp) addOns() []aloft.AddOn {
	list := addOns(n.dependencies, nodeAddOn)
	for _, name := range []string{"prisma/schema.prisma", "schema.prisma"} {
		provider, line := prismaProvider(n.text(name))
		list = addOn(list, map[string]string{
			"postgresql": postgresql, "postgres": postgresql, "cockroachdb": postgresql,
			"mysql": mysql, "sqlserver": sqlserver, "mongodb": mongodb,
		}[provider], n.at(name, line, "prisma"))
	}
	return list
}

var prismaLine = regexp.MustCompile(`^provider\s*=\s*"([a-z]+)"`)

// prismaProvider returns the provider of the datasource and its line.
func prismaProvider(text string) (string, int) {
	inside := false
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		switch match := prismaLine.FindStringSubmatch(line); {
		case strings.HasPrefix(line, "datasource "):
			inside = true
		case strings.HasPrefix(line, "}"):
			inside = false
		case inside && match != nil:
			return match[1], i + 1
		}
	}
	return "", 0
}

func nodeAddOn(name string) string {
	switch name {
	case "pg", "postgres", "pg-promise", "slonik", "@neondatabase/serverless", "@vercel/postgres", "pg-native",
		"@mikro-orm/postgresql", "@prisma/adapter-pg", "pg-boss", "@databases/pg", "@fastify/postgres", "postgraphile", "@payloadcms/db-postgres":
		return postgresql
	case "mysql", "mysql2", "mariadb", "@mikro-orm/mysql", "@mikro-orm/mariadb", "@prisma/adapter-mariadb", "@fastify/mysql":
		return mysql
	case "mssql", "tedious", "@mikro-orm/mssql", "@prisma/adapter-mssql":
		return sqlserver
	case "mongodb", "mongoose", "@typegoose/typegoose", "@nestjs/mongoose", "@mikro-orm/mongodb", "@fastify/mongodb", "connect-mongo", "monk",
		"@payloadcms/db-mongodb":
		return mongodb
	case "redis", "ioredis", "@redis/client", "bullmq", "bull", "iovalkey", "@nestjs/bullmq", "@nestjs/bull", "connect-redis", "@keyv/redis", "@fastify/redis",
		"rate-limit-redis", "@socket.io/redis-adapter", "@valkey/valkey-glide", "bee-queue":
		return redis
	case "amqplib", "amqp-connection-manager", "rhea":
		return rabbitmq
	case "kafkajs", "@confluentinc/kafka-javascript", "node-rdkafka":
		return kafka
	case "@elastic/elasticsearch", "@opensearch-project/opensearch":
		return elasticsearch
	case "memjs", "memcached":
		return memcached
	case "@aws-sdk/client-s3", "minio", "@azure/storage-blob", "@google-cloud/storage", "multer-s3", "multer-azure-blob-storage":
		return bucket
	case "@azure/keyvault-secrets", "@azure/keyvault-keys", "@azure/keyvault-certificates":
		return keyVault
	case "applicationinsights", "@azure/monitor-opentelemetry", "@azure/monitor-opentelemetry-exporter", "@microsoft/applicationinsights-web":
		return insights
	}
	return ""
}

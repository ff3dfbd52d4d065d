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
	case "pg", "postgres", "pg-promise", "slonik", "@neondatabase/serverless", "@vercel/postgres", "pg-native":
		return postgresql
	case "mysql", "mysql2", "mariadb":
		return mysql
	case "mssql", "tedious":
		return sqlserver
	case "mongodb", "mongoose", "@typegoose/typegoose":
		return mongodb
	case "redis", "ioredis", "@redis/client", "bullmq", "bull", "iovalkey":
		return redis
	case "amqplib", "amqp-connection-manager", "rhea":
		return rabbitmq
	case "kafkajs", "@confluentinc/kafka-javascript", "node-rdkafka":
		return kafka
	case "@elastic/elasticsearch", "@opensearch-project/opensearch":
		return elasticsearch
	case "memjs", "memcached":
		return memcached
	case "@aws-sdk/client-s3", "minio", "@azure/storage-blob", "@google-cloud/storage":
		return bucket
	}
	return ""
}

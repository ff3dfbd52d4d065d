package detect

import (
	"path"
	"regexp"
	"strings"

	"github.com/aloft-dev/aloft"
)

var (
	djangoEngine  = regexp.MustCompile(`["']ENGINE["']\s*:\s*["'](?:django\.db\.backends|django\.contrib\.gis\.db\.backends|django_prometheus\.db\.backends)\.(postgresql|postgis|mysql)["']|["']ENGINE["']\s*:\s*["'](mssql|djongo|django_mongodb_backend)["']`)
	djangoCache   = regexp.MustCompile(`django\.core\.cache\.backends\.(redis)\.`)
	railsAdapter  = regexp.MustCompile(`^\s+adapter:\s*["']?(postgresql|postgis|mysql2|trilogy|sqlserver)\b`)
	drizzle       = regexp.MustCompile(`dialect:\s*["'](postgresql|mysql|mssql)["']`)
	typeORM       = regexp.MustCompile(`\btype:\s*["'](postgres|mysql|mariadb|mssql|mongodb)["']`)
	knex          = regexp.MustCompile(`\bclient:\s*["'](pg|postgresql|mysql|mysql2|mssql|tedious)["']`)
	jdbc          = regexp.MustCompile(`^(?:jdbc|r2dbc|vertx-reactive)(?::(?:pool|p6spy|otel|tc))*:(\w+):`)
	sqlScheme     = regexp.MustCompile(`^(\w+?)(?:\+\w+)?://`)
	configuredURL = []string{
		"spring.datasource.url", "spring.r2dbc.url", "quarkus.datasource.jdbc.url", "quarkus.datasource.reactive.url", "datasources.default.url",
		"r2dbc.datasources.default.url",
	}
)

// databaseNamed returns the add-on that a setting names.
func databaseNamed(name string) string {
	switch strings.ToLower(name) {
	case "postgresql", "postgres", "postgis", "pg", "pgsql":
		return postgresql
	case "mysql", "mysql2", "mariadb", "trilogy":
		return mysql
	case "sqlserver", "mssql", "sqlsrv", "tedious":
		return sqlserver
	case "mongodb", "mongo", "djongo", "django_mongodb_backend":
		return mongodb
	case "redis", "rediss", "valkey":
		return redis
	}
	return ""
}

// settingsNeeds returns the add-ons that an app's settings name.
func (c *candidate) settingsNeeds(settings configuration) []aloft.AddOn {
	f := c.home
	var list []aloft.AddOn
	add := func(kind string, from aloft.Source) {
		if kind != "" {
			list = append(list, aloft.AddOn{Kind: kind, Source: from})
		}
	}
	scan := func(rule *regexp.Regexp, reason string, names ...string) {
		name, from := f.scan(rule, names...)
		from.Reason = reason
		add(databaseNamed(name), from)
	}
	switch c.app.Runtime.Value {
	case "java":
		for _, need := range settings.needs() {
			add(need.Kind, need.Source)
		}
	case "python":
		files := f.settingsModules()
		scan(djangoEngine, "ENGINE", files...)
		scan(djangoCache, "CACHES", files...)
	case "ruby":
		kind, line := databaseYAML(f.text("config/database.yml"))
		add(databaseNamed(kind), f.at("config/database.yml", line, "adapter"))
	case "php":
		for _, need := range phpSettings(f, nil) {
			add(need.Kind, need.Source)
		}
	case "node":
		scan(drizzle, "drizzle", "drizzle.config.ts", "drizzle.config.js", "drizzle.config.mjs")
		scan(typeORM, "typeorm", "ormconfig.json", "src/data-source.ts", "src/datasource.ts", "data-source.ts", "src/app.module.ts")
		scan(knex, "knex", "knexfile.js", "knexfile.ts", "src/knexfile.ts")
		for _, need := range f.prismaSchemas() {
			add(need.Kind, need.Source)
		}
	}
	return list
}

// needs returns what the settings of a Java framework connect to.
func (c configuration) needs() []aloft.AddOn {
	var list []aloft.AddOn
	add := func(kind string, s aloft.Setting, reason string) {
		if kind != "" {
			s.Source.Reason = reason
			list = append(list, aloft.AddOn{Kind: kind, Source: s.Source})
		}
	}
	for _, key := range configuredURL {
		s := c.get(key)
		if match := jdbc.FindStringSubmatch(s.Value); match != nil {
			add(databaseNamed(match[1]), s, key)
		} else if match := sqlScheme.FindStringSubmatch(s.Value); match != nil {
			add(databaseNamed(match[1]), s, key)
		}
	}
	for _, key := range []string{"quarkus.datasource.db-kind", "datasources.default.db-type"} {
		s := c.get(key)
		add(databaseNamed(s.Value), s, key)
	}
	for _, rule := range [][2]string{
		{"spring.data.mongodb.uri", mongodb}, {"spring.mongodb.uri", mongodb}, {"quarkus.mongodb.connection-string", mongodb}, {"mongodb.uri", mongodb},
		{"spring.data.redis.host", redis}, {"spring.data.redis.url", redis}, {"quarkus.redis.hosts", redis}, {"redis.uri", redis},
	} {
		if s := c.get(rule[0]); s.Value != "" {
			add(rule[1], s, rule[0])
		}
	}
	return list
}

// settingsModules returns the files that may hold Django's settings, those for
// production first.
func (f *folder) settingsModules() []string {
	var names []string
	for _, place := range append([]string{"", "config"}, f.packages()...) {
		for _, name := range []string{"settings/production.py", "settings/prod.py", "settings/base.py", "settings/common.py", "settings/__init__.py", "settings.py", "production.py", "base.py"} {
			if name = path.Join(place, name); f.has(name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// databaseYAML returns the adapter of Rails and its line, but for those of
// development and tests.
func databaseYAML(text string) (string, int) {
	section := ""
	for i, line := range strings.Split(text, "\n") {
		if trimmed := strings.TrimSpace(line); trimmed != "" && line[0] != ' ' && line[0] != '#' && line[0] != '\t' {
			section, _, _ = strings.Cut(trimmed, ":")
		}
		if match := railsAdapter.FindStringSubmatch(line); match != nil && section != "development" && section != "test" {
			return match[1], i + 1
		}
	}
	return "", 0
}

// prismaSchemas reads a schema that is split into files.
func (f *folder) prismaSchemas() []aloft.AddOn {
	var list []aloft.AddOn
	for _, place := range []string{"prisma", "prisma/schema", "src/prisma"} {
		at := f.sub(place)
		if at == nil {
			continue
		}
		for _, name := range at.glob("*.prisma") {
			if provider, line := prismaProvider(at.text(name)); databaseNamed(provider) != "" {
				list = append(list, aloft.AddOn{Kind: databaseNamed(provider), Source: at.at(name, line, "prisma")})
			}
		}
	}
	return list
}

package detect

import (
	"path"
	"regexp"
	"strings"
)

// packages returns what the app needs at run time, by normal name; an extra
// counts as a package named name[extra].
func (p *pythonApp) packages() ([]dependency, error) {
	if p.manager == "pip" && p.has("requirements.txt") {
		return p.requirements("requirements.txt", map[string]bool{})
	}
	var list []dependency
	for _, item := range p.project.get("project", "dependencies").list() {
		list = append(list, requirement(item.string(), p.path("pyproject.toml"), item.at())...)
	}
	list = append(list, tablePackages(p.project.get("tool", "poetry", "dependencies"), p.path("pyproject.toml"))...)
	return append(list, tablePackages(p.pipfile.get("packages"), p.path("Pipfile"))...), nil
}

// tablePackages reads the tables of Poetry and Pipenv.
func tablePackages(table *value, file string) []dependency {
	var list []dependency
	for _, name := range table.names() {
		v := table.get(name)
		list = append(list, dependency{normalName(name), file, v.at()})
		for _, extra := range v.get("extras").list() {
			list = append(list, dependency{normalName(name) + "[" + normalName(extra.string()) + "]", file, v.at()})
		}
	}
	return list
}

// requirements reads a requirements.txt and those that it includes.
func (p *pythonApp) requirements(name string, seen map[string]bool) ([]dependency, error) {
	if seen[name] || len(seen) > 20 {
		return nil, nil
	}
	seen[name] = true
	data, err := p.read(name)
	if err != nil {
		return nil, err
	}
	var list []dependency
	for _, line := range scanRequirements(string(data)) {
		if line.include != "" {
			included, err := p.requirements(path.Join(path.Dir(name), line.include), seen)
			if err != nil {
				return nil, err
			}
			list = append(list, included...)
			continue
		}
		list = append(list, requirement(line.text, p.path(name), line.number)...)
	}
	return list, nil
}

type requirementLine struct {
	number  int
	text    string
	include string
}

// scanRequirements returns the lines of a requirements.txt that name packages
// or other files, joined where they are continued.
func scanRequirements(text string) []requirementLine {
	var list []requirementLine
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		number := i + 1
		parts := []string{strings.TrimSuffix(lines[i], "\r")}
		for strings.HasSuffix(parts[len(parts)-1], "\\") && i+1 < len(lines) {
			i++
			parts[len(parts)-1] = strings.TrimSuffix(parts[len(parts)-1], "\\")
			parts = append(parts, strings.TrimSuffix(lines[i], "\r"))
		}
		line := strings.Join(parts, " ")
		if at := strings.Index(" "+line, " #"); at >= 0 {
			line = line[:max(0, at-1)]
		}
		line = strings.TrimSpace(line)
		option, rest, _ := strings.Cut(strings.Replace(line, "=", " ", 1), " ")
		switch {
		case line == "":
		case option == "-r" || option == "--requirement":
			list = append(list, requirementLine{number: number, include: strings.TrimSpace(rest)})
		case strings.HasPrefix(line, "-r"):
			list = append(list, requirementLine{number: number, include: strings.TrimSpace(line[2:])})
		case !strings.HasPrefix(line, "-"):
			list = append(list, requirementLine{number: number, text: line})
		}
	}
	return list
}

var requirementRule = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[([^\]]*)\])?`)

// requirement reads one requirement, such as psycopg[binary]>=3 ; python_version > "3".
func requirement(text, file string, line int) []dependency {
	match := requirementRule.FindStringSubmatch(strings.TrimSpace(text))
	if match == nil {
		return nil
	}
	name := normalName(match[1])
	list := []dependency{{name, file, line}}
	for _, extra := range strings.Split(match[2], ",") {
		if extra = strings.TrimSpace(extra); extra != "" {
			list = append(list, dependency{name + "[" + normalName(extra) + "]", file, line})
		}
	}
	return list
}

var separators = regexp.MustCompile(`[-_.]+`)

// normalName writes a package's name as the package index compares it.
func normalName(name string) string {
	return strings.ToLower(separators.ReplaceAllString(name, "-"))
}

func pythonAddOn(name string) string {
	switch name {
	case "psycopg", "psycopg2", "psycopg2-binary", "psycopg-binary", "asyncpg", "pg8000", "aiopg", "databases[asyncpg]", "databases[postgresql]":
		return postgresql
	case "mysqlclient", "pymysql", "aiomysql", "asyncmy", "mysql-connector-python":
		return mysql
	case "pyodbc", "pymssql", "mssql-django", "aioodbc":
		return sqlserver
	case "pymongo", "motor", "mongoengine", "beanie":
		return mongodb
	case "redis", "django-redis", "celery[redis]", "rq", "arq", "channels-redis", "aioredis", "valkey", "redis-om", "django-rq", "flask-redis", "valkey-glide",
		"walrus", "dramatiq[redis]", "huey[redis]", "kombu[redis]":
		return redis
	case "pika", "aio-pika":
		return rabbitmq
	case "kafka-python", "aiokafka", "confluent-kafka", "faust-streaming":
		return kafka
	case "elasticsearch", "opensearch-py", "elasticsearch-dsl":
		return elasticsearch
	case "pymemcache", "python-memcached", "pylibmc":
		return memcached
	case "boto3", "minio", "azure-storage-blob", "google-cloud-storage", "django-storages", "adlfs", "s3fs", "azure-storage-file-datalake":
		return bucket
	case "azure-keyvault-secrets", "azure-keyvault", "azure-keyvault-keys", "azure-keyvault-certificates":
		return keyVault
	case "azure-monitor-opentelemetry", "azure-monitor-opentelemetry-exporter", "applicationinsights", "opencensus-ext-azure":
		return insights
	}
	return ""
}

// morePythonAddOn knows drivers that only init looks at: with one, the pipeline
// would begin to run migrations.
func morePythonAddOn(name string) string {
	switch name {
	case "psycopg-c", "psycopg-pool", "psycopg2cffi", "pgvector", "sqlalchemy[postgresql]", "sqlalchemy[asyncpg]", "sqlalchemy[postgresql-asyncpg]",
		"sqlalchemy[postgresql-psycopg]", "sqlalchemy[postgresql-psycopgbinary]", "tortoise-orm[asyncpg]", "tortoise-orm[psycopg]", "piccolo[postgres]":
		return postgresql
	case "mariadb", "sqlalchemy[mysql]", "sqlalchemy[pymysql]", "sqlalchemy[aiomysql]", "tortoise-orm[asyncmy]", "tortoise-orm[aiomysql]":
		return mysql
	case "mssql-python", "sqlalchemy[mssql]", "sqlalchemy[mssql-pyodbc]", "django-mssql-backend", "aioodbc":
		return sqlserver
	case "django-mongodb-backend", "djongo", "odmantic", "flask-pymongo", "pymongo[srv]":
		return mongodb
	}
	return ""
}

package detect

import (
	"cmp"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft"
)

// composeService is a service of a compose file.
type composeService struct {
	name       string
	kind       string         // of the add-on that its image is, "" = none
	host       *regexp.Regexp // where a text names it as a host
	context    string         // folder that it is built in, "" = none
	dockerfile string         // path of its Dockerfile, where Aloft looks for none: not Dockerfile in the context; "" = there
	version    aloft.Setting  // of what its image is
	aside      bool           // it is started only when it is asked for
	needs      []string
	texts      []string // values that may name other services
	port       aloft.Setting
	health     aloft.Setting
	worker     bool // it is built, and nothing tells of requests
	source     aloft.Source
}

// composition is what the compose files of a tree's root say.
type composition []composeService

// readCompose reads the compose file of a folder.
func readCompose(f *folder) composition {
	name := f.first("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
	documents := f.readYAML(name)
	if name == "" || len(documents) == 0 {
		return nil
	}
	var list composition
	services := documents[0].get("services")
	for _, service := range services.names() {
		v := services.get(service)
		s := composeService{name: service, aside: v.get("profiles") != nil}
		image := v.get("image")
		s.kind, s.host = imageKind(image.string()), regexp.MustCompile(`(?:^|[@/,])`+regexp.QuoteMeta(strings.ToValidUTF8(service, "?"))+`(?:[:/,]|$)`)
		s.source = f.at(name, max(image.at(), v.at()), service)
		if build := v.get("build"); build != nil {
			s.kind = ""
			s.context, s.dockerfile = f.built(cmp.Or(build.string(), build.get("context").string()), build.get("dockerfile").string())
		}
		for _, key := range []string{"depends_on", "links"} {
			s.needs = append(s.needs, v.get(key).names()...)
			for _, item := range v.get(key).list() {
				need, _, _ := strings.Cut(item.string(), ":")
				s.needs = append(s.needs, need)
			}
		}
		s.port, s.health = composePort(f, name, v), composeHealth(f, name, v)
		s.worker = s.context != "" && s.health.Value == "" && v.get("ports") == nil && v.get("expose") == nil && (v.get("command") != nil || v.get("entrypoint") != nil)
		if version := serverVersion(image.string()); version != "" {
			s.version = aloft.Setting{Value: version, Source: f.at(name, image.at(), service)}
		}
		environment := v.get("environment")
		for _, item := range environment.list() {
			_, text, _ := strings.Cut(item.string(), "=")
			s.texts = append(s.texts, text)
		}
		for _, key := range environment.names() {
			s.texts = append(s.texts, environment.get(key).string())
		}
		list = append(list, s)
	}
	return list
}

// built returns where a service is built, and its Dockerfile if Aloft would look for
// it in vain. A Dockerfile in another folder stands for that folder when there is an
// app of its own, or when it needs nothing of the context.
func (f *folder) built(context, name string) (dir, dockerfile string) {
	place := path.Clean(context)
	if name = path.Join(place, name); context == "" || name == place || name == path.Join(place, "Dockerfile") {
		return path.Join(f.dir, place), ""
	}
	at := f.sub(path.Dir(name))
	if at == nil || !at.has(path.Base(name)) {
		return path.Join(f.dir, place), ""
	}
	own := slices.ContainsFunc(runtimes(), func(r runtime) bool { return r.name != "docker" && r.found(at) })
	if at.dir != path.Join(f.dir, place) && (own || path.Base(name) == "Dockerfile" && at.instructions().ownFiles()) {
		return at.dir, ""
	}
	return path.Join(f.dir, place), f.path(name)
}

// composePort returns the port of the container that a service gives to the host.
func composePort(f *folder, file string, service *value) aloft.Setting {
	ports := append(service.get("ports").list(), service.get("expose").list()...)
	if len(ports) == 0 {
		return aloft.Setting{}
	}
	text := ports[0].string()
	if text == "" {
		text = ports[0].get("target").string()
	}
	text, _, _ = strings.Cut(text[strings.LastIndexByte(text, ':')+1:], "/")
	return portSetting(text, f.at(file, ports[0].at(), ""))
}

// composeHealth returns the path that the health check of a service asks.
func composeHealth(f *folder, file string, service *value) aloft.Setting {
	test := service.get("healthcheck", "test")
	words := []string{test.string()}
	for _, item := range test.list() {
		words = append(words, item.string())
	}
	if path := askedPath(strings.Join(words, " ")); path != "" {
		return aloft.Setting{Value: path, Source: f.at(file, test.at(), "")}
	}
	return aloft.Setting{}
}

// builds reports whether a service is built in a folder.
func (c composition) builds(dir string) bool {
	return len(c.builtIn(dir)) > 0
}

// builtIn are the services that are built in a folder.
func (c composition) builtIn(dir string) composition {
	return slices.DeleteFunc(slices.Clone(c), func(s composeService) bool { return s.context != dir || s.aside })
}

// buildsElsewhere reports whether a Dockerfile is built in another folder than its own.
func (c composition) buildsElsewhere(dockerfile string) bool {
	return slices.ContainsFunc(c, func(s composeService) bool { return s.dockerfile == dockerfile })
}

// worker returns the service that is built in a folder, if all that are seem to take no
// requests.
func (c composition) worker(dir string) aloft.Source {
	var from aloft.Source
	for _, s := range c.builtIn(dir) {
		if !s.worker {
			return aloft.Source{}
		}
		from = s.source
	}
	return from
}

// only returns the name of the only service that is built in a folder, or "".
func (c composition) only(dir string) string {
	if services := c.builtIn(dir); len(services) == 1 {
		return services[0].name
	}
	return ""
}

// leadsTo reports whether a service is built in a folder or below it.
func (c composition) leadsTo(dir string) bool {
	return slices.ContainsFunc(c, func(s composeService) bool { return s.context == dir || strings.HasPrefix(s.context, dir+"/") })
}

// aside reports whether a folder is built for a service of a profile.
func (c composition) aside(dir string) bool {
	return slices.ContainsFunc(c, func(s composeService) bool { return s.context == dir && s.aside })
}

// apply adds what an app's service needs, or, for the only app of a tree, what
// there is.
func (c composition) apply(app *candidate, only bool) {
	if app.app.Static.Value != "" {
		return
	}
	var wanted []string
	for _, s := range c {
		if only || s.context != "" && (s.context == app.home.dir || s.context == app.folder.dir && !app.member) {
			wanted = append(wanted, s.name)
		}
		if s.context != "" && s.context == app.home.dir && !s.aside {
			if app.app.Port.Value == "" && app.app.Function.Value == "" {
				app.app.Port = s.port
			}
			if app.app.HealthHint.Value == "" {
				app.app.HealthHint = s.health
			}
		}
	}
	for i := 0; i < len(wanted); i++ {
		for _, s := range c {
			if s.name == wanted[i] {
				if !s.aside {
					app.app.AddOns = addOn(app.app.AddOns, s.kind, s.source)
					app.setVersion(s)
				}
				for _, need := range c.neededBy(s) {
					if !slices.Contains(wanted, need) {
						wanted = append(wanted, need)
					}
				}
			}
		}
	}
}

// setVersion tells the version of a need that a service is.
func (c *candidate) setVersion(s composeService) {
	for i := range c.app.AddOns {
		if need := &c.app.AddOns[i]; need.Kind == s.kind && need.Version.Value == "" {
			need.Version = s.version
		}
	}
}

// neededBy returns the services that one waits for or names in its environment,
// but not those of other apps.
func (c composition) neededBy(s composeService) []string {
	var needs []string
	for _, other := range c {
		if other.kind != "" && other.name != s.name && (slices.Contains(s.needs, other.name) || slices.ContainsFunc(s.texts, other.host.MatchString)) {
			needs = append(needs, other.name)
		}
	}
	return needs
}

// imageKind returns the add-on that an image is, or "".
func imageKind(image string) string {
	image, _, _ = strings.Cut(image, "@")
	name := image[strings.LastIndexByte(image, '/')+1:]
	name, _, _ = strings.Cut(name, ":")
	switch name {
	case "postgres", "postgresql", "postgis", "pgvector", "timescaledb", "timescaledb-ha":
		return postgresql
	case "mysql", "mysql-server", "mariadb", "percona", "percona-server":
		return mysql
	case "mssql-server", "azure-sql-edge":
		return sqlserver
	case "server":
		if strings.HasSuffix(strings.TrimSuffix(image, ":"+tagOf(image)), "mssql/server") {
			return sqlserver
		}
	case "mongo", "mongodb", "mongodb-community-server", "documentdb-local":
		return mongodb
	case "redis", "redis-stack", "redis-stack-server", "valkey", "keydb", "dragonfly":
		return redis
	case "rabbitmq":
		return rabbitmq
	case "kafka", "cp-kafka", "kafka-native", "redpanda":
		return kafka
	case "elasticsearch", "opensearch":
		return elasticsearch
	case "memcached":
		return memcached
	case "azurite", "minio":
		return bucket
	}
	return ""
}

var postgresTag = regexp.MustCompile(`\bpg([0-9]+)`)

// serverVersion returns the version of the database server that is in an image, or "".
// The versions of MariaDB are not those of MySQL.
func serverVersion(image string) string {
	image, _, _ = strings.Cut(image, "@")
	name, _, _ := strings.Cut(image[strings.LastIndexByte(image, '/')+1:], ":")
	rule := imageTag
	switch name {
	case "pgvector", "timescaledb", "timescaledb-ha":
		rule = postgresTag
	case "postgres", "postgresql", "postgis", "mysql", "mysql-server", "percona", "percona-server":
	default:
		return ""
	}
	if match := rule.FindStringSubmatch(tagOf(image)); match != nil {
		return match[1]
	}
	return ""
}

// isOperation reports whether an image watches or administers others.
func isOperation(image string) bool {
	name := image[strings.LastIndexByte(image, '/')+1:]
	name, _, _ = strings.Cut(name, ":")
	return slices.Contains([]string{
		"grafana", "prometheus", "alertmanager", "loki", "tempo", "promtail", "jaeger", "all-in-one", "zipkin", "opentelemetry-collector",
		"opentelemetry-collector-contrib", "otel-collector", "keycloak", "pgadmin4", "adminer", "phpmyadmin", "mongo-express", "mailhog", "mailpit",
		"maildev", "traefik", "localstack", "wiremock",
	}, name)
}

// tagOf returns the tag of an image, or "".
func tagOf(image string) string {
	_, tag, _ := strings.Cut(image[strings.LastIndexByte(image, '/')+1:], ":")
	return tag
}

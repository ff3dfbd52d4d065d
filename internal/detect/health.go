package detect

import (
	"path"
	"regexp"
	"strings"

	"github.com/aloft-dev/aloft"
)

var wholePath = regexp.MustCompile(`^/[A-Za-z0-9/_.~-]*$`)

// healthPath returns a path that can be asked, without its query; "" for others.
func healthPath(text string) string {
	text, _, _ = strings.Cut(text, "?")
	if text == "/" || !wholePath.MatchString(text) {
		return ""
	}
	return text
}

func joinPath(parts ...string) string { return path.Join("/", path.Join(parts...)) }

const healthWords = `/(?:api/)?(?:health|healthz|healthcheck|health-check|health/live|health/ready|livez|readyz|ready|live|ping|up)`

// Where sources register a path for health on the app itself.
var (
	nodeHealth   = regexp.MustCompile(`\b(?:app|server|fastify)\.get\(\s*["'](` + healthWords + `)["']`)
	pythonHealth = regexp.MustCompile(`(?m)^@(?:app|application)\.(?:get|route)\(\s*["'](` + healthWords + `)/?["']`)
	goHealth     = regexp.MustCompile(`\b(?:HandleFunc|Handle)\(\s*"(?:GET )?(` + healthWords + `)"|\b(?:r|router|e|app|mux|engine)\.(?:GET|Get)\(\s*"(` + healthWords + `)"`)
	rustHealth   = regexp.MustCompile(`\.route\(\s*"(` + healthWords + `)"`)
	rubyHealth   = regexp.MustCompile(`(?m)^\s*get\s+["'](` + healthWords + `)["']\s+do\b`)
	dotnetHealth = regexp.MustCompile(`\b(?:Map|Use)HealthChecks\(\s*"(/?[\w/.-]+)"`)
	djangoHealth = regexp.MustCompile(`\bpath\(\s*r?["']([\w/.-]*)["']\s*,\s*include\(\s*["'](?:health_check|watchman)\.urls["']`)
	nestHealth   = regexp.MustCompile(`@Controller\(\s*["']/?([\w/-]+)["']\s*\)`)
	nestPrefix   = regexp.MustCompile(`\.setGlobalPrefix\(\s*["']/?([\w/-]+)["']`)
	godaddy      = regexp.MustCompile(`healthChecks\s*:\s*\{\s*["'](/[\w/-]+)["']`)
)

// healthHint tells the path that seems to tell an app's health.
func (c *candidate) healthHint(settings configuration) aloft.Setting {
	if c.app.Static.Value != "" || c.app.Function.Value != "" {
		return aloft.Setting{}
	}
	if c.app.Runtime.Value == "java" {
		if s, known := c.javaHealth(settings); known {
			return s
		}
	}
	if c.app.Health.Value != "" {
		return c.app.Health
	}
	for _, look := range []func() aloft.Setting{c.djangoHealth, c.nestHealth, c.healthInSource, c.home.dockerHealth} {
		if s := look(); s.Value != "" {
			return s
		}
	}
	return aloft.Setting{}
}

// javaHealth is for libraries that answer by themselves; known says that there is
// one, whose path may still not be told.
func (c *candidate) javaHealth(settings configuration) (hint aloft.Setting, known bool) {
	hint = javaHealth(c.folder.dependencies)
	if hint.Value == "" {
		return hint, false
	}
	from := func(s aloft.Setting, otherwise string) string {
		if s.Value == "" {
			return otherwise
		}
		return s.Value
	}
	switch c.app.Framework.Value {
	case "spring-boot":
		if settings.get("management.server.port").Value != "" {
			return aloft.Setting{}, true
		}
		base := from(settings.get("management.endpoints.web.base-path", "management.endpoints.web.basePath"), "/actuator")
		name := from(settings.get("management.endpoints.web.path-mapping.health"), "health")
		hint.Value = joinPath(settings.get("server.servlet.context-path", "server.servlet.contextPath", "spring.webflux.base-path").Value, base, name)
	case "quarkus":
		if settings.get("quarkus.management.enabled").Value == "true" {
			return aloft.Setting{}, true
		}
		root := settings.get("quarkus.http.root-path").Value
		health := from(settings.get("quarkus.smallrye-health.root-path"), "health")
		if non := from(settings.get("quarkus.http.non-application-root-path"), "q"); !strings.HasPrefix(health, "/") {
			if strings.HasPrefix(non, "/") {
				root = ""
			}
			health = joinPath(root, non, health)
		}
		hint.Value = joinPath(health, "ready")
	case "micronaut":
		if settings.get("endpoints.all.port").Value != "" {
			return aloft.Setting{}, true
		}
		hint.Value = joinPath(settings.get("micronaut.server.context-path").Value, settings.get("endpoints.all.path").Value, "health")
	}
	if hint.Value = healthPath(hint.Value); hint.Value == "" {
		return aloft.Setting{}, true
	}
	return hint, true
}

func (c *candidate) healthInSource() aloft.Setting {
	rule := map[string]*regexp.Regexp{
		"node": nodeHealth, "python": pythonHealth, "go": goHealth, "rust": rustHealth, "ruby": rubyHealth, "dotnet": dotnetHealth,
	}[c.app.Runtime.Value]
	if rule == nil {
		return aloft.Setting{}
	}
	text, from := c.home.scan(rule, c.sources()...)
	if text == "" && c.app.Runtime.Value == "node" {
		text, from = c.home.scan(godaddy, c.sources()...)
	}
	if text = healthPath(joinPath(text)); text == "" {
		return aloft.Setting{}
	}
	return aloft.Setting{Value: text, Source: from}
}

// djangoHealth finds where the routes of a package for health are included.
func (c *candidate) djangoHealth() aloft.Setting {
	if c.app.Framework.Value != "django" {
		return aloft.Setting{}
	}
	files := []string{"urls.py"}
	for _, place := range c.home.packages() {
		files = append(files, place+"/urls.py")
	}
	for _, name := range files {
		text := c.home.text(name)
		if match := djangoHealth.FindStringSubmatch(text); match != nil {
			if path := healthPath("/" + match[1]); path != "" {
				return aloft.Setting{Value: path, Source: c.home.at(name, lineOf(text, match[0]), "")}
			}
		}
	}
	return aloft.Setting{}
}

// nestHealth finds the controller that uses Nest's package for health.
func (c *candidate) nestHealth() aloft.Setting {
	if !depends(c.folder.dependencies, "@nestjs/terminus") {
		return aloft.Setting{}
	}
	prefix, _ := c.home.scan(nestPrefix, "src/main.ts", "main.ts")
	for _, name := range []string{"src/health/health.controller.ts", "src/health.controller.ts", "src/app.controller.ts", "src/modules/health/health.controller.ts"} {
		text := c.home.text(name)
		if match := nestHealth.FindStringSubmatch(text); match != nil && strings.Contains(text, "HealthCheck") {
			return aloft.Setting{Value: joinPath(prefix, match[1]), Source: c.home.at(name, lineOf(text, match[0]), "")}
		}
	}
	return aloft.Setting{}
}

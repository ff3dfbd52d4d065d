package detect

import (
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aloft-dev/aloft"
)

// portSetting makes a setting of a port's digits; "" when they are none.
func portSetting(text string, from aloft.Source) aloft.Setting {
	if n, err := strconv.Atoi(text); err == nil && n > 0 && n < 1<<16 {
		return aloft.Setting{Value: strconv.Itoa(n), Source: from}
	}
	return aloft.Setting{}
}

// Where sources tell a port: each rule's groups hold it.
var (
	nodePort   = regexp.MustCompile(`process\.env(?:\.PORT|\[["']PORT["']\])\s*\)?\s*(?:\|\||\?\?)\s*["']?([0-9]{2,5})\b|\.listen\(\s*["']?([0-9]{2,5})\b|\.listen\(\s*\{[^}]*\bport:\s*([0-9]{2,5})\b|(?m)^\s*(?:const|let|var)\s+(?:port|PORT)\s*=\s*["']?([0-9]{2,5})\b`)
	pythonPort = regexp.MustCompile(`(?:environ\.get|getenv)\(\s*["']PORT["']\s*,\s*["']?([0-9]{2,5})\b|\b(?:uvicorn|app|web|socketio|application)\.run(?:_app)?\([^)]*\bport\s*=\s*([0-9]{2,5})\b|(?m)^bind\s*=\s*["'][^"'\n]*:([0-9]{2,5})["']`)
	goPort     = regexp.MustCompile(`(?:ListenAndServe(?:TLS)?|\.Run|\.Start|\.Listen)\(\s*"[\w.]*:([0-9]{2,5})"|net\.Listen\(\s*"tcp"\s*,\s*"[\w.]*:([0-9]{2,5})"|\bAddr:\s*"[\w.]*:([0-9]{2,5})"|(?m)^\s*port\s*:?=\s*"([0-9]{2,5})"`)
	rustPort   = regexp.MustCompile(`\b(?:bind|parse)\w*\(\s*&?"[\d.]+:([0-9]{2,5})"|\bbind\(\s*\(\s*"[^"]*"\s*,\s*([0-9]{2,5})\s*\)|SocketAddr::from\(\s*\(\s*\[[\d,\s]*\]\s*,\s*([0-9]{2,5})\s*\)`)
	rubyPort   = regexp.MustCompile(`ENV\.fetch\(\s*["']PORT["']\s*(?:,\s*["']?([0-9]{2,5})|\)\s*\{\s*["']?([0-9]{2,5}))|(?m)^\s*set\s+:port\s*,\s*([0-9]{2,5})`)
	dotnetPort = regexp.MustCompile(`(?:UseUrls|\.Run)\(\s*"http://[^:"]*:([0-9]{2,5})`)
	hoconPort  = regexp.MustCompile(`(?m)^\s*port\s*=\s*([0-9]{2,5})\b`)
	ktorPort   = regexp.MustCompile(`embeddedServer\([^)]*\bport\s*=\s*([0-9]{2,5})\b|\bJavalin[^;]*\.start\(\s*([0-9]{2,5})\b`)
	urlPort    = regexp.MustCompile(`^http://[^:/]*:([0-9]{2,5})`)
	scriptPort = regexp.MustCompile(`(?:\bPORT=|--port[= ]|\s-p )([0-9]{2,5})\b`)
)

// port tells where an app listens when nobody sets PORT.
func (c *candidate) port(settings configuration) aloft.Setting {
	if c.app.Runtime.Value == "docker" {
		return c.home.dockerPort()
	}
	for _, look := range []func() aloft.Setting{
		func() aloft.Setting {
			s := settings.get("server.port", "quarkus.http.port", "micronaut.server.port", "ktor.deployment.port")
			return portSetting(s.Value, s.Source)
		},
		c.portInSource, c.portInScripts, c.portOfKestrel, c.home.dockerPort, c.portInLaunchSettings,
	} {
		if s := look(); s.Value != "" {
			return s
		}
	}
	return aloft.Setting{}
}

// scan returns the first match of a rule in some files: the group that matched.
func (f *folder) scan(rule *regexp.Regexp, names ...string) (string, aloft.Source) {
	for _, name := range names {
		text := f.text(name)
		if at := rule.FindStringSubmatchIndex(text); at != nil {
			for i := 2; i < len(at); i += 2 {
				if at[i] >= 0 {
					return text[at[i]:at[i+1]], f.at(name, 1+strings.Count(text[:at[i]], "\n"), "")
				}
			}
		}
	}
	return "", aloft.Source{}
}

func (c *candidate) portInSource() aloft.Setting {
	rule := map[string]*regexp.Regexp{
		"node": nodePort, "python": pythonPort, "go": goPort, "rust": rustPort, "ruby": rubyPort, "dotnet": dotnetPort, "java": ktorPort,
	}[c.app.Runtime.Value]
	if rule == nil || c.app.Static.Value != "" {
		return aloft.Setting{}
	}
	s := portSetting(c.home.scan(rule, c.sources()...))
	if s.Value == "" && c.app.Framework.Value == "ktor" {
		s = portSetting(c.home.scan(hoconPort, "src/main/resources/application.conf"))
	}
	return s
}

// sources returns the files in which a server is likely to be started.
func (c *candidate) sources() []string {
	f := c.home
	var names []string
	add := func(list ...string) {
		for _, name := range list {
			if name = path.Clean(name); f.has(name) && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	switch c.app.Runtime.Value {
	case "node":
		for _, word := range strings.Fields(c.app.Start.String()) {
			if strings.HasSuffix(word, "js") || strings.HasSuffix(word, "ts") {
				add(word)
			}
		}
		for _, place := range []string{"", "src/", "server/", "bin/"} {
			for _, stem := range []string{"server", "index", "app", "main", "www"} {
				for _, ending := range []string{".ts", ".js", ".mts", ".mjs", ".cjs", ""} {
					add(place + stem + ending)
				}
			}
		}
	case "python":
		add("gunicorn.conf.py")
		places := append([]string{"", "src", "app", "src/app"}, f.packages()...)
		if src := f.sub("src"); src != nil {
			for _, place := range src.packages() {
				places = append(places, "src/"+place)
			}
		}
		for _, place := range places {
			for _, name := range append(entryNames(), "__main__.py") {
				add(path.Join(place, name))
			}
		}
	case "go":
		for _, name := range f.glob("*.go") {
			if !strings.HasSuffix(name, "_test.go") {
				add(name)
			}
		}
	case "rust":
		add("src/main.rs", "src/server.rs", "src/lib.rs")
	case "ruby":
		add("config/puma.rb", "app.rb", "main.rb", "server.rb", "config.ru")
	case "dotnet":
		add("Program.cs", "Startup.cs", "Program.fs")
	case "java":
		add(f.mainSources()...)
	}
	return names
}

// mainSources returns the files of a Java or Kotlin app that are named like its
// start, up to eight packages deep.
func (f *folder) mainSources() []string {
	var names []string
	var walk func(at *folder, rel string, level int)
	walk = func(at *folder, rel string, level int) {
		for _, e := range at.entries {
			name := e.Name()
			stem, ending, _ := strings.Cut(name, ".")
			switch {
			case e.IsDir() && level < 8 && len(names) < 20:
				if sub := at.sub(name); sub != nil {
					walk(sub, path.Join(rel, name), level+1)
				}
			case (ending == "java" || ending == "kt") && (strings.HasSuffix(stem, "Application") || strings.HasSuffix(stem, "Main") || stem == "App" || stem == "Server"):
				names = append(names, path.Join(rel, name))
			}
		}
	}
	for _, root := range []string{"src/main/java", "src/main/kotlin"} {
		if at := f.sub(root); at != nil {
			walk(at, root, 0)
		}
	}
	return names
}

// portInScripts reads the script that starts a package.
func (c *candidate) portInScripts() aloft.Setting {
	if c.app.Runtime.Value != "node" || c.app.Static.Value != "" {
		return aloft.Setting{}
	}
	start := c.packageJSON().get("scripts", "start")
	if match := scriptPort.FindStringSubmatch(start.string()); match != nil {
		return portSetting(match[1], c.folder.at("package.json", start.at(), ""))
	}
	return aloft.Setting{}
}

// portOfKestrel reads the settings of .NET's server.
func (c *candidate) portOfKestrel() aloft.Setting {
	if c.app.Runtime.Value != "dotnet" {
		return aloft.Setting{}
	}
	root, err := c.home.readJSON("appsettings.json")
	if err != nil {
		return aloft.Setting{}
	}
	endpoints := root.get("Kestrel", "Endpoints")
	urls := []*value{root.get("Urls"), root.get("urls")}
	for _, name := range endpoints.names() {
		urls = append(urls, endpoints.get(name, "Url"))
	}
	for _, v := range urls {
		if match := urlPort.FindStringSubmatch(v.string()); match != nil {
			return portSetting(match[1], c.home.at("appsettings.json", v.at(), ""))
		}
	}
	return aloft.Setting{}
}

// portInLaunchSettings reads what development uses.
func (c *candidate) portInLaunchSettings() aloft.Setting {
	const name = "Properties/launchSettings.json"
	if c.app.Runtime.Value != "dotnet" {
		return aloft.Setting{}
	}
	root, err := c.home.readJSON(name)
	if err != nil {
		return aloft.Setting{}
	}
	profiles := root.get("profiles")
	for _, profile := range profiles.names() {
		v := profiles.get(profile, "applicationUrl")
		for _, url := range strings.Split(v.string(), ";") {
			if match := urlPort.FindStringSubmatch(url); match != nil {
				return portSetting(match[1], c.home.at(name, v.at(), "for development"))
			}
		}
	}
	return aloft.Setting{}
}

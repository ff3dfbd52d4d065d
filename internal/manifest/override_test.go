package manifest_test

import (
	"flag"
	"reflect"
	"testing"
	"time"

	"github.com/aloft-dev/aloft"
)

var update = flag.Bool("update", false, "write the errors that are found into testdata/invalid")

// detected is an app as detection leaves it.
func detected() aloft.App {
	from := aloft.Source{File: "package.json", Line: 3}
	return aloft.App{
		Runtime:    aloft.Setting{Value: "node", Source: from},
		Version:    aloft.Setting{Value: "20", Source: from},
		Build:      []aloft.Command{{Args: []string{"npm", "ci"}, Source: from}},
		Start:      aloft.Command{Args: []string{"npm", "start"}, Source: from},
		Processes:  map[string]aloft.Command{"worker": {Args: []string{"sh", "-c", "node worker.js"}, Source: from}},
		Release:    aloft.Command{Args: []string{"sh", "-c", "migrate"}, Source: from},
		Health:     aloft.Setting{Value: "/up", Source: from},
		Toolchains: []aloft.Toolchain{{Name: "Node.js", Program: []string{"node"}, Source: from}},
		AddOns:     []aloft.AddOn{{Kind: "postgresql", Source: from}},
	}
}

func shell(line int, text string) aloft.Command {
	return aloft.Command{Args: []string{"sh", "-c", text}, Source: aloft.Source{File: "aloft.yaml", Line: line}}
}

func TestOverride(t *testing.T) {
	at := func(line int) aloft.Source { return aloft.Source{File: "aloft.yaml", Line: line} }
	tests := map[string]struct {
		manifest string // from line 3, in the app
		change   func(*aloft.App)
	}{
		"nothing said, nothing changed": {"    path: .", func(*aloft.App) {}},
		"version":                       {"    version: 22", func(a *aloft.App) { a.Version = aloft.Setting{Value: "22", Source: at(3)} }},
		"build":                         {"    build: [a, b]", func(a *aloft.App) { a.Build = []aloft.Command{shell(3, "a"), shell(3, "b")} }},
		"no build":                      {"    build: []", func(a *aloft.App) { a.Build = nil }},
		"empty build":                   {"    build: ''", func(a *aloft.App) { a.Build = nil }},
		"start":                         {"    start: node x.js", func(a *aloft.App) { a.Start = shell(3, "node x.js") }},
		"static instead of start": {"    static: dist", func(a *aloft.App) {
			a.Start, a.Static = aloft.Command{}, aloft.Setting{Value: "dist", Source: at(3)}
		}},
		"another process": {"    processes:\n      mail: m", func(a *aloft.App) { a.Processes["mail"] = shell(4, "m") }},
		"a process taken away": {"    processes: {worker: ''}", func(a *aloft.App) {
			delete(a.Processes, "worker")
		}},
		"no release":    {"    release: ''", func(a *aloft.App) { a.Release = aloft.Command{} }},
		"health":        {"    health: /h", func(a *aloft.App) { a.Health = aloft.Setting{Value: "/h", Source: at(3)} }},
		"health off":    {"    health: ''", func(a *aloft.App) { a.Health = aloft.Setting{Source: at(3)} }},
		"health time":   {"    health: {timeout: 5s}", func(a *aloft.App) { a.HealthTime = 5 * time.Second }},
		"same runtime":  {"    runtime: node", func(a *aloft.App) { a.Runtime.Source = at(3) }},
		"variables":     {"    variables: {A: b}", func(a *aloft.App) { a.Variables = map[string]string{"A": "b"} }},
		"other runtime": {"    runtime: docker", func(a *aloft.App) { *a = aloft.App{Runtime: aloft.Setting{Value: "docker", Source: at(3)}} }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m := parse(t, []byte("apps:\n  web:\n"+tt.manifest+"\n"))
			want := detected()
			tt.change(&want)
			want.Name, want.Path = "web", "."
			if got := m.Override("web", detected()); !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

func TestOverrideChangesNoArgument(t *testing.T) {
	m := parse(t, []byte("apps: {web: {processes: {mail: m, worker: ''}, variables: {A: b}}}"))
	app := detected()
	app.Variables = map[string]string{"B": "c"}
	m.Override("web", app)
	if len(app.Processes) != 1 || len(app.Variables) != 1 {
		t.Errorf("the argument's maps were written to: %+v", app)
	}
}

func TestOverrideWithoutDetection(t *testing.T) {
	m := parse(t, []byte("apps:\n  web:\n    path: web/\n    start: ./run\n"))
	got := m.Override("web", aloft.App{})
	if got.Path != "web" || !reflect.DeepEqual(got.Start, shell(4, "./run")) {
		t.Errorf("got %+v", got)
	}
	if other := m.Override("api", detected()); other.Name != "api" || other.Start.String() != "npm start" {
		t.Errorf("an app the file does not name: %+v", other)
	}
}

package detect

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft"
)

// procfile is what a Procfile says: commands by process name.
type procfile map[string]aloft.Command

var procfileLine = regexp.MustCompile(`^([A-Za-z0-9_-]+)\s*:\s*(\S.*)$`)

// has reports whether there is a process of that name.
func (p procfile) has(name string) bool { return !p[name].Empty() }

// mentions reports whether a command holds a text.
func (p procfile) mentions(text string) bool {
	for _, command := range p {
		if strings.Contains(command.String(), text) {
			return true
		}
	}
	return false
}

// apply lays the processes over what was detected.
func (p procfile) apply(app *aloft.App) {
	for name, command := range p {
		switch name {
		case "web":
			app.Start, app.Static = command, aloft.Setting{}
		case "release":
			app.Release = command
		default:
			if app.Processes == nil {
				app.Processes = map[string]aloft.Command{}
			}
			app.Processes[name] = command
		}
	}
}

// readProcfile reads the Procfile of a folder, if there is one.
func readProcfile(f *folder) (procfile, error) {
	if !f.has("Procfile") {
		return nil, nil
	}
	data, err := f.read("Procfile")
	if err != nil {
		return nil, err
	}
	lines, line, err := scanProcfile(string(data))
	if err != nil {
		return nil, f.malformed("Procfile", line, err)
	}
	p := procfile{}
	for name, l := range lines {
		p[name] = shell(l.text, f.at("Procfile", l.number, ""))
	}
	return p, nil
}

type numbered struct {
	number int
	text   string
}

// scanProcfile returns the commands by name, or the line of the fault. Names
// become names as they are everywhere in Aloft: Worker_1 is worker-1.
func scanProcfile(text string) (map[string]numbered, int, error) {
	lines := map[string]numbered{}
	for i, raw := range strings.Split(text, "\n") {
		trimmed := strings.TrimSpace(raw)
		if trimmed == "" || strings.HasPrefix(trimmed, "#") {
			continue
		}
		match := procfileLine.FindStringSubmatch(trimmed)
		if match == nil || strings.ContainsRune(trimmed, 0) {
			return nil, i + 1, fmt.Errorf("a line is \"name: command\", such as \"web: node server.js\"")
		}
		name := aloft.NearestName(match[1], aloft.MaxAppName)
		if name == "" {
			return nil, i + 1, fmt.Errorf("%q is not a name of a process", match[1])
		}
		if other, ok := lines[name]; ok {
			return nil, i + 1, fmt.Errorf("process %s stands in line %d already", name, other.number)
		}
		lines[name] = numbered{i + 1, match[2]}
	}
	return lines, 0, nil
}

func foundProcfile(f *folder) bool { return f.has("Procfile") }

// detectProcfile is for apps in no known language: scripts and programs that
// are in the repository as they are.
func detectProcfile(f *folder) (aloft.App, error) {
	app := aloft.App{Runtime: aloft.Setting{Source: f.at("Procfile", 0, "")}}
	return app, f.needsWeb()
}

// needsWeb is the error of a Procfile that names no process to route to.
func (f *folder) needsWeb() error {
	if f.procfile.has("web") {
		return nil
	}
	names := strings.Join(slices.Sorted(maps.Keys(f.procfile)), ", ")
	if names == "" {
		names = "nothing"
	}
	return missingStart("write a line in "+f.path("Procfile")+", web: <command that listens on $PORT>",
		"cannot tell which process of %s takes requests: there is no \"web\", there is %s", f.path("Procfile"), names)
}

package manifest

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aloft-dev/aloft"
)

func (d *decoder) app(name string, a App) {
	at := "apps." + name
	if err := aloft.ValidateAppName(name); err != nil {
		d.failKey(at, err)
	}
	if d.has(at + ".path") {
		d.inside(at+".path", a.Path, "the repository")
	}
	if d.has(at + ".runtime") {
		d.oneOf(at+".runtime", a.Runtime, runtimes)
	}
	if d.has(at+".version") && !versionRule.MatchString(a.Version) {
		d.failAt(at+".version", "%q is not a version such as 22, 1.26.3 or >=3.12", a.Version)
	}
	d.commands(at, a)
	d.processes(at+".processes", a.Processes)
	if d.has(at + ".static") {
		d.inside(at+".static", a.Static, "the app's folder")
		if d.has(at + ".start") {
			d.failAt(at+".static", "a folder is served instead of a started process: leave out \"static\" or \"start\"")
		}
	}
	d.health(at+".health", a.Health)
	d.variables(at+".variables", a.Variables)
}

func (d *decoder) commands(at string, a App) {
	for i, command := range a.Build {
		place := at + ".build[" + strconv.Itoa(i) + "]"
		if _, ok := d.values[place]; !ok {
			place = at + ".build"
		}
		d.plain(place, command)
		if strings.TrimSpace(command) == "" {
			d.failAt(place, "the command is empty: leave it out, or write build: \"\" for no build at all")
		}
	}
	if d.has(at+".start") && strings.TrimSpace(a.Start) == "" {
		d.failAt(at+".start", "the command is empty: leave the line out to start what is detected")
	}
	d.plain(at+".start", a.Start)
	d.plain(at+".release", a.Release)
}

func (d *decoder) processes(at string, processes map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(processes)) {
		place := at + "." + name
		switch err := aloft.ValidateAppName(name); {
		case name == "web":
			d.fail(d.keys[place], "the process that takes requests is \"start\", not a process named web")
		case name == "release":
			d.fail(d.keys[place], "the command before a swap is \"release\" of the app, not a process")
		case err != nil:
			text := strings.Replace(err.Error(), "app name", "process name", 1)
			d.failKey(place, aloft.Errorf(aloft.CodeInvalid, "%s", text).WithHint("%s", aloft.ErrorHint(err)))
		}
		d.plain(place, processes[name])
	}
}

func (d *decoder) health(at string, h Health) {
	place := at
	if d.has(at + ".path") {
		place = at + ".path"
	}
	if h.Path != "" && !healthRule.MatchString(h.Path) {
		d.failAt(place, "%q is not a path: it starts with / and has no spaces, such as /healthz", h.Path)
	}
	if h.Timeout > maxHealthTimeout {
		d.failAt(at+".timeout", "%s is more than the hour that a release may take to answer", h.Timeout)
	}
}

func (d *decoder) variables(at string, variables map[string]string) {
	for _, key := range slices.Sorted(maps.Keys(variables)) {
		place := at + "." + key
		switch {
		case !variableRule.MatchString(key):
			d.fail(d.keys[place], "%q is not a name of an environment variable: letters, digits and _, not starting with a digit", key)
		case key == "PORT" || strings.HasPrefix(key, "ALOFT_"):
			d.fail(d.keys[place], "%s is set by Aloft: leave it out", key)
		}
		d.plain(place, variables[key])
	}
}

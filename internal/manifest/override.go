package manifest

import (
	"maps"
	"strings"

	"github.com/aloft-dev/aloft"
)

// Override lays what the manifest says about an app over what was detected,
// and names the manifest's lines as the sources. The app may be the zero App,
// when nothing was recognised. Commands become shell text, run with sh -c.
//
// A runtime other than the detected one takes away what was detected for the
// old one: its version, commands, toolchains and needs. Detection can be asked
// for the runtime that the manifest wants, see AppRuntime; nothing is lost then.
func (m Manifest) Override(name string, app aloft.App) aloft.App {
	app.Name, app.Path = name, m.AppPath(name)
	wanted, ok := m.Apps[name]
	if !ok {
		return app
	}
	at := "apps." + name
	m.overrideRuntime(at, wanted, &app)
	m.overrideCommands(at, wanted, &app)
	m.setting(at+".version", wanted.Version, &app.Version)
	m.overrideHealth(at+".health", wanted.Health, &app)
	if len(wanted.Variables) > 0 {
		variables := maps.Clone(app.Variables)
		if variables == nil {
			variables = map[string]string{}
		}
		maps.Copy(variables, wanted.Variables)
		app.Variables = variables
	}
	return app
}

func (m Manifest) overrideRuntime(at string, wanted App, app *aloft.App) {
	if wanted.Runtime == "" {
		return
	}
	if wanted.Runtime != app.Runtime.Value {
		*app = aloft.App{Name: app.Name, Path: app.Path, Variables: app.Variables, Ignored: app.Ignored}
	}
	m.setting(at+".runtime", wanted.Runtime, &app.Runtime)
}

func (m Manifest) overrideCommands(at string, wanted App, app *aloft.App) {
	if m.says(at + ".build") {
		app.Build = nil
		for _, text := range wanted.Build {
			app.Build = append(app.Build, m.command(at+".build", text))
		}
	}
	if m.says(at + ".start") {
		app.Start, app.Static = m.command(at+".start", wanted.Start), aloft.Setting{}
	}
	if m.says(at + ".static") {
		m.setting(at+".static", wanted.Static, &app.Static)
		app.Start = aloft.Command{}
	}
	if m.says(at + ".release") {
		app.Release = m.command(at+".release", wanted.Release)
	}
	app.Processes = maps.Clone(app.Processes)
	for process, text := range wanted.Processes {
		command := m.command(at+".processes."+process, text)
		switch {
		case command.Empty():
			delete(app.Processes, process)
		case app.Processes == nil:
			app.Processes = map[string]aloft.Command{process: command}
		default:
			app.Processes[process] = command
		}
	}
}

// says reports whether the file has a key.
func (m Manifest) says(at string) bool { return m.lines[at] > 0 }

func (m Manifest) source(at string) aloft.Source {
	return aloft.Source{File: m.name, Line: m.lines[at]}
}

func (m Manifest) setting(at, value string, target *aloft.Setting) {
	if m.says(at) {
		*target = aloft.Setting{Value: value, Source: m.source(at)}
	}
}

// overrideHealth keeps a detected path when the file says only how long to wait.
func (m Manifest) overrideHealth(at string, wanted Health, app *aloft.App) {
	switch {
	case m.says(at + ".path"):
		m.setting(at+".path", wanted.Path, &app.Health)
	case !m.says(at + ".timeout"):
		m.setting(at, wanted.Path, &app.Health)
	}
	if wanted.Timeout > 0 {
		app.HealthTime = wanted.Timeout
	}
}

// command returns the command of a shell text; an empty text is nothing to run.
func (m Manifest) command(at, text string) aloft.Command {
	if strings.TrimSpace(text) == "" {
		return aloft.Command{}
	}
	return aloft.Command{Args: []string{"sh", "-c", text}, Source: m.source(at)}
}

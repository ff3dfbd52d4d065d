// Package detect finds out from an app's source what it is, how it is built and
// started, and what it needs. It reads files and nothing else: the same tree
// gives the same app on every machine, whatever is installed there.
//
// Every value names the file and line that told it. The rules are our own, see
// docs/decisions/0001-own-detection.md, and testdata holds one example for each.
//
// # Which runtime leads
//
// The runtimes are tried in the order of the list in this file, and the first
// that is recognised and can be started leads. When one is recognised but its
// files do not tell how to start it, the next may lead; if none can, the error
// is that of the first. A package.json beside PHP, Ruby, Python or Go whose
// script "build" makes assets is built first.
//
// A Procfile goes with every runtime but docker: its process "web" becomes the start
// command, "release" the release command, the others further processes. Without
// a known language the runtime is "procfile".
//
// A Dockerfile is used only when nothing else can lead, or when the manifest
// says "runtime: docker": the same source then needs no container engine on a
// laptop, and builds share their caches. Build and start of such an app are
// empty: they stand in the Dockerfile.
//
// # What the commands rely on
//
// Commands run in the app's folder; what they make stands in .aloft there, or
// where the build tool puts it. Start commands and processes get PORT from
// whoever deploys them, and HOST when they shall not listen everywhere.
// Runtimes that have their own name for the port are given it by the deployer,
// equal to PORT: SERVER_PORT (Spring Boot), QUARKUS_HTTP_PORT,
// MICRONAUT_SERVER_PORT, ASPNETCORE_URLS (.NET). Text of the repository, such as
// a line of a Procfile, expects the programs of its dependencies on the PATH:
// .aloft/bin, .aloft/venv/bin, node_modules/.bin and vendor/bin of the app's
// folder stand there before all others.
//
// # Apps of a tree
//
// App looks at one folder, and gives the pipeline what it builds and starts.
// Apps looks at a whole tree for `aloft init`: it finds the folders, tells an
// app from a part of one and from a library, and fills in what only a proposal
// needs. What it adds never changes what App returns: a path for health that is wrong
// would fail deployments, a proposal can be declined. testdata/apps holds its examples.
//
// The package imports the root package only.
package detect

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft"
)

// runtime is one kind of app.
type runtime struct {
	name   string
	marks  string // what it is recognised by, for people
	found  func(*folder) bool
	detect func(*folder) (aloft.App, error)
}

// runtimes returns every runtime in the order in which they are tried.
func runtimes() []runtime {
	return []runtime{
		{"go", "go.mod", foundGo, detectGo},
		{"rust", "Cargo.toml", foundRust, detectRust},
		{"java", "pom.xml, build.gradle(.kts) or settings.gradle(.kts)", foundJava, detectJava},
		{"dotnet", "*.csproj, *.fsproj, *.sln or *.slnx", foundDotnet, detectDotnet},
		{"php", "composer.json, index.php or public/index.php", foundPHP, detectPHP},
		{"ruby", "Gemfile, config.ru or app.rb", foundRuby, detectRuby},
		{"python", "requirements.txt, pyproject.toml, Pipfile, setup.py, manage.py, main.py or app.py", foundPython, detectPython},
		{"node", "package.json", foundNode, detectNode},
		{"static", "index.html or public/index.html", foundStatic, detectStatic},
		{"procfile", "Procfile", foundProcfile, detectProcfile},
		{"docker", "Dockerfile", foundDocker, detectDocker},
	}
}

// noStart is the error of an app whose files do not tell how to start it.
type noStart struct {
	cause *aloft.Error
	sure  bool // it is an app that lacks a piece, and no library
}

// Error implements error.
func (e noStart) Error() string { return e.cause.Error() }

// Unwrap returns the error for people.
func (e noStart) Unwrap() error { return e.cause }

// App looks at the app in a folder of a source tree; "." is the root. Name,
// which the caller gives, is left empty. The error is CodeNotFound when nothing
// is recognised, CodeInvalid when a file cannot be understood (it names file and
// line), or when several things could be meant (it names them and what to write). When only
// the start is not known, the app comes with the error as far as it is: a start
// command from the manifest then makes it whole, and with Function set it needs none
// where a host starts it.
func App(source fs.FS, dir string) (aloft.App, error) { return As(source, dir, "") }

// As is App for a runtime that the manifest names; "" leaves the choice to the
// files. The error is CodeInvalid when the files are not of that runtime.
func As(source fs.FS, dir, wanted string) (aloft.App, error) {
	f, err := open(source, dir)
	if err != nil {
		return aloft.App{}, err
	}
	app, err := f.app(wanted)
	if errors.As(err, new(noStart)) { // its host may be what starts it
		c := &candidate{app: app, folder: f, home: f}
		if f.home != nil {
			c.home = f.home
		}
		app.Function = c.function()
	}
	return app, unwrapStart(err)
}

// app is As for a folder; its error is a noStart when only the start is not known.
func (f *folder) app(wanted string) (aloft.App, error) {
	var err error
	if f.procfile, err = readProcfile(f); err != nil {
		return aloft.App{}, err
	}
	var known aloft.App // the first that cannot be started
	var unstartable error
	for _, r := range runtimes() {
		if wanted != "" && r.name != wanted || !r.found(f) {
			continue
		}
		app, err := r.detect(f)
		if errors.As(err, new(noStart)) {
			if !f.procfile.has("web") {
				if unstartable == nil {
					known, unstartable = app, err
					known.Path, known.Runtime.Value = f.dir, r.name
				}
				continue
			}
			err = nil
		}
		if err != nil {
			return aloft.App{}, err
		}
		return complete(f, r.name, app)
	}
	if unstartable != nil {
		f.procfile.apply(&known)
		return known, unstartable
	}
	return aloft.App{}, unknown(f, wanted)
}

// unwrapStart takes off the mark that only this package looks at.
func unwrapStart(err error) error {
	var mark noStart
	if errors.As(err, &mark) {
		return mark.cause
	}
	return err
}

// complete adds what is the same for every runtime.
func complete(f *folder, name string, app aloft.App) (aloft.App, error) {
	app.Path = f.dir
	app.Runtime.Value = name
	if slices.Contains([]string{"php", "ruby", "python", "go"}, name) {
		if err := addAssets(f, &app); err != nil {
			return aloft.App{}, err
		}
	}
	if name != "docker" { // whose processes stand in the Dockerfile
		f.procfile.apply(&app)
	}
	return app, nil
}

// unknown reports that nothing was recognised, and what was there.
func unknown(f *folder, wanted string) error {
	var marks []string
	for _, r := range runtimes() {
		if wanted == "" || r.name == wanted {
			marks = append(marks, r.marks)
		}
	}
	seen := strings.Join(f.listing(12), ", ")
	if seen == "" {
		seen = "nothing"
	}
	place := "the root of the repository"
	if f.dir != "." {
		place = "folder " + f.dir
	}
	if wanted != "" {
		return aloft.Errorf(aloft.CodeInvalid, "cannot find an app of runtime %s in %s: looked for %s, there is %s", wanted, place, strings.Join(marks, ", "), seen).
			WithHint("take the line \"runtime: %s\" out of aloft.yaml, or correct the app's path", wanted)
	}
	return aloft.Errorf(aloft.CodeNotFound, "cannot tell what the app in %s is: looked for %s; there is %s", place, strings.Join(marks, ", "), seen).
		WithHint("%s", manifestLines("path: <folder of the app>", "build: <command>", "start: <command that listens on $PORT>"))
}

// manifestLines writes a remedy: lines for the app in aloft.yaml.
func manifestLines(lines ...string) string {
	return fmt.Sprintf("write in aloft.yaml: apps: { web: { %s } }", strings.Join(lines, ", "))
}

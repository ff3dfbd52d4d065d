package aloft

import "time"

// Source tells where a value came from, for the plan box and for errors.
type Source struct {
	File   string `json:"file,omitempty"` // relative to the repository's root
	Line   int    `json:"line,omitempty"` // from 1; 0 = the file as a whole
	Reason string `json:"reason,omitempty"`
}

// Setting is a value and where it came from.
type Setting struct {
	Value  string `json:"value"`
	Source Source `json:"source"`
}

// Command is an argument vector and where it came from. Text that needs a shell
// (a Procfile line, a package.json script, a manifest command) is
// {"sh", "-c", text}; such text only ever comes from the pushed repository.
type Command struct {
	Args   []string `json:"args"`
	Source Source   `json:"source"`
}

// Empty reports whether there is nothing to run.
func (c Command) Empty() bool { return len(c.Args) == 0 }

// App is one deployable of a project: what was found in the source tree,
// overridden by the manifest.
type App struct {
	Name       string             `json:"name"`
	Path       string             `json:"path"`    // folder in the repository, "." for the root
	Runtime    Setting            `json:"runtime"` // go, node, python, java, dotnet, php, ruby, rust, static, procfile, docker
	Version    Setting            `json:"version"` // wanted version of the runtime; "" = any
	Framework  Setting            `json:"framework"`
	Package    Setting            `json:"package"`    // package manager or build tool: npm, maven, uv…
	Build      []Command          `json:"build"`      // run in order, in Path
	Start      Command            `json:"start"`      // the "web" process, which gets PORT
	Processes  map[string]Command `json:"processes"`  // further processes by name, without a route
	Release    Command            `json:"release"`    // migrations: runs before the swap and gates it
	Static     Setting            `json:"static"`     // folder, relative to Path, that is served as it is; instead of Start
	Health     Setting            `json:"health"`     // path that must answer 2xx or 3xx; "" = "/" may answer anything below 500
	HealthTime time.Duration      `json:"healthTime"` // how long a new release may take to answer; 0 = 60 s
	Variables  map[string]string  `json:"variables"`  // plain environment variables of the manifest
	Toolchains []Toolchain        `json:"toolchains"` // what must be installed to build and run it
	AddOns     []AddOn            `json:"addOns"`     // what its dependencies say it needs
	Ignored    []string           `json:"-"`          // files that do not count as build inputs, relative to Path
}

// Toolchain is a program that building or running an app needs.
type Toolchain struct {
	Name    string   `json:"name"`    // for people: "Go", "Node.js", "uv"
	Program []string `json:"program"` // any of these on the PATH will do
	Source  Source   `json:"source"`  // the file that asks for it
	Remedy  string   `json:"remedy"`  // how to get it
}

// AddOn is a service that an app's dependencies say it needs.
type AddOn struct {
	Kind   string `json:"kind"` // postgresql, mysql, redis, mongodb…
	Source Source `json:"source"`
}

// Artifact is what a build yields.
type Artifact struct {
	ID  string `json:"id"`  // digest of the build's inputs
	App string `json:"app"` // app name
	Dir string `json:"dir"` // folder on this machine: working directory of its processes, not to be written to
}

package aloft

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Source tells where a value came from, for the plan box and for errors.
type Source struct {
	File   string `json:"file,omitempty"` // relative to the repository's root
	Line   int    `json:"line,omitempty"` // from 1; 0 = the file as a whole
	Reason string `json:"reason,omitempty"`
}

// String writes the source as " (file:line, reason)", or "" when nothing is known.
func (s Source) String() string {
	where := s.File
	if s.File != "" && s.Line > 0 {
		where = fmt.Sprintf("%s:%d", s.File, s.Line)
	}
	parts := slices.DeleteFunc([]string{where, s.Reason}, func(part string) bool { return part == "" })
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
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

// Shell returns the text of a command that needs a shell; ok is false for any other.
func (c Command) Shell() (text string, ok bool) {
	if len(c.Args) == 3 && c.Args[0] == "sh" && c.Args[1] == "-c" {
		return c.Args[2], true
	}
	return "", false
}

// ShellWord writes a word for a POSIX shell, quoted where it must be.
func ShellWord(word string) string {
	if word != "" && strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:@%+=,-") == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// String writes the command for people; a shell's text stands by itself.
func (c Command) String() string {
	if text, ok := c.Shell(); ok {
		return text
	}
	return strings.Join(c.Args, " ")
}

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

	// What `aloft init` proposes from. The pipeline neither sets nor reads it, but for
	// Function of an app that has no start command.
	Function   Setting `json:"function,omitzero"`   // "azure-functions" when it is made of functions instead of a server
	Native     Setting `json:"native,omitzero"`     // native executable of a Java framework: "always", or "profile" when it must be asked for
	Port       Setting `json:"port,omitzero"`       // port that it listens on where nobody sets PORT
	HealthHint Setting `json:"healthHint,omitzero"` // path that seems to tell its health; not asked before somebody has agreed
	Dockerfile Setting `json:"dockerfile,omitzero"` // path of its Dockerfile from the root of the repository, whatever its runtime
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
	Kind   string `json:"kind"` // postgresql, mysql, sqlserver, mongodb, redis, bucket, key-vault, application-insights, rabbitmq, kafka, elasticsearch, memcached
	Source Source `json:"source"`

	Version Setting `json:"-"` // of the server, where it is told; aloft init proposes from it
}

// Artifact is what a build yields.
type Artifact struct {
	ID  string `json:"id"`  // digest of the build's inputs
	App string `json:"app"` // app name
	Dir string `json:"dir"` // folder on this machine: working directory of its processes, not to be written to
}

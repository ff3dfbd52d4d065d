// Package manifest reads aloft.yaml, checks it and explains what is wrong with
// it: every error names line and column, the rule, and the nearest valid key.
//
// The words of the file stand three times, and a test holds them together: in
// the types of this file, in the rules of check.go, and in schema.json, the JSON
// Schema for editors, from which the reference is made as well.
//
// A manifest says only what differs from what was detected: Override lays it
// over an app, and each value then names its line as its source.
//
// The package imports the root package only.
package manifest

import (
	"errors"
	"io/fs"
	"maps"
	"path"
	"slices"
	"time"

	"github.com/aloft-dev/aloft"
)

// File is the name of the manifest, in the root of the repository.
const File = "aloft.yaml"

// DefaultApp is the name of the only app of a project whose manifest names none.
const DefaultApp = "web"

// Manifest is what aloft.yaml says. The zero Manifest is an absent file.
type Manifest struct {
	Project      string                 `yaml:"project"`   // "" = the remote's name
	Engine       string                 `yaml:"engine"`    // "tofu", "terraform" or "" = what is there
	Terraform    string                 `yaml:"terraform"` // folder as written; see TerraformFolder
	Protected    []string               `yaml:"protected"` // glob patterns of environment names
	TTL          TTL                    `yaml:"ttl"`
	Environments map[string]Environment `yaml:"environments"`
	Apps         map[string]App         `yaml:"apps"`

	name  string         // of the file, for sources
	lines map[string]int // path of a key, such as apps.web.build, to its line
}

// Environment is an entry under "environments".
type Environment struct {
	TTL       TTL               `yaml:"ttl"`
	Protected *bool             `yaml:"protected"` // nil = as the patterns say
	Variables map[string]string `yaml:"variables"` // Terraform variables
}

// App is an entry under "apps".
type App struct {
	Path      string            `yaml:"path"` // as written; see Manifest.AppPath
	Runtime   string            `yaml:"runtime"`
	Version   string            `yaml:"version"`
	Build     []string          `yaml:"build"`
	Start     string            `yaml:"start"`
	Processes map[string]string `yaml:"processes"`
	Release   string            `yaml:"release"`
	Static    string            `yaml:"static"`
	Health    Health            `yaml:"health"`
	Variables map[string]string `yaml:"variables"` // plain environment variables
}

// TTL is how long an environment lives after its last push.
type TTL struct {
	Set      bool          // the file says something
	Duration time.Duration // 0 = for ever
}

// Health is how a new release of an app is asked whether it works.
type Health struct {
	Path    string        `yaml:"path"`
	Timeout time.Duration `yaml:"timeout"` // 0 = the default
}

// EnvironmentSettings are the manifest's words about one environment.
type EnvironmentSettings struct {
	Protected bool              // destroying what holds data needs approval
	TTL       time.Duration     // life after the last push; 0 = for ever
	TTLSet    bool              // the manifest says how long; else TTL is 0
	Variables map[string]string // Terraform variables, without TF_VAR_
}

// Load reads the manifest of a source tree; an absent file is the zero
// Manifest. Errors are those of Parse.
func Load(source fs.FS) (Manifest, error) {
	data, err := fs.ReadFile(source, File)
	if errors.Is(err, fs.ErrNotExist) {
		return Manifest{}, nil
	}
	if err != nil {
		return Manifest{}, aloft.Errorf(aloft.CodeInvalid, "cannot read %s: %w", File, err).
			WithHint("%s is a plain file in the root of the repository", File)
	}
	return Parse(File, data)
}

// TerraformFolder returns the folder of the project's Terraform, relative to
// the repository's root.
func (m Manifest) TerraformFolder() string {
	if m.Terraform == "" {
		return "terraform"
	}
	return path.Clean(m.Terraform)
}

// AppNames returns the names of the project's apps, sorted. A manifest that
// names none has one, DefaultApp.
func (m Manifest) AppNames() []string {
	if len(m.Apps) == 0 {
		return []string{DefaultApp}
	}
	return slices.Sorted(maps.Keys(m.Apps))
}

// AppPath returns the folder of an app, relative to the repository's root; "."
// is the root.
func (m Manifest) AppPath(name string) string {
	return path.Clean(m.Apps[name].Path)
}

// AppRuntime returns the runtime that the manifest wants for an app, or "" when
// it leaves that to detection.
func (m Manifest) AppRuntime(name string) string { return m.Apps[name].Runtime }

// Environment returns the settings of an environment, named without "env-".
func (m Manifest) Environment(name string) EnvironmentSettings {
	own := m.Environments[name]
	settings := EnvironmentSettings{TTL: m.TTL.Duration, TTLSet: m.TTL.Set, Variables: maps.Clone(own.Variables)}
	if own.TTL.Set {
		settings.TTL, settings.TTLSet = own.TTL.Duration, true
	}
	for _, pattern := range m.Protected {
		if match, err := path.Match(pattern, name); err == nil && match {
			settings.Protected = true
		}
	}
	if own.Protected != nil {
		settings.Protected = *own.Protected
	}
	return settings
}

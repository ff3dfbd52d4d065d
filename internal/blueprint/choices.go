// Package blueprint turns a few choices into plain Terraform and a GitHub
// Actions workflow. It is pure and deterministic: the same choices give the same
// files, byte for byte, and nothing is read but what it is given.
//
// catalog.go lists what can be chosen, rules.go what goes together. The Terraform
// modules in modules/ reach the user as they stand there; only the root
// composition and the workflow are written, the one with hclwrite, the other
// with a YAML encoder.
//
// The package imports the root package only.
package blueprint

// Choices are all that a blueprint is made of. An empty field is chosen by
// Complete; what is refused, and why, Check tells.
type Choices struct {
	Name     string    `json:"name" yaml:"name" doc:"Project: 1 to 40 characters a-z, 0-9 and -, starting with a letter or digit, not ending with -"`
	Target   string    `json:"target,omitempty" yaml:"target" doc:"Where environments are made"`
	Engine   string    `json:"engine,omitempty" yaml:"engine" doc:"What runs the Terraform files"`
	Region   string    `json:"region,omitempty" yaml:"region,omitempty" doc:"Region of the target, such as westeurope"`
	Network  string    `json:"network,omitempty" yaml:"network,omitempty" doc:"How services are closed"`
	Apps     []App     `json:"apps,omitempty" yaml:"apps" doc:"The deployables, at least one"`
	Database Service   `json:"database,omitempty" yaml:"database,omitempty" doc:"The database that the apps share"`
	AddOns   []Service `json:"addOns,omitempty" yaml:"add-ons,omitempty" doc:"Further services that the apps share"`
}

// App is one deployable of the project.
type App struct {
	Name      string `json:"name,omitempty" yaml:"name" doc:"1 to 30 characters a-z, 0-9 and -"`
	Path      string `json:"path,omitempty" yaml:"path,omitempty" doc:"Folder in the repository; empty = the root"`
	Runtime   string `json:"runtime,omitempty" yaml:"runtime" doc:"What the app is"`
	Version   string `json:"version,omitempty" yaml:"version,omitempty" doc:"Version of the runtime"`
	BuildTool string `json:"buildTool,omitempty" yaml:"build-tool,omitempty" doc:"maven or gradle, for the runtimes of Java"`
	Packaging string `json:"packaging,omitempty" yaml:"packaging,omitempty" doc:"archive = the host brings the runtime; image = a container image does"`
	Hosting   string `json:"hosting,omitempty" yaml:"hosting,omitempty" doc:"What runs the app"`
	Tier      string `json:"tier,omitempty" yaml:"tier,omitempty" doc:"Size of the hosting"`
	Port      int    `json:"port,omitempty" yaml:"port,omitempty" doc:"Port that a container listens on"`
	Health    string `json:"health,omitempty" yaml:"health,omitempty" doc:"Path that answers 2xx when the app is well; empty = /"`
	Start     string `json:"start,omitempty" yaml:"start,omitempty" doc:"Start command, where the host needs one"`
	Build     string `json:"build,omitempty" yaml:"build,omitempty" doc:"Shell line that builds the app, for aloft.yaml, where its files do not tell: one of several apps of a build"`
	Command   string `json:"command,omitempty" yaml:"command,omitempty" doc:"Shell line that starts the app, for aloft.yaml, where its files do not tell"`
	Static    string `json:"static,omitempty" yaml:"static,omitempty" doc:"Folder in the app's that is served as it is, for aloft.yaml, where its files do not tell"`
}

// Service is a database or an add-on.
type Service struct {
	Kind    string `json:"kind,omitempty" yaml:"kind" doc:"postgresql, redis and so on"`
	Tier    string `json:"tier,omitempty" yaml:"tier,omitempty" doc:"Size of the service"`
	Version string `json:"version,omitempty" yaml:"version,omitempty" doc:"Version of the service, where it can be chosen"`
}

// AddOn returns the add-on of that kind.
func (c Choices) AddOn(kind string) (Service, bool) {
	for _, s := range c.AddOns {
		if s.Kind == kind {
			return s, true
		}
	}
	return Service{}, false
}

// HasDatabase reports whether a database was chosen.
func (c Choices) HasDatabase() bool { return c.Database.Kind != "" && c.Database.Kind != None }

// None is the kind of no database.
const None = "none"

// File is one file of a blueprint.
type File struct {
	Path string // in the repository, with slashes
	Text string
}

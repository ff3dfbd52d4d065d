package api

import (
	"context"
	"net/url"
	"strings"
)

// Generator turns choices into archives of files. What is wrong with choices is
// CodeInvalid and wraps FieldErrors.
type Generator interface {
	Generate(ctx context.Context, r GenerateRequest) (Archive, error)
	// Choose tells what can be chosen beside what the parameters choose. Wrong
	// choices are no error: the answer tells what is wrong with them.
	Choose(ctx context.Context, query url.Values) (Choosing, error)
}

// GenerateRequest asks for an archive.
type GenerateRequest struct {
	Name     string     // of the project
	Format   string     // zip or tgz
	NubesGen bool       // the parameters and the body are NubesGen's
	Query    url.Values // parameters; they count when there is no body
	Body     []byte     // JSON; nil = none
}

// Archive is what was generated.
type Archive struct {
	Data    []byte
	Notices []string // what is another than was asked for, one line each
}

// Choices are all that Terraform, workflow and README are generated from. An
// empty field is chosen by the server.
type Choices struct {
	Name     string          `json:"name,omitempty" doc:"Project; the same as in the path, and need not be given"`
	Target   string          `json:"target,omitempty" query:"target" enum:"azure,local" doc:"Where environments are made"`
	Engine   string          `json:"engine,omitempty" query:"engine" enum:"opentofu,terraform" doc:"What runs the Terraform files"`
	Region   string          `json:"region,omitempty" query:"region" doc:"Region of the target, such as westeurope"`
	Network  string          `json:"network,omitempty" query:"network" enum:"public,private" doc:"How services are closed"`
	Apps     []ChosenApp     `json:"apps,omitempty" doc:"The deployables; none = one that is built by its Dockerfile"`
	Database ChosenService   `json:"database,omitempty" doc:"The database that the apps share"`
	AddOns   []ChosenService `json:"addOns,omitempty" doc:"Further services that the apps share: redis, blob-storage, mongodb, application-insights, key-vault"`
}

// ChosenApp is one deployable of the project.
type ChosenApp struct {
	Name      string `json:"name,omitempty" doc:"1 to 20 characters a-z, 0-9 and -"`
	Path      string `json:"path,omitempty" query:"path" doc:"Folder in the repository; empty = the root"`
	Runtime   string `json:"runtime,omitempty" query:"runtime" enum:"docker,spring-boot,quarkus,quarkus-native,micronaut,java,dotnet,node,python,php,go,ruby,rust,static" doc:"What the app is"`
	Version   string `json:"version,omitempty" query:"version" doc:"Version of the runtime"`
	BuildTool string `json:"buildTool,omitempty" query:"build-tool" enum:"maven,gradle" doc:"For the runtimes of Java"`
	Packaging string `json:"packaging,omitempty" query:"packaging" enum:"archive,image" doc:"archive = the host brings the runtime; image = a container image does"`
	Hosting   string `json:"hosting,omitempty" query:"hosting" enum:"web-app,container-app,function,static-web-app,local" doc:"What runs the app"`
	Tier      string `json:"tier,omitempty" query:"tier" doc:"Size of the hosting"`
	Port      int    `json:"port,omitempty" query:"port" doc:"Port that a container listens on"`
	Health    string `json:"health,omitempty" query:"health" doc:"Path that answers 2xx when the app is well; empty = /"`
	Start     string `json:"start,omitempty" query:"start" doc:"Start command, where the host needs one"`
	Build     string `json:"build,omitempty" query:"build" doc:"Shell line that builds the app, for aloft.yaml, where its files do not tell: one of several apps of a build"`
	Command   string `json:"command,omitempty" query:"command" doc:"Shell line that starts the app, for aloft.yaml, where its files do not tell"`
	Static    string `json:"static,omitempty" query:"static" doc:"Folder in the app's that is served as it is, for aloft.yaml, where its files do not tell"`
}

// ChosenService is a database or an add-on.
type ChosenService struct {
	Kind    string `json:"kind,omitempty" doc:"postgresql, redis and so on"`
	Tier    string `json:"tier,omitempty" doc:"Size of the service"`
	Version string `json:"version,omitempty" doc:"Version of the service, where it can be chosen"`
}

// Choosing is choices on their way: what they are when completed, what else
// each could be, and what is wrong.
type Choosing struct {
	Choices  Choices       `json:"choices" doc:"What the parameters choose, completed"`
	Fields   []ChoiceField `json:"fields" nullable:"false" doc:"Every field that has options"`
	Changed  FieldErrors   `json:"changed,omitempty" doc:"What the parameters choose and does not go; it was chosen anew"`
	Problems FieldErrors   `json:"problems,omitempty" doc:"What is wrong, so that nothing is generated from it"`
	Command  string        `json:"command" doc:"The command line that makes the same choices"`
	Query    string        `json:"query" doc:"The parameters that make the same choices, for /generate"`
}

// ChoiceField is a field of choices with what it may be.
type ChoiceField struct {
	Name      string         `json:"name" doc:"As errors name it" example:"apps[0].hosting"`
	Parameter string         `json:"parameter" doc:"As a query names it" example:"hosting"`
	Value     string         `json:"value" doc:"What it is"`
	Options   []ChoiceOption `json:"options" nullable:"false"`
}

// ChoiceOption is one value that a field may have.
type ChoiceOption struct {
	Value  string `json:"value"`
	Title  string `json:"title"`
	Detail string `json:"detail,omitempty" doc:"What a newcomer should know"`
	Cost   string `json:"cost,omitempty" doc:"Class of price: free, by use, low, medium, high, very high"`
	Reason string `json:"reason,omitempty" doc:"Why it does not go with the other choices; empty = it does"`
}

// FieldError is one thing that is wrong with a request.
type FieldError struct {
	Field   string   `json:"field" doc:"What is wrong" example:"apps[0].hosting"`
	Value   string   `json:"value" doc:"What it is"`
	Rule    string   `json:"rule" doc:"What is wrong with it, for people"`
	Allowed []string `json:"allowed,omitempty" doc:"What it may be, where that can be listed"`
}

// FieldErrors are everything that is wrong with a request.
type FieldErrors []FieldError

// Error writes one line for each.
func (e FieldErrors) Error() string {
	lines := make([]string, len(e))
	for i, one := range e {
		lines[i] = one.Field + ": \"" + one.Value + "\" " + one.Rule
	}
	return strings.Join(lines, "\n")
}

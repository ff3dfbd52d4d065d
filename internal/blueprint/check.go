package blueprint

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft"
)

// Violation is one thing that is wrong with choices.
type Violation struct {
	Field   string   `json:"field"`             // such as apps[0].hosting
	Value   string   `json:"value"`             // what it is
	Rule    string   `json:"rule"`              // what is wrong, for people
	Allowed []string `json:"allowed,omitempty"` // what it may be; nil = cannot be listed
}

// Error writes the violation as one line.
func (v Violation) Error() string {
	text := fmt.Sprintf("%s: %q %s", v.Field, v.Value, v.Rule)
	if len(v.Allowed) > 0 {
		text += "; one of " + strings.Join(v.Allowed, ", ")
	}
	return text
}

// Violations are everything that is wrong with choices.
type Violations []Violation

// Error writes one violation per line.
func (v Violations) Error() string {
	lines := make([]string, len(v))
	for i, one := range v {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// Err returns the violations as one error for people, or nil when there are
// none. Its cause is the Violations.
func (v Violations) Err() error {
	if len(v) == 0 {
		return nil
	}
	return aloft.Errorf(aloft.CodeInvalid, "%w", v)
}

// MaxApps is how many apps a project may have.
const MaxApps = 20

// MaxAddOns is how many add-ons are looked at, which is more than there are.
const MaxAddOns = 20

// tooMany tells what has more apps or add-ons than a project may have. Checking
// takes longer with the square of them, and anybody may ask for it.
func (c Choices) tooMany() Violations {
	k := &checker{}
	k.atMost("apps", len(c.Apps), MaxApps)
	k.atMost("addOns", len(c.AddOns), MaxAddOns)
	return k.found
}

// Check returns what is wrong with complete choices: values that are not to be
// had, and values that do not go together.
func (c Choices) Check() Violations {
	k := &checker{choices: c}
	k.name("name", c.Name, aloft.ValidateProjectName, aloft.MaxProjectName)
	k.oneOf("target", c.Target, Targets())
	k.oneOf("engine", c.Engine, Engines())
	if !slices.Contains(values(Targets()), c.Target) {
		return k.found // all else hangs on it
	}
	if c.Target == TargetAzure {
		k.oneOf("region", c.Region, Regions(c.Target))
		k.oneOf("network", c.Network, Networks())
	} else {
		k.empty("region", c.Region, "the local target has no regions")
		k.empty("network", c.Network, "the local target has no networks")
	}
	k.service("database", c.Database, databaseKinds)
	if many := c.tooMany(); len(many) > 0 {
		return append(k.found, many...)
	}
	for i, s := range c.AddOns {
		field := fmt.Sprintf("addOns[%d]", i)
		k.service(field, s, addOnKinds)
		if slices.ContainsFunc(c.AddOns[:i], func(other Service) bool { return other.Kind == s.Kind }) {
			k.add(field+".kind", s.Kind, "is there twice", nil)
		}
	}
	k.apps()
	if len(k.found) == 0 && c.Target == TargetAzure {
		k.together()
		k.reach()
		k.mixed()
	}
	return k.found
}

// maxAzureApp is how long an app's name may be on Azure, where it is part of
// names of 32 characters.
const maxAzureApp = 20

type checker struct {
	choices Choices
	found   Violations
}

func (k *checker) add(field, value, rule string, allowed []string) {
	k.found = append(k.found, Violation{field, value, rule, allowed})
}

func (k *checker) atMost(field string, n, most int) {
	if n > most {
		k.add(field, fmt.Sprint(n), fmt.Sprintf("are more than %d", most), nil)
	}
}

func (k *checker) name(field, value string, validate func(string) error, limit int) {
	if validate(value) == nil {
		return
	}
	rule := fmt.Sprintf("is no name: 1 to %d characters a-z, 0-9 and -, neither starting nor ending with -", limit)
	if near := aloft.NearestName(value, limit); near != "" {
		rule += "; the nearest is " + near
	}
	k.add(field, value, rule, nil)
}

func (k *checker) oneOf(field, value string, list []Option) {
	if allowed := values(list); !slices.Contains(allowed, value) {
		k.add(field, value, "is not known", allowed)
	}
}

const notToBeChosen = "cannot be chosen: "

func (k *checker) empty(field, value, rule string) {
	if value != "" {
		k.add(field, value, notToBeChosen+rule, nil)
	}
}

func (k *checker) service(field string, s Service, kinds []kind) {
	i := slices.IndexFunc(kinds, func(known kind) bool { return known.Value == s.Kind })
	if i < 0 {
		k.add(field+".kind", s.Kind, "is not known", values(options(kinds, func(known kind) Option { return known.Option })))
		return
	}
	if k.choices.Target != TargetAzure {
		k.empty(field+".tier", s.Tier, "the local target has no tiers")
		k.empty(field+".version", s.Version, "the local target runs what is installed on its machine")
		return
	}
	k.among(field+".tier", s.Tier, Tiers(s.Kind), s.Kind+" has no tiers")
	k.among(field+".version", s.Version, ServiceVersions(s.Kind), "the version of "+s.Kind+" is not chosen here")
}

// among is oneOf where the list may be empty: then so must be the value.
func (k *checker) among(field, value string, list []Option, rule string) {
	if len(list) == 0 {
		k.empty(field, value, rule)
		return
	}
	k.oneOf(field, value, list)
}

// The rules of free text: nothing that could end a line or hide in one.
var (
	pathRule   = regexp.MustCompile(`^[A-Za-z0-9._@+-]+(/[A-Za-z0-9._@+-]+)*$`)
	healthRule = regexp.MustCompile(`^/[A-Za-z0-9._~/?&=%+:@!,;-]*$`)
	startRule  = regexp.MustCompile(`^[ -~]*$`)
)

func (k *checker) apps() {
	if len(k.choices.Apps) == 0 {
		k.add("apps", "", "there is none", nil)
	}
	for i, a := range k.choices.Apps {
		field := fmt.Sprintf("apps[%d]", i)
		k.app(field, a)
		if slices.ContainsFunc(k.choices.Apps[:i], func(other App) bool { return other.Name == a.Name }) {
			k.add(field+".name", a.Name, "is there twice", nil)
		}
	}
}

func (k *checker) app(field string, a App) {
	limit := aloft.MaxAppName
	if k.choices.Target == TargetAzure {
		limit = maxAzureApp
	}
	k.name(field+".name", a.Name, aloft.ValidateAppName, limit)
	if aloft.ValidateAppName(a.Name) == nil && len(a.Name) > limit {
		k.add(field+".name", a.Name, fmt.Sprintf("is longer than the %d characters that Azure's names leave for it", maxAzureApp), nil)
	}
	if a.Path != "." && !inRepository(a.Path) {
		k.add(field+".path", a.Path, "is no folder in the repository, such as services/api: letters, digits, . _ @ + -, and / between them", nil)
	}
	if a.Health != "" && (!healthRule.MatchString(a.Health) || len(a.Health) > 200) {
		k.add(field+".health", a.Health, "is no path: it starts with /, has no spaces, and at most 200 characters", nil)
	}
	k.command(field+".start", a.Start)
	k.manifest(field, a)
	if a.Port < 0 || a.Port > 65535 {
		k.add(field+".port", fmt.Sprint(a.Port), "is no port: 1 to 65535", nil)
	}
	r, known := runtimeOf(a.Runtime)
	if !known {
		k.add(field+".runtime", a.Runtime, "is not known", values(Runtimes()))
		return
	}
	k.version(field+".version", a, r)
	k.among(field+".buildTool", a.BuildTool, BuildTools(a.Runtime), r.Title+" has no choice of build tools")
	k.oneOf(field+".hosting", a.Hosting, Hostings(k.choices.Target))
	if k.choices.Target != TargetAzure {
		k.empty(field+".tier", a.Tier, "the local target has no tiers")
		k.empty(field+".packaging", a.Packaging, "the local target runs what the build makes")
		k.empty(field+".port", portText(&a), "the local target tells an app its port by PORT")
		k.empty(field+".start", a.Start, "the local target starts an app by command")
		return
	}
	if host, ok := kindOf(a.Hosting); ok {
		k.among(field+".tier", a.Tier, Tiers(host.Value), host.Title+" has no tiers")
		k.oneOf(field+".packaging", a.Packaging, Packagings())
		k.hosting(field, a, r)
	}
	if a.Packaging != PackagingImage && a.Port != 0 {
		k.add(field+".port", fmt.Sprint(a.Port), "cannot be chosen: the host tells an archive its port by PORT", nil)
	}
	if a.Start != "" && !(a.Hosting == HostingWebApp && a.Packaging == PackagingArchive) {
		k.add(field+".start", a.Start, "cannot be chosen: only an archive in a web app is started by a command of yours", nil)
	}
}

// command checks a shell line.
func (k *checker) command(field, value string) {
	if !startRule.MatchString(value) || len(value) > 1000 {
		k.add(field, value, "is no command: one line of ASCII, at most 1000 characters", nil)
	}
}

// manifest checks what is for aloft.yaml alone.
func (k *checker) manifest(field string, a App) {
	k.command(field+".build", a.Build)
	k.command(field+".command", a.Command)
	if a.Static != "" && a.Static != "." && !inRepository(a.Static) {
		k.add(field+".static", a.Static, "is no folder in the app's, such as dist: letters, digits, . _ @ + -, and / between them", nil)
	}
	if a.Static != "" && a.Command != "" {
		k.add(field+".static", a.Static, "cannot be chosen: an app that is started serves its files itself", nil)
	}
	if a.Runtime == "docker" {
		for _, told := range []struct{ name, value string }{{"build", a.Build}, {"command", a.Command}, {"static", a.Static}} {
			k.empty(field+"."+told.name, told.value, "it stands in the Dockerfile")
		}
	}
}

// inRepository reports whether a path is one of a folder below.
func inRepository(path string) bool {
	return pathRule.MatchString(path) && !slices.Contains(strings.Split(path, "/"), "..")
}

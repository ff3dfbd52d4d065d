package blueprint

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/go-version"

	"github.com/aloft-dev/aloft"
)

// Finding is a choice that the source tree told of.
type Finding struct {
	Field  string       `json:"field"` // such as web.runtime, database
	Value  string       `json:"value"`
	Source aloft.Source `json:"source"`
}

// Proposal is what the source tree asks for.
type Proposal struct {
	Choices  Choices   `json:"choices"`
	Findings []Finding `json:"findings"`
	Notices  []string  `json:"notices,omitempty"` // what was seen and is not proposed

	asked []Finding // versions that are none of those to choose from; their values are the project's words
}

// Propose makes choices of detected apps. What they do not tell stays empty, for
// Complete or for the person who is asked. Told reports whether the files alone
// tell how an app is built and started; of others aloft.yaml has to say it. Nil =
// they always do.
func Propose(name string, apps []aloft.App, told func(aloft.App) bool) Proposal {
	p := Proposal{Choices: Choices{Name: name}}
	for _, app := range apps {
		p.app(app, told == nil || told(app))
	}
	for _, app := range apps {
		for _, need := range app.AddOns {
			p.need(app, need)
		}
	}
	return p
}

func (p *Proposal) found(field, value string, source aloft.Source) {
	p.Findings = append(p.Findings, Finding{field, value, source})
}

func (p *Proposal) app(app aloft.App, told bool) {
	a := App{Name: app.Name, Path: cmp.Or(app.Path, ".")}
	if a.Path == "." {
		a.Path = ""
	}
	if a.Path != "" && !inRepository(a.Path) {
		p.Notices = append(p.Notices, fmt.Sprintf("%s is left out: its folder %q has other characters than letters, digits and . _ @ + - in its name.", app.Name, a.Path))
		return
	}
	source := app.Runtime.Source
	a.Runtime = runtimeFor(app)
	if app.Framework.Value == a.Runtime {
		source = app.Framework.Source
	}
	if a.Runtime == "" {
		p.Notices = append(p.Notices, fmt.Sprintf("%s: there is no hosting for the runtime %s yet; a Dockerfile would do.", app.Name, app.Runtime.Value))
		return
	}
	p.found(app.Name+".runtime", a.Runtime, source)
	r, _ := runtimeOf(a.Runtime)
	if r.java && (app.Package.Value == Maven || app.Package.Value == Gradle) {
		a.BuildTool = app.Package.Value
		p.found(app.Name+".build-tool", a.BuildTool, app.Package.Source)
	}
	if app.Function.Value != "" && r.function != "" {
		a.Hosting = HostingFunction
		p.found(app.Name+".hosting", a.Hosting, app.Function.Source)
	}
	if r.Value == "node" && app.Static.Value != "" && app.Start.Empty() {
		a.Hosting = HostingStaticWebApp
		p.found(app.Name+".hosting", a.Hosting, app.Static.Source)
	}
	if app.Version.Value != "" {
		known := matching(app.Version.Value, r.versions)
		if known == "" && r.Value == "go" { // go.mod names the oldest that will do
			known = matching(">= "+app.Version.Value, r.versions)
		}
		if known != "" {
			a.Version = known
			p.found(app.Name+".version", known, app.Version.Source)
		} else if len(r.versions) > 0 {
			p.asked = append(p.asked, Finding{app.Name + ".version", app.Version.Value, app.Version.Source})
		}
	}
	if app.HealthHint.Value != "" && healthRule.MatchString(app.HealthHint.Value) && a.Hosting != HostingFunction && a.Hosting != HostingStaticWebApp && r.Value != "static" {
		a.Health = app.HealthHint.Value
		p.found(app.Name+".health", a.Health, app.HealthHint.Source)
	}
	packaging := a.complete(Choices{Target: TargetAzure}).Packaging
	if port, err := strconv.Atoi(app.Port.Value); err == nil && port > 0 && port < 65536 && packaging == PackagingImage {
		a.Port = port
		p.found(app.Name+".port", app.Port.Value, app.Port.Source)
	}
	if start, from := hostStart(a, app); start != "" {
		a.Start = start
		p.found(app.Name+".start", start, from)
	}
	if !told && a.Runtime != "docker" {
		a.Build, a.Command, a.Static = shellLines(app.Build), shellText(app.Start), app.Static.Value
	}
	p.Choices.Apps = append(p.Choices.Apps, a)
}

// runtimeFor names a detected runtime as it is chosen; "" = none fits.
func runtimeFor(app aloft.App) string {
	switch name := app.Runtime.Value; name {
	case "java":
		switch framework := app.Framework.Value; framework {
		case "quarkus":
			if app.Native.Value == "always" {
				return "quarkus-native"
			}
			return framework
		case "spring-boot", "micronaut":
			return framework
		}
		return name
	case "procfile":
		if app.Dockerfile.Value != "" {
			return "docker"
		}
		return ""
	default:
		if _, known := runtimeOf(name); !known {
			return ""
		}
		return name
	}
}

// matching returns the first of the versions that a project's own words allow:
// 22, v22.3, >=3.12, ==3.12.*, ^8.2, ~3.12, ~> 3.3, 17.
func matching(words string, versions []string) string {
	for _, alternative := range strings.Split(words, "||") {
		alternative = strings.TrimPrefix(strings.TrimSpace(alternative), "v")
		named := strings.TrimLeft(alternative, "~= ")
		for _, v := range versions {
			if named == v || strings.HasPrefix(named, v+".") || strings.HasPrefix(v, named+".") {
				return v
			}
		}
		constraint, err := version.NewConstraint(caret(alternative))
		if err != nil {
			continue
		}
		for _, v := range versions {
			// 24 stands for every 24.x, so the newest of them is asked.
			if newest, err := version.NewVersion(v + ".999"); err == nil && constraint.Check(newest) {
				return v
			}
		}
	}
	return ""
}

// caret writes npm's and Composer's ^1.2 as a constraint.
func caret(words string) string {
	words = strings.Join(strings.FieldsFunc(words, func(r rune) bool { return r == ' ' }), ", ")
	words = strings.NewReplacer(">=, ", ">= ", "<, ", "< ", ">, ", "> ", "<=, ", "<= ", "~>, ", "~> ", ".x", "", ".*", "").Replace(words)
	if rest, ok := strings.CutPrefix(words, "^"); ok {
		major, _, _ := strings.Cut(rest, ".")
		if n, err := strconv.Atoi(major); err == nil {
			return fmt.Sprintf(">= %s, < %d", rest, n+1)
		}
	}
	if rest, ok := strings.CutPrefix(words, "~"); ok && !strings.HasPrefix(rest, ">") {
		return "~> " + strings.TrimPrefix(rest, "=")
	}
	return words
}

// kindFor names a detected need as it is chosen.
var kindFor = map[string]string{
	"postgresql": PostgreSQL, "mysql": MySQL, "sqlserver": SQLServer,
	"redis": Redis, "mongodb": MongoDB, "bucket": BlobStorage, "key-vault": KeyVault, "application-insights": ApplicationInsights,
}

func (p *Proposal) need(app aloft.App, need aloft.AddOn) {
	kind, known := kindFor[need.Kind]
	switch {
	case !slices.ContainsFunc(p.Choices.Apps, func(a App) bool { return a.Name == app.Name }):
	case !known:
		p.Notices = append(p.Notices, fmt.Sprintf("%s seems to need %s%s: write Terraform of your own for it beside ours.", app.Name, need.Kind, need.Source))
	case isKind(databaseKinds, kind):
		switch p.Choices.Database.Kind {
		case kind:
			p.server(app, need)
		case "":
			p.Choices.Database.Kind = kind
			p.found("database", kind, need.Source)
			p.server(app, need)
		default:
			p.Notices = append(p.Notices, fmt.Sprintf("%s seems to need %s%s besides %s: a blueprint has one database.", app.Name, title(kind), need.Source, title(p.Choices.Database.Kind)))
		}
	default:
		if _, there := p.Choices.AddOn(kind); !there {
			p.Choices.AddOns = append(p.Choices.AddOns, Service{Kind: kind})
			p.found("add-on", kind, need.Source)
		}
	}
}

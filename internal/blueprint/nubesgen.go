package blueprint

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft"
)

// Mapping is what NubesGen's parameters, or a repository that it generated, are
// in choices of Aloft.
type Mapping struct {
	Choices Choices
	Notices []string // what is another than was asked for, and why; one sentence or two each
}

// RenderMapping is Render with the notices of the mapping in the README.
func (g Generator) RenderMapping(m Mapping) ([]File, error) {
	g.notices = m.Notices
	return g.Render(m.Choices)
}

// nubesgen is what NubesGen was asked for, in its own words, upper case.
type nubesgen struct {
	name        string
	tool        string
	runtime     string // "" = not given
	application nubesgenTier
	database    nubesgenTier
	addOns      []nubesgenTier
	network     string
	region      string
	gitOps      string
}

// nubesgenTier is a kind and its tier; "" = not given.
type nubesgenTier struct{ kind, tier string }

// nubesgenDefaults are what NubesGen chose by itself.
const (
	nubesgenRegion  = "eastus"
	nubesgenRuntime = "DOCKER"
	nubesgenHosting = "APP_SERVICE"
)

// nubesgenRuntimes are NubesGen's runtimes.
var nubesgenRuntimes = map[string]App{
	"DOCKER":                  {Runtime: "docker"},
	"DOCKER_SPRING":           {Runtime: "spring-boot", BuildTool: Maven, Packaging: PackagingImage},
	"DOCKER_MICRONAUT":        {Runtime: "micronaut", BuildTool: Maven, Packaging: PackagingImage},
	"DOCKER_MICRONAUT_GRADLE": {Runtime: "micronaut", BuildTool: Gradle, Packaging: PackagingImage},
	"JAVA":                    {Runtime: "java", BuildTool: Maven},
	"JAVA_GRADLE":             {Runtime: "java", BuildTool: Gradle},
	"SPRING":                  {Runtime: "spring-boot", BuildTool: Maven},
	"SPRING_GRADLE":           {Runtime: "spring-boot", BuildTool: Gradle},
	"QUARKUS":                 {Runtime: "quarkus", BuildTool: Maven},
	"QUARKUS_NATIVE":          {Runtime: "quarkus-native", BuildTool: Maven},
	"MICRONAUT":               {Runtime: "micronaut", BuildTool: Maven},
	"MICRONAUT_GRADLE":        {Runtime: "micronaut", BuildTool: Gradle},
	"DOTNET":                  {Runtime: "dotnet"},
	"NODEJS":                  {Runtime: "node"},
	"PYTHON":                  {Runtime: "python"},
}

// nubesgenKind is one of NubesGen's hostings, databases or add-ons: what it is
// here, and its tiers, the first of which NubesGen chose by itself.
type nubesgenKind struct {
	name, kind string
	tiers      [][2]string // theirs, ours
}

var (
	nubesgenHostings = []nubesgenKind{
		{nubesgenHosting, HostingWebApp, [][2]string{{"FREE", "free"}, {"BASIC", "basic"}, {"STANDARD", "standard"}}},
		{"FUNCTION", HostingFunction, [][2]string{{"CONSUMPTION", "consumption"}, {"PREMIUM", "premium"}}},
		{"CONTAINER_APPS", HostingContainerApp, [][2]string{{"CONSUMPTION", "consumption"}}},
		{"SPRING_APPS", HostingContainerApp, [][2]string{{"STANDARD", "always-on"}, {"BASIC", "consumption"}}},
	}
	nubesgenDatabases = []nubesgenKind{
		{"NONE", None, [][2]string{{"FREE", ""}}},
		{"SQL_SERVER", SQLServer, [][2]string{{"SERVERLESS", "serverless"}, {"GENERAL_PURPOSE", "general-purpose"}}},
		{"MYSQL", MySQL, [][2]string{{"BASIC", "burstable"}, {"GENERAL_PURPOSE", "general-purpose"}}},
		{"POSTGRESQL", PostgreSQL, [][2]string{{"BASIC", "burstable"}, {"GENERAL_PURPOSE", "general-purpose"}}},
	}
	nubesgenAddOns = []nubesgenKind{
		{"APPLICATION_INSIGHTS", ApplicationInsights, [][2]string{{"BASIC", "standard"}}},
		{"KEY_VAULT", KeyVault, [][2]string{{"STANDARD", "standard"}}},
		{"REDIS", Redis, [][2]string{{"BASIC", "basic"}}},
		{"STORAGE_BLOB", BlobStorage, [][2]string{{"BASIC", "standard"}}},
		{"COSMOSDB_MONGODB", MongoDB, [][2]string{{"FREE", "basic"}, {"BASIC", "basic"}}},
	}
)

// mapper turns what NubesGen was asked for into choices.
type mapper struct {
	asked nubesgen
	Mapping
	found Violations
}

// mapped returns the choices for what NubesGen was asked for. Values that it
// took without a word and could not use are answered as it did, with a notice;
// what it could not do either is refused.
func (n nubesgen) mapped() (Mapping, error) {
	m := &mapper{asked: n}
	if err := manyAddOns(len(n.addOns)).Err(); err != nil {
		return Mapping{}, err
	}
	m.Choices = Choices{
		Name: m.name(), Target: TargetAzure, Engine: "terraform",
		Region: regionName(cmp.Or(n.region, nubesgenRegion)), Network: m.network(),
		Database: m.service("database", n.database, nubesgenDatabases),
	}
	m.tool()
	for _, asked := range n.addOns {
		s := m.service("add-on", asked, nubesgenAddOns)
		if _, twice := m.Choices.AddOn(s.Kind); s.Kind != "" && !twice {
			m.Choices.AddOns = append(m.Choices.AddOns, s)
		}
		if s.Kind == MongoDB {
			m.notice("MongoDB is Azure DocumentDB in its smallest size that needs no free tier, since Azure gives only one of those to a subscription; it costs money from the first hour.")
		}
	}
	m.app()
	m.together()
	if n.gitOps != "true" {
		m.notice("The GitHub Actions workflow is in the archive although gitops is not true; remove .github/workflows/aloft.yml if you do not want it.")
	}
	if found := append(m.found, m.Choices.Complete().Check()...); len(found) > 0 {
		return Mapping{}, found.Err()
	}
	return m.Mapping, nil
}

// manyAddOns refuses more than are looked at.
func manyAddOns(n int) Violations {
	if n <= MaxAddOns {
		return nil
	}
	return Violations{{"addons", fmt.Sprint(n), fmt.Sprintf("are more than %d", MaxAddOns), nil}}
}

func (m *mapper) notice(format string, args ...any) {
	if notice := fmt.Sprintf(format, args...); !slices.Contains(m.Notices, notice) {
		m.Notices = append(m.Notices, notice)
	}
}

// name makes a name of ours where NubesGen let Azure's names be made of any.
func (m *mapper) name() string {
	asked := m.asked.name
	if aloft.ValidateProjectName(asked) == nil {
		return asked
	}
	name := aloft.NearestName(asked, aloft.MaxProjectName)
	if name == "" {
		return asked
	}
	m.notice("The project is named %s: names have a-z, 0-9 and - only, and at most %d characters.", name, aloft.MaxProjectName)
	return name
}

// regionName writes a region's title ("West Europe") as its name.
func regionName(asked string) string {
	return strings.ToLower(strings.ReplaceAll(asked, " ", ""))
}

func (m *mapper) tool() {
	switch m.asked.tool {
	case "", "TERRAFORM":
	case "BICEP", "PULUMI":
		m.found = append(m.found, Violation{"iactool", m.asked.tool, "is not written: Aloft writes Terraform", []string{"TERRAFORM"}})
	default:
		m.notice("iactool %s is not known, so Terraform is written.", cleanText(m.asked.tool))
	}
}

func (m *mapper) network() string {
	switch m.asked.network {
	case "", "PUBLIC":
	case "VIRTUAL_NETWORK":
		return NetworkPrivate
	default:
		m.notice("network %s is not known, so the network is public.", cleanText(m.asked.network))
	}
	return NetworkPublic
}

// service maps a database or an add-on; the first kind is what an unknown
// database is.
func (m *mapper) service(what string, asked nubesgenTier, kinds []nubesgenKind) Service {
	i := slices.IndexFunc(kinds, func(k nubesgenKind) bool { return k.name == asked.kind })
	if i < 0 {
		if asked.kind != "" {
			m.notice("%s %s is not known, so there is none.", what, cleanText(asked.kind))
		}
		if what != "database" {
			return Service{}
		}
		i = 0
	}
	return Service{Kind: kinds[i].kind, Tier: m.tier(asked, kinds[i])}
}

func (m *mapper) tier(asked nubesgenTier, k nubesgenKind) string {
	for _, t := range k.tiers {
		if t[0] == asked.tier {
			return t[1]
		}
	}
	if asked.tier != "" && k.kind != None {
		m.notice("%s has no tier %s, so it is %s.", k.name, cleanText(asked.tier), k.tiers[0][0])
	}
	return k.tiers[0][1]
}

// app maps runtime and application.
func (m *mapper) app() {
	asked := m.asked.application
	i := slices.IndexFunc(nubesgenHostings, func(k nubesgenKind) bool { return k.name == asked.kind })
	if i < 0 {
		if asked.kind != "" {
			m.notice("application %s is not known, so the app is a web app.", cleanText(asked.kind))
		}
		i = 0
	}
	hosting := nubesgenHostings[i]
	runtime, known := m.asked.runtime, true
	if runtime == "" {
		runtime = nubesgenRuntime
		if hosting.name == "FUNCTION" || hosting.name == "SPRING_APPS" {
			runtime = "SPRING"
			m.notice("No runtime was given, so it is Spring Boot, as in NubesGen for this application.")
		}
	}
	app, known := nubesgenRuntimes[runtime]
	if !known {
		app = nubesgenRuntimes[nubesgenRuntime]
		m.notice("runtime %s is not known, so it is Docker.", cleanText(runtime))
	}
	app.Hosting, app.Tier = hosting.kind, m.tier(asked, hosting)
	switch {
	case hosting.name == "SPRING_APPS":
		app.Packaging = PackagingImage
		m.notice("Azure retires Spring Apps and takes no new ones, so the app is a container app.")
	case hosting.kind == HostingFunction && (!FunctionRuns(app.Runtime) || app.Packaging == PackagingImage):
		app.Hosting, app.Tier, app.Packaging = HostingContainerApp, "consumption", PackagingImage
		m.notice("A function runs no Docker image of your own here, so the app is a container app, which scales to zero as a function does.")
	case hosting.kind == HostingContainerApp:
		app.Packaging = PackagingImage
	}
	m.Choices.Apps = []App{app}
}

// together makes the choices go together where Aloft is stricter than NubesGen.
func (m *mapper) together() {
	var notices []string
	m.Choices, notices = m.Choices.Together()
	m.Notices = append(m.Notices, notices...)
}

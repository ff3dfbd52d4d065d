// Package nubesgen reads what was chosen with NubesGen, Aloft's ancestor: requests
// to its URLs, and repositories that it generated. What it asks for is told in
// choices of Aloft, with a notice of each that is another.
//
// request.go reads requests, source.go repositories; this file maps both. The
// package is pure and imports the root package and blueprint.
package nubesgen

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/blueprint"
)

// request is what NubesGen was asked for, in its own words, upper case.
type request struct {
	name        string
	tool        string
	runtime     string // "" = not given
	application tier
	database    tier
	addOns      []tier
	network     string
	region      string
	gitOps      string
}

// tier is a kind and its tier; "" = not given.
type tier struct{ kind, tier string }

// These are what NubesGen chose by itself.
const (
	defaultRegion  = "eastus"
	defaultRuntime = "DOCKER"
	appService     = "APP_SERVICE"
)

// runtimes are NubesGen's runtimes.
var runtimes = map[string]blueprint.App{
	"DOCKER":                  {Runtime: "docker"},
	"DOCKER_SPRING":           {Runtime: "spring-boot", BuildTool: blueprint.Maven, Packaging: blueprint.PackagingImage},
	"DOCKER_MICRONAUT":        {Runtime: "micronaut", BuildTool: blueprint.Maven, Packaging: blueprint.PackagingImage},
	"DOCKER_MICRONAUT_GRADLE": {Runtime: "micronaut", BuildTool: blueprint.Gradle, Packaging: blueprint.PackagingImage},
	"JAVA":                    {Runtime: "java", BuildTool: blueprint.Maven},
	"JAVA_GRADLE":             {Runtime: "java", BuildTool: blueprint.Gradle},
	"SPRING":                  {Runtime: "spring-boot", BuildTool: blueprint.Maven},
	"SPRING_GRADLE":           {Runtime: "spring-boot", BuildTool: blueprint.Gradle},
	"QUARKUS":                 {Runtime: "quarkus", BuildTool: blueprint.Maven},
	"QUARKUS_NATIVE":          {Runtime: "quarkus-native", BuildTool: blueprint.Maven},
	"MICRONAUT":               {Runtime: "micronaut", BuildTool: blueprint.Maven},
	"MICRONAUT_GRADLE":        {Runtime: "micronaut", BuildTool: blueprint.Gradle},
	"DOTNET":                  {Runtime: "dotnet"},
	"NODEJS":                  {Runtime: "node"},
	"PYTHON":                  {Runtime: "python"},
}

// kind is one of NubesGen's hostings, databases or add-ons: what it is
// here, and its tiers, the first of which NubesGen chose by itself.
type kind struct {
	name, kind string
	tiers      [][2]string // theirs, ours
}

var (
	hostings = []kind{
		{appService, blueprint.HostingWebApp, [][2]string{{"FREE", "free"}, {"BASIC", "basic"}, {"STANDARD", "standard"}}},
		{"FUNCTION", blueprint.HostingFunction, [][2]string{{"CONSUMPTION", "consumption"}, {"PREMIUM", "premium"}}},
		{"CONTAINER_APPS", blueprint.HostingContainerApp, [][2]string{{"CONSUMPTION", "consumption"}}},
		{"SPRING_APPS", blueprint.HostingContainerApp, [][2]string{{"STANDARD", "always-on"}, {"BASIC", "consumption"}}},
	}
	databases = []kind{
		{"NONE", blueprint.None, [][2]string{{"FREE", ""}}},
		{"SQL_SERVER", blueprint.SQLServer, [][2]string{{"SERVERLESS", "serverless"}, {"GENERAL_PURPOSE", "general-purpose"}}},
		{"MYSQL", blueprint.MySQL, [][2]string{{"BASIC", "burstable"}, {"GENERAL_PURPOSE", "general-purpose"}}},
		{"POSTGRESQL", blueprint.PostgreSQL, [][2]string{{"BASIC", "burstable"}, {"GENERAL_PURPOSE", "general-purpose"}}},
	}
	addOns = []kind{
		{"APPLICATION_INSIGHTS", blueprint.ApplicationInsights, [][2]string{{"BASIC", "standard"}}},
		{"KEY_VAULT", blueprint.KeyVault, [][2]string{{"STANDARD", "standard"}}},
		{"REDIS", blueprint.Redis, [][2]string{{"BASIC", "basic"}}},
		{"STORAGE_BLOB", blueprint.BlobStorage, [][2]string{{"BASIC", "standard"}}},
		{"COSMOSDB_MONGODB", blueprint.MongoDB, [][2]string{{"FREE", "basic"}, {"BASIC", "basic"}}},
	}
)

// mapper turns what NubesGen was asked for into choices.
type mapper struct {
	asked request
	blueprint.Mapping
	found blueprint.Violations
}

// mapped returns the choices for what NubesGen was asked for. Values that it
// took without a word and could not use are answered as it did, with a notice;
// what it could not do either is refused.
func (r request) mapped() (blueprint.Mapping, error) {
	m := &mapper{asked: r}
	if err := manyAddOns(len(r.addOns)).Err(); err != nil {
		return blueprint.Mapping{}, err
	}
	m.Choices = blueprint.Choices{
		Name: m.name(), Target: blueprint.TargetAzure, Engine: "terraform",
		Region: regionName(cmp.Or(r.region, defaultRegion)), Network: m.network(),
		Database: m.service("database", r.database, databases),
	}
	m.tool()
	for _, asked := range r.addOns {
		s := m.service("add-on", asked, addOns)
		if _, twice := m.Choices.AddOn(s.Kind); s.Kind != "" && !twice {
			m.Choices.AddOns = append(m.Choices.AddOns, s)
		}
		if s.Kind == blueprint.MongoDB {
			m.notice("MongoDB is Azure DocumentDB in its smallest size that needs no free tier, since Azure gives only one of those to a subscription; it costs money from the first hour.")
		}
	}
	m.app()
	m.together()
	if r.gitOps != "true" {
		m.notice("The GitHub Actions workflow is in the archive although gitops is not true; remove .github/workflows/aloft.yml if you do not want it.")
	}
	if found := append(m.found, m.Choices.Complete().Check()...); len(found) > 0 {
		return blueprint.Mapping{}, found.Err()
	}
	return m.Mapping, nil
}

// manyAddOns refuses more than are looked at.
func manyAddOns(n int) blueprint.Violations {
	if n <= blueprint.MaxAddOns {
		return nil
	}
	return blueprint.Violations{{Field: "addons", Value: fmt.Sprint(n), Rule: fmt.Sprintf("are more than %d", blueprint.MaxAddOns)}}
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
		m.found = append(m.found, blueprint.Violation{Field: "iactool", Value: m.asked.tool, Rule: "is not written: Aloft writes Terraform", Allowed: []string{"TERRAFORM"}})
	default:
		m.notice("iactool %s is not known, so Terraform is written.", cleanText(m.asked.tool))
	}
}

func (m *mapper) network() string {
	switch m.asked.network {
	case "", "PUBLIC":
	case "VIRTUAL_NETWORK":
		return blueprint.NetworkPrivate
	default:
		m.notice("network %s is not known, so the network is public.", cleanText(m.asked.network))
	}
	return blueprint.NetworkPublic
}

// service maps a database or an add-on; the first kind is what an unknown
// database is.
func (m *mapper) service(what string, asked tier, kinds []kind) blueprint.Service {
	i := slices.IndexFunc(kinds, func(k kind) bool { return k.name == asked.kind })
	if i < 0 {
		if asked.kind != "" {
			m.notice("%s %s is not known, so there is none.", what, cleanText(asked.kind))
		}
		if what != "database" {
			return blueprint.Service{}
		}
		i = 0
	}
	return blueprint.Service{Kind: kinds[i].kind, Tier: m.tier(asked, kinds[i])}
}

func (m *mapper) tier(asked tier, k kind) string {
	for _, t := range k.tiers {
		if t[0] == asked.tier {
			return t[1]
		}
	}
	if asked.tier != "" && k.kind != blueprint.None {
		m.notice("%s has no tier %s, so it is %s.", k.name, cleanText(asked.tier), k.tiers[0][0])
	}
	return k.tiers[0][1]
}

// app maps runtime and application.
func (m *mapper) app() {
	asked := m.asked.application
	i := slices.IndexFunc(hostings, func(k kind) bool { return k.name == asked.kind })
	if i < 0 {
		if asked.kind != "" {
			m.notice("application %s is not known, so the app is a web app.", cleanText(asked.kind))
		}
		i = 0
	}
	hosting := hostings[i]
	runtime, known := m.asked.runtime, true
	if runtime == "" {
		runtime = defaultRuntime
		if hosting.name == "FUNCTION" || hosting.name == "SPRING_APPS" {
			runtime = "SPRING"
			m.notice("No runtime was given, so it is Spring Boot, as in NubesGen for this application.")
		}
	}
	app, known := runtimes[runtime]
	if !known {
		app = runtimes[defaultRuntime]
		m.notice("runtime %s is not known, so it is Docker.", cleanText(runtime))
	}
	app.Hosting, app.Tier = hosting.kind, m.tier(asked, hosting)
	switch {
	case hosting.name == "SPRING_APPS":
		app.Packaging = blueprint.PackagingImage
		m.notice("Azure retires Spring Apps and takes no new ones, so the app is a container app.")
	case hosting.kind == blueprint.HostingFunction && (!blueprint.FunctionRuns(app.Runtime) || app.Packaging == blueprint.PackagingImage):
		app.Hosting, app.Tier, app.Packaging = blueprint.HostingContainerApp, "consumption", blueprint.PackagingImage
		m.notice("A function runs no Docker image of your own here, so the app is a container app, which scales to zero as a function does.")
	case hosting.kind == blueprint.HostingContainerApp:
		app.Packaging = blueprint.PackagingImage
	}
	m.Choices.Apps = []blueprint.App{app}
}

// together makes the choices go together where Aloft is stricter than NubesGen.
func (m *mapper) together() {
	var notices []string
	m.Choices, notices = m.Choices.Together()
	m.Notices = append(m.Notices, notices...)
}

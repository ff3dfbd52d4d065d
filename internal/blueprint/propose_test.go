package blueprint_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/blueprint"
)

func TestPropose(t *testing.T) {
	p := blueprint.Propose("shop", []aloft.App{
		{
			Name: "api", Path: "api",
			Runtime: aloft.Setting{Value: "java"}, Framework: aloft.Setting{Value: "spring-boot", Source: aloft.Source{File: "api/pom.xml", Line: 9}},
			Package: aloft.Setting{Value: "maven"}, Version: aloft.Setting{Value: "17"}, HealthHint: aloft.Setting{Value: "/actuator/health"},
			AddOns: []aloft.AddOn{{Kind: "postgresql"}, {Kind: "redis"}, {Kind: "kafka", Source: aloft.Source{File: "api/pom.xml", Line: 12}}},
		},
		{
			Name: "site", Path: "site",
			Runtime: aloft.Setting{Value: "node"}, Static: aloft.Setting{Value: "dist"}, Version: aloft.Setting{Value: ">=18"},
			AddOns: []aloft.AddOn{{Kind: "mysql"}},
		},
		{Name: "worker", Path: "worker", Runtime: aloft.Setting{Value: "go"}, Version: aloft.Setting{Value: "1.99"}, Port: aloft.Setting{Value: "9000"}},
		{Name: "odd", Path: "odd", Runtime: aloft.Setting{Value: "procfile"}},
	}, nil)
	c := p.Choices
	if len(c.Apps) != 3 {
		t.Fatalf("apps: %+v", c.Apps)
	}
	for i, want := range []blueprint.App{
		{Name: "api", Path: "api", Runtime: "spring-boot", Version: "17", BuildTool: "maven", Health: "/actuator/health"},
		{Name: "site", Path: "site", Runtime: "node", Version: "24", Hosting: "static-web-app"},
		{Name: "worker", Path: "worker", Runtime: "go", Port: 9000},
	} {
		if c.Apps[i] != want {
			t.Errorf("app %+v, want %+v", c.Apps[i], want)
		}
	}
	if c.Database.Kind != "postgresql" || len(c.AddOns) != 1 || c.AddOns[0].Kind != "redis" {
		t.Errorf("services: %+v %+v", c.Database, c.AddOns)
	}
	if len(p.Notices) != 3 {
		t.Errorf("notices: %q", p.Notices)
	}
	if err := c.Complete().Check().Err(); err != nil {
		t.Errorf("the proposal is refused: %v", err)
	}
}

func TestVersionsOfProjects(t *testing.T) {
	for words, want := range map[string]string{
		"22": "22", "v22.3.1": "22", ">=20": "24", "^22.1": "22", "20 || 22": "22", "18": "", ">=18 <23": "22", "lts/*": "", "~22.4": "22", "22.x": "22",
	} {
		p := blueprint.Propose("shop", []aloft.App{{Name: "web", Runtime: aloft.Setting{Value: "node"}, Version: aloft.Setting{Value: words}}}, nil)
		if got := p.Choices.Apps[0].Version; got != want {
			t.Errorf("%q is version %q, want %q", words, got, want)
		}
	}
}

func TestVersionsOfOtherProjects(t *testing.T) {
	for _, test := range []struct{ runtime, words, want, told string }{
		{"python", ">=3.12,<4.0", "3.13", ""}, {"python", "~=3.12", "3.12", ""}, {"python", "~=3.10", "3.13", ""}, {"python", "==3.12.*", "3.12", ""}, {"python", "~3.12", "3.12", ""},
		{"python", "^3.12", "3.13", ""}, {"python", "3", "3.13", ""}, {"php", "~8.3", "8.3", ""}, {"php", "8", "8.4", ""}, {"node", "=22.1.0", "22", ""},
		{"python", "3.9", "3.13", "asks for Python 3.9 (x:1), which is not to be had; there is 3.13"},
		{"java", "11", "21", "asks for Java 11 (x:1), which is not to be had; there is 21, 25, 17. In an image (--packaging image) any"},
		{"go", "1.26.3", "1.26", ""}, {"go", "1.22", "1.27", ""}, {"go", "1.99.1", "1.99", ""}, {"go", "1.27.0", "1.27", ""},
		{"ruby", "~> 3.3", "3.4", ""}, {"ruby", "4.0.0", "4.0", ""}, {"ruby", "3.2.1", "3.2", ""}, {"ruby", ">= 5.1", "5.1", ""},
		{"ruby", "jruby-9", "4.0", "asks for Ruby jruby-9 (x:1), which is not to be had"}, {"ruby", "< 3", "4.0", "asks for Ruby < 3 (x:1)"},
	} {
		framework := map[string]string{"java": "spring-boot"}[test.runtime]
		p := blueprint.Propose("shop", []aloft.App{{
			Name: "web", Runtime: aloft.Setting{Value: test.runtime}, Framework: aloft.Setting{Value: framework},
			Version: aloft.Setting{Value: test.words, Source: aloft.Source{File: "x", Line: 1}},
		}}, nil).Complete()
		if got := p.Choices.Apps[0].Version; got != test.want {
			t.Errorf("%s %q is version %q, want %q", test.runtime, test.words, got, test.want)
		}
		if told := strings.Join(p.Notices, " "); !strings.Contains(told, test.told) || (told != "") != (test.told != "") {
			t.Errorf("%s %q: notices %q", test.runtime, test.words, told)
		}
		if err := p.Choices.Check().Err(); err != nil {
			t.Errorf("%s %q: %v", test.runtime, test.words, err)
		}
	}
}

// A host's list of versions does not bind what an image brings, or what only builds.
func TestVersionsOfImages(t *testing.T) {
	source := aloft.Source{File: "x", Line: 1}
	p := blueprint.Propose("shop", []aloft.App{{Name: "web", Runtime: aloft.Setting{Value: "node"}, Version: aloft.Setting{Value: ">=26.1", Source: source}}}, nil)
	for _, test := range []struct {
		given blueprint.App
		want  string
	}{
		{blueprint.App{}, "24"}, {blueprint.App{Hosting: "container-app"}, "26"}, {blueprint.App{Packaging: "image"}, "26"}, {blueprint.App{Hosting: "web-app", Packaging: "image"}, "26"},
		{blueprint.App{Hosting: "static-web-app"}, "26"}, {blueprint.App{Hosting: "function"}, "24"}, {blueprint.App{Hosting: "container-app", Version: "22"}, "22"},
		{blueprint.App{Name: "api", Hosting: "container-app"}, "26"},
	} {
		got := p.With(blueprint.Choices{Apps: []blueprint.App{test.given}}).Complete()
		a := got.Choices.Apps[0]
		if a.Version != test.want || got.Choices.Check().Err() != nil {
			t.Errorf("%+v: version %q, want %q (%v)", test.given, a.Version, test.want, got.Choices.Check())
		}
		found := slices.Contains(got.Findings, blueprint.Finding{Field: a.Name + ".version", Value: "26", Source: source})
		if asked := test.want == "26"; found != asked || len(got.Notices) > 0 != (test.want == "24") {
			t.Errorf("%+v: findings %v, notices %q", test.given, got.Findings, got.Notices)
		}
		if field, _ := got.Choices.Field("apps[0].version"); !slices.ContainsFunc(field.Options, func(o blueprint.Choice) bool { return o.Value == a.Version && o.Reason == "" }) {
			t.Errorf("%+v: %s is none of %v", test.given, a.Version, field.Options)
		}
	}
	for words, want := range map[string]string{"1.8": "8", "11.0.2": "11", "8 || 11": "11", "[11,17)": "21"} {
		p := blueprint.Propose("shop", []aloft.App{{Name: "web", Runtime: aloft.Setting{Value: "java"}, Version: aloft.Setting{Value: words}}}, nil)
		got := p.With(blueprint.Choices{Apps: []blueprint.App{{Packaging: "image"}}}).Complete().Choices
		if got.Apps[0].Version != want || got.Check().Err() != nil {
			t.Errorf("Java %s in an image is version %q, want %q (%v)", words, got.Apps[0].Version, want, got.Check())
		}
	}
	for version, valid := range map[string]bool{"26": true, "26.1.0": true, "v26": false, "26.": false, "latest": false, "1.2.3.4": false, "26; x": false} {
		c := blueprint.Choices{Name: "x", Apps: []blueprint.App{{Runtime: "node", Hosting: "container-app", Version: version}}}.Complete()
		if found := c.Check(); (len(found) == 0) != valid {
			t.Errorf("version %q: %v", version, found)
		}
	}
}

// A compose file tells the version of a database's server.
func TestVersionsOfServers(t *testing.T) {
	for _, test := range []struct{ kind, words, want, told string }{
		{"postgresql", "16.4", "16", ""}, {"mysql", "8", "8.4", ""}, {"postgresql", "9.6", "17", "PostgreSQL 9.6 (compose.yaml:2), which is not to be had"},
		{"sqlserver", "2022", "", ""}, {"postgresql", "", "17", ""},
	} {
		p := blueprint.Propose("shop", []aloft.App{{Name: "web", Runtime: aloft.Setting{Value: "node"}, AddOns: []aloft.AddOn{
			{Kind: test.kind, Version: aloft.Setting{Value: test.words, Source: aloft.Source{File: "compose.yaml", Line: 2}}},
		}}}, nil)
		got := p.Complete()
		if v := got.Choices.Database.Version; v != test.want || got.Choices.Check().Err() != nil {
			t.Errorf("%s %s is version %q, want %q (%v)", test.kind, test.words, v, test.want, got.Choices.Check())
		}
		if told := strings.Join(got.Notices, " "); !strings.Contains(told, test.told) || (told != "") != (test.told != "") {
			t.Errorf("%s %s: notices %q", test.kind, test.words, told)
		}
		for _, given := range []blueprint.Choices{{Target: blueprint.TargetLocal}, {Database: blueprint.Service{Kind: blueprint.None}}} {
			got := p.With(given).Complete()
			if err := got.Choices.Check().Err(); err != nil {
				t.Errorf("%s %s with %+v: %v", test.kind, test.words, given, err)
			}
			if slices.ContainsFunc(got.Findings, func(f blueprint.Finding) bool { return f.Field == "database.version" }) {
				t.Errorf("%s %s with %+v: findings %v", test.kind, test.words, given, got.Findings)
			}
		}
	}
}

func TestProposeCommands(t *testing.T) {
	shell := func(text string) aloft.Command { return aloft.Command{Args: []string{"sh", "-c", text}} }
	python := aloft.App{
		Name: "web", Runtime: aloft.Setting{Value: "python"},
		Build: []aloft.Command{{Args: []string{"pip", "install", "a b"}}, shell("x; y")},
		Start: shell("PYTHONPATH=src .aloft/venv/bin/python -m gunicorn app:app --bind ${HOST:-0.0.0.0}:$PORT"),
	}
	p := blueprint.Propose("shop", []aloft.App{python}, func(aloft.App) bool { return false })
	a := p.Choices.Apps[0]
	if want := "PYTHONPATH=src:$PYTHONPATH python -m gunicorn app:app --bind 0.0.0.0:$PORT"; a.Start != want {
		t.Errorf("App Service starts it by %q, want %q", a.Start, want)
	}
	if a.Build != "pip install 'a b' && (x; y)" || a.Command != python.Start.String() {
		t.Errorf("aloft.yaml says %q and %q", a.Build, a.Command)
	}
	for hosting, want := range map[string]string{blueprint.HostingWebApp: a.Start, blueprint.HostingContainerApp: ""} {
		c := p.With(blueprint.Choices{Apps: []blueprint.App{{Hosting: hosting}}}).Complete().Choices
		if c.Apps[0].Start != want || len(c.Check()) > 0 {
			t.Errorf("on %s it is started by %q (%v)", hosting, c.Apps[0].Start, c.Check())
		}
	}
	c := p.With(blueprint.Choices{Target: blueprint.TargetLocal}).Complete().Choices
	if c.Apps[0].Start != "" || c.Apps[0].Command == "" || len(c.Check()) > 0 {
		t.Errorf("on one machine it is %+v (%v)", c.Apps[0], c.Check())
	}
}

// Where an app runs on Azure is no choice of anybody who takes the local target.
func TestAFoundHostingGoesWithAzure(t *testing.T) {
	for _, test := range []struct {
		name    string
		app     aloft.App
		azure   string
		notices int
	}{
		{"a static site", aloft.App{Static: aloft.Setting{Value: "dist"}}, "static-web-app", 0},
		{"functions", aloft.App{Function: aloft.Setting{Value: "azure-functions"}}, "function", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.app.Name, test.app.Runtime = "web", aloft.Setting{Value: "node"}
			p := blueprint.Propose("shop", []aloft.App{test.app}, nil)
			if got := p.Complete(); got.Choices.Apps[0].Hosting != test.azure || len(got.Notices) != 0 {
				t.Errorf("on Azure: hosting %q, notices %q", got.Choices.Apps[0].Hosting, got.Notices)
			}
			p.Choices.Target = blueprint.TargetLocal
			got := p.Complete()
			if err := got.Choices.Check().Err(); err != nil {
				t.Error(err)
			}
			if len(got.Notices) != test.notices {
				t.Errorf("notices %q, want %d", got.Notices, test.notices)
			}
			for _, f := range got.Findings {
				if f.Field == "web.hosting" {
					t.Errorf("it still proposes %s %s", f.Field, f.Value)
				}
			}
			p.Choices.Apps[0].Hosting = "container-app"
			if p.Complete().Choices.Check().Err() == nil {
				t.Error("a hosting that was chosen is left out in silence")
			}
		})
	}
}

// A bucket of another cloud is proposed as blob storage, and that this takes work is said.
func TestAnotherCloudsStorage(t *testing.T) {
	for reason, notices := range map[string]int{
		"boto3": 1, "@aws-sdk/client-s3": 1, "cloud.google.com/go/storage": 1, "minio": 1, "@azure/storage-blob": 0, "adlfs": 0, "django-storages": 0,
	} {
		p := blueprint.Propose("shop", []aloft.App{{
			Name: "web", Runtime: aloft.Setting{Value: "node"}, AddOns: []aloft.AddOn{{Kind: "bucket", Source: aloft.Source{File: "package.json", Reason: reason}}},
		}}, nil)
		if got := p.Complete(); len(got.Notices) != notices {
			t.Errorf("%s: notices %q, want %d", reason, got.Notices, notices)
		}
		p.Choices.Target = blueprint.TargetLocal
		if got := p.Complete(); len(got.Notices) != 0 {
			t.Errorf("%s on the local target: notices %q", reason, got.Notices)
		}
	}
}

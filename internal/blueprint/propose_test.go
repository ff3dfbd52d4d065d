package blueprint_test

import (
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
	if len(p.Notices) != 4 {
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
	for _, test := range []struct{ runtime, words, want string }{
		{"python", ">=3.12,<4.0", "3.13"}, {"python", "~=3.12", "3.12"}, {"python", "~=3.10", "3.13"}, {"python", "==3.12.*", "3.12"}, {"python", "~3.12", "3.12"},
		{"python", "^3.12", "3.13"}, {"python", "3.9", ""}, {"php", "~8.3", "8.3"}, {"ruby", "~> 3.3", "3.4"},
		{"go", "1.25.3", "1.25"}, {"go", "1.22", "1.26"}, {"go", "1.99", ""}, {"node", "=22.1.0", "22"},
	} {
		p := blueprint.Propose("shop", []aloft.App{{Name: "web", Runtime: aloft.Setting{Value: test.runtime}, Version: aloft.Setting{Value: test.words}}}, nil)
		if got := p.Choices.Apps[0].Version; got != test.want {
			t.Errorf("%s %q is version %q, want %q", test.runtime, test.words, got, test.want)
		}
		if told := len(p.Notices) > 0; told != (test.want == "") {
			t.Errorf("%s %q: notices %q", test.runtime, test.words, p.Notices)
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

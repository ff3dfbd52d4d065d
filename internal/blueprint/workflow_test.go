package blueprint_test

import (
	"bytes"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/rhysd/actionlint"

	"github.com/aloft-dev/aloft/internal/blueprint"
)

var (
	released   = blueprint.Generator{Version: "v0.4.0", Sum: "h1:8nNhm4fdHvOZZ0b2hqYMWYEpHp9lQBfwQpSnyxGHNyk="}
	unreleased = blueprint.Generator{Version: "devel"}
)

// workflows are all that differ from each other, each with a name that tells what
// it was made of.
var workflows = sync.OnceValue(func() map[string]string {
	all, seen := map[string]string{}, map[string]bool{}
	generators := map[string]blueprint.Generator{"release": released, "no sum": {Version: "v0.4.0"}, "development": unreleased}
	for generation, generator := range generators {
		for _, c := range everyShape() {
			// How Aloft is installed does not depend on the runtime.
			if len(c.Complete().Check()) > 0 || generation != "release" && c.Apps[0].Runtime != "docker" {
				continue
			}
			text := generator.Workflow(c).Text
			if seen[text] {
				continue
			}
			seen[text] = true
			app := c.Apps[0]
			all[strings.Join([]string{generation, c.Target, c.Engine, app.Runtime, app.Version, app.Hosting, c.Database.Kind}, " ")] = text
		}
	}
	return all
})

// A name that YAML takes for a number stays the name.
func TestANameLikeANumber(t *testing.T) {
	for _, name := range []string{"1e5", "1e-5", "12e03", "123", "0x1f", "017"} {
		text := released.Workflow(blueprint.Choices{Name: name}).Text
		if want := "  ALOFT_PROJECT: \"" + name + "\"\n"; !strings.Contains(text, want) {
			t.Errorf("%s is not quoted in\n%s", name, text[:strings.Index(text, "jobs:")])
		}
	}
}

// everyShape lists all that a workflow can depend on, and what it must not.
func everyShape() []blueprint.Choices {
	var list []blueprint.Choices
	each := func(options []blueprint.Option, do func(string)) {
		if len(options) == 0 {
			do("")
		}
		for _, o := range options {
			do(o.Value)
		}
	}
	each(blueprint.Targets(), func(target string) {
		each(blueprint.Engines(), func(engine string) {
			each(blueprint.Runtimes(), func(runtime string) {
				each(blueprint.Versions(runtime), func(version string) {
					each(blueprint.Hostings(target), func(hosting string) {
						each(blueprint.Databases(), func(database string) {
							list = append(list, blueprint.Choices{
								Name: "shop", Target: target, Engine: engine,
								Apps:     []blueprint.App{{Runtime: runtime, Version: version, Hosting: hosting}},
								Database: blueprint.Service{Kind: database},
							})
						})
					})
				})
			})
		})
	})
	return list
}

func TestEveryWorkflowPassesActionlint(t *testing.T) {
	linter, err := actionlint.NewLinter(io.Discard, &actionlint.LinterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(workflows()); n < 80 {
		t.Fatalf("only %d workflows", n)
	}
	for name, text := range workflows() {
		problems, err := linter.Lint("aloft.yml", []byte(text), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, problem := range problems {
			t.Errorf("%s: %s", name, problem)
		}
	}
}

// parsed is a workflow as GitHub reads it, as far as the rules look.
type parsed struct {
	Permissions map[string]string `yaml:"permissions"`
	Env         map[string]string `yaml:"env"`
	Jobs        map[string]struct {
		If          string            `yaml:"if"`
		Permissions map[string]string `yaml:"permissions"`
		Environment map[string]any    `yaml:"environment"`
		Concurrency struct {
			Group  string `yaml:"group"`
			Cancel *bool  `yaml:"cancel-in-progress"`
		} `yaml:"concurrency"`
		Env   map[string]string `yaml:"env"`
		Steps []struct {
			Name string         `yaml:"name"`
			Uses string         `yaml:"uses"`
			Run  string         `yaml:"run"`
			With map[string]any `yaml:"with"`
		} `yaml:"steps"`
	} `yaml:"jobs"`
}

func parse(t *testing.T, text string) parsed {
	t.Helper()
	var p parsed
	if err := yaml.Unmarshal([]byte(text), &p); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return p
}

var (
	pinned  = regexp.MustCompile(`^[a-zA-Z-]+/[a-z-]+@[0-9a-f]{40}$`)
	version = regexp.MustCompile(`@[0-9a-f]{40} # v?[0-9]+\.[0-9]+\.[0-9]+$`)
)

// TestRulesOfWorkflows are our own, besides what actionlint knows.
func TestRulesOfWorkflows(t *testing.T) {
	allowed := map[string]map[string]string{
		"up":      {"contents": "read"},
		"plan":    {"contents": "read", "pull-requests": "write"},
		"gone":    {"contents": "read", "actions": "read", "deployments": "read"},
		"destroy": {"contents": "read", "deployments": "write"},
	}
	for name, text := range workflows() {
		p := parse(t, text)
		azure := strings.Contains(name, " azure ")
		if len(p.Permissions) > 0 {
			t.Errorf("%s: the workflow has permissions: %v", name, p.Permissions)
		}
		if len(p.Jobs) != len(allowed) {
			t.Errorf("%s: %d jobs", name, len(p.Jobs))
		}
		for id, job := range p.Jobs {
			want := maps.Clone(allowed[id])
			if azure && id != "gone" {
				want["id-token"] = "write"
			}
			if !maps.Equal(job.Permissions, want) {
				t.Errorf("%s: job %s may %v, want %v", name, id, job.Permissions, want)
			}
			for _, step := range job.Steps {
				if step.Uses != "" && !pinned.MatchString(step.Uses) {
					t.Errorf("%s: %s is not pinned by a commit", name, step.Uses)
				}
				if strings.Contains(step.Run, "${{") {
					t.Errorf("%s: step %q puts an expression into its script", name, step.Name)
				}
				if strings.HasPrefix(step.Uses, "actions/checkout@") && step.With["persist-credentials"] != false {
					t.Errorf("%s: job %s leaves its token in the checkout", name, id)
				}
			}
			if id == "gone" {
				continue
			}
			group := map[bool]string{true: "aloft-plan-", false: "aloft-"}[id == "plan"]
			if branch := job.Env["BRANCH"]; job.Concurrency.Group != group+branch || job.Environment["name"] != branch {
				t.Errorf("%s: job %s is of group %q and environment %q for branch %q", name, id, job.Concurrency.Group, job.Environment["name"], branch)
			}
			if cancel := job.Concurrency.Cancel; cancel == nil || *cancel {
				t.Errorf("%s: job %s may be cut off", name, id)
			}
			if _, deployed := job.Environment["deployment"]; deployed != (id != "up") {
				t.Errorf("%s: job %s: a deployment is what up does, and nothing else", name, id)
			}
		}
		if plan := p.Jobs["plan"].If; !strings.Contains(plan, "head.repo.full_name == github.repository") {
			t.Errorf("%s: forks are planned with credentials: %s", name, plan)
		}
		for line := range strings.Lines(text) {
			if strings.Contains(line, "uses:") && !version.MatchString(strings.TrimRight(line, "\n")) {
				t.Errorf("%s: no version beside %s", name, line)
			}
			if strings.Contains(line, "${{ secrets.") && (azure || !strings.Contains(line, "ALOFT_TOKEN: ")) {
				t.Errorf("%s: a stored secret: %s", name, line)
			}
		}
	}
}

func TestGoldenWorkflows(t *testing.T) {
	spring := []blueprint.App{{Runtime: "spring-boot"}}
	for file, test := range map[string]struct {
		generator blueprint.Generator
		choices   blueprint.Choices
	}{
		"local.yml":       {unreleased, blueprint.Choices{Name: "shop", Target: "local", Apps: spring}},
		"azure.yml":       {released, blueprint.Choices{Name: "shop", Apps: spring}},
		"azure-vault.yml": {unreleased, blueprint.Choices{Name: "shop", Engine: "terraform", Apps: spring, Database: blueprint.Service{Kind: "postgresql"}}},
		"azure-several.yml": {unreleased, blueprint.Choices{Name: "shop", Apps: []blueprint.App{
			{Name: "api", Path: "api", Runtime: "dotnet"}, {Name: "web", Path: "web", Runtime: "node"}, {Name: "admin", Path: "admin", Runtime: "node"},
		}}},
	} {
		t.Run(file, func(t *testing.T) {
			got := test.generator.Workflow(test.choices)
			if got.Path != ".github/workflows/aloft.yml" {
				t.Errorf("its path is %s", got.Path)
			}
			path := filepath.Join("testdata", "workflow", file)
			if *update {
				if err := os.WriteFile(path, []byte(got.Text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(want, []byte(got.Text)) {
				t.Errorf("%s differs; look at it, then: go test ./internal/blueprint -update\n%s", path, got.Text)
			}
		})
	}
}

// TestWhatAWorkflowSetsUp tells which choices show in the steps of job up.
func TestWhatAWorkflowSetsUp(t *testing.T) {
	app := func(runtime string) blueprint.Choices {
		return blueprint.Choices{Name: "shop", Apps: []blueprint.App{{Runtime: runtime}}}
	}
	with := func(c blueprint.Choices, change func(*blueprint.Choices)) blueprint.Choices {
		change(&c)
		return c
	}
	for _, test := range []struct {
		name    string
		choices blueprint.Choices
		want    []string // steps between the checkout and `aloft up`, those for Aloft itself aside
	}{
		{"Docker builds by itself", app("docker"), []string{"Log in to Azure"}},
		{"a runtime", app("python"), []string{"Set up Python 3.13", "Bring package managers", "Log in to Azure"}},
		{"a native image", app("quarkus-native"), []string{"Set up GraalVM 21", "Log in to Azure"}},
		{"Terraform", with(app("docker"), func(c *blueprint.Choices) { c.Engine = "terraform" }), []string{"Set up Terraform", "Log in to Azure"}},
		{"a password in the vault", with(app("docker"), func(c *blueprint.Choices) { c.Database.Kind = "mysql" }), []string{"Log in to Azure", "Let this runner into the key vault"}},
		{"a database without password", with(app("docker"), func(c *blueprint.Choices) { c.Database.Kind = "sql-server" }), []string{"Log in to Azure"}},
		{"a vault", with(app("docker"), func(c *blueprint.Choices) { c.AddOns = []blueprint.Service{{Kind: "key-vault"}} }), []string{"Log in to Azure", "Let this runner into the key vault"}},
		{"two apps of a kind", with(app("node"), func(c *blueprint.Choices) {
			c.Apps = append(c.Apps, blueprint.App{Name: "two", Runtime: "node"}, blueprint.App{Name: "three", Runtime: "go"})
		}), []string{"Set up Node.js 24", "Set up Go 1.27", "Bring package managers", "Log in to Azure"}},
		{"the server does it", with(app("node"), func(c *blueprint.Choices) { c.Target = "local" }), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, step := range parse(t, unreleased.Workflow(test.choices).Text).Jobs["up"].Steps {
				if !slices.Contains([]string{"Check out", "Find Aloft", "Provision, build, deploy, verify"}, step.Name) {
					got = append(got, step.Name)
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("steps %q, want %q", got, test.want)
			}
		})
	}
}

// FuzzWorkflow: whatever an input holds, the workflow parses, the project's name
// stands where it belongs, and nothing else has changed.
func FuzzWorkflow(f *testing.F) {
	f.Add("shop", "web", "apps/web", "java -jar app.jar", "/health")
	f.Add("a: b", "x\n  y: z", "${{ secrets.TOKEN }}", "\"; rm -rf / #", "'\\'")
	f.Add("- a", "# b", "|", "&a *a", "\x85\u2028")
	for _, name := range []string{"true", "null", "123", "1e3", "0x10", "0b1", "2026-11-26", "no", "on", "0o7"} {
		f.Add(name, "web", ".", "", "")
	}
	plain := released.Workflow(blueprint.Choices{Name: "shop", Apps: []blueprint.App{{Runtime: "node"}}}).Text
	f.Fuzz(func(t *testing.T, name, app, path, start, health string) {
		c := blueprint.Choices{Name: name, Apps: []blueprint.App{{Name: app, Path: path, Runtime: "node", Start: start, Health: health}}}
		if len(c.Complete().Check()) > 0 {
			return // Render refuses it
		}
		var got, want map[string]any
		if err := yaml.Unmarshal([]byte(released.Workflow(c).Text), &got); err != nil {
			t.Fatal(err)
		}
		if err := yaml.Unmarshal([]byte(plain), &want); err != nil {
			t.Fatal(err)
		}
		want["env"] = map[string]any{"ALOFT_PROJECT": name}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%q has changed the workflow:\n%v", name, got)
		}
	})
}

package provider_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/provider"
)

var update = flag.Bool("update", false, "write golden files")

func TestLifecycle(t *testing.T) { engines(t, testLifecycle) }

func testLifecycle(t *testing.T, program string) {
	example, err := os.ReadFile("example.tf")
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(t, program, string(example))

	t.Run("a plan shows no secret and knows ids", func(t *testing.T) {
		out := b.plan(t)
		wantText(t, out, "3 to add", `+ id = "shop/alice/web"`, "+ variables = (sensitive value)", `+ hosting = "local"`)
	})
	t.Run("an apply makes everything", func(t *testing.T) {
		out := b.apply(t)
		wantText(t, out, "3 added", `"url" = "http://web.alice.shop.localhost:8090"`)
		wantDone(t, b, "put group shop/alice", "put database shop/alice/main", "put app shop/alice/web")
		want := aloft.Slot{
			EnvironmentKey: aloft.EnvironmentKey{Project: "shop", Environment: "alice"}, App: "web",
			Variables: map[string]string{"DATABASE_URL": "postgresql://u_main:" + password + "@127.0.0.1/db_main"},
			Instances: 2, HealthPath: "/healthz", MemoryLimit: 256e6, URL: "http://web.alice.shop.localhost:8090",
		}
		b.behind(func() {
			want.Creation = b.creations["aloft_appshop/alice/web"]
			if got := b.slots["shop/alice/web"]; want.Creation == "" || !reflect.DeepEqual(got, want) {
				t.Errorf("slot %+v", got)
			}
		})
		if strings.Contains(out, password) {
			t.Errorf("the password is in\n%s", out)
		}
		b.wantNoChanges(t)
	})
	t.Run("a setting changes in place", func(t *testing.T) {
		b.write(t, strings.Replace(string(example), "instances    = 2", "instances    = 3", 1))
		wantText(t, b.plan(t), "0 to add, 1 to change, 0 to destroy", "~ instances = 2 -> 3")
		b.apply(t)
		wantDone(t, b, "put app shop/alice/web")
		b.wantNoChanges(t)
	})
	t.Run("what was changed behind the back is changed back", func(t *testing.T) {
		b.behind(func() {
			slot := b.slots["shop/alice/web"]
			slot.Instances, slot.MemoryLimit, slot.Command = 7, 1<<30, "false"
			slot.Variables = map[string]string{"OTHER": "hidden-value"}
			b.slots["shop/alice/web"] = slot
		})
		out := b.plan(t)
		wantText(t, out, "1 to change", `~ memory_limit = "1GiB" -> "256MB"`, "~ instances = 7 -> 3", `- command = "false" -> null`)
		if strings.Contains(out, "hidden-value") || strings.Contains(out, password) {
			t.Errorf("a secret is in\n%s", out)
		}
		b.apply(t)
		wantDone(t, b, "put app shop/alice/web")
		b.wantNoChanges(t)
	})
	t.Run("what was deleted behind the back is made again", func(t *testing.T) {
		b.behind(func() { clear(b.databases) })
		wantText(t, b.plan(t), "aloft_postgresql.main will be created")
		b.apply(t)
		b.wantNoChanges(t)
		b.behind(func() {
			clear(b.groups)
			clear(b.slots)
			clear(b.databases)
		})
		wantText(t, b.plan(t), "3 to add, 0 to change, 0 to destroy")
		b.apply(t)
		b.wantNoChanges(t)
		b.done()
	})
	t.Run("another port of the server is no change", func(t *testing.T) {
		b.behind(func() { b.port = 6543 })
		b.wantNoChanges(t)
	})
	t.Run("another name replaces", func(t *testing.T) {
		b.write(t, strings.Replace(string(example), `name         = "web"`, `name         = "site"`, 1))
		wantText(t, b.plan(t), `~ name = "web" -> "site" # forces replacement`, `~ id = "shop/alice/web" -> "shop/alice/site"`)
		b.apply(t)
		wantDone(t, b, "delete app shop/alice/web", "put app shop/alice/site")
		b.env = append(b.env, "TF_VAR_environment=bob")
		wantText(t, b.plan(t), "3 to add, 0 to change, 3 to destroy")
		b.apply(t)
		b.behind(func() {
			if !b.groups["shop/bob"] || b.groups["shop/alice"] {
				t.Errorf("groups %v", b.groups)
			}
		})
		b.done()
		b.wantNoChanges(t)
	})
	t.Run("a destroy leaves nothing", func(t *testing.T) {
		b.destroy(t)
		wantDone(t, b, "delete app shop/bob/site", "delete database shop/bob/main", "delete group shop/bob")
	})
}

func TestImport(t *testing.T) { engines(t, testImport) }

func testImport(t *testing.T, program string) {
	b := newBench(t, program, head+`
resource "aloft_app" "web" {
  environment  = aloft_environment.this.id
  name         = "web"
  command      = "./serve"
  health_path  = "/up"
  memory_limit = "1024MiB"
  variables    = { A = "1" }
}
resource "aloft_postgresql" "other" {
  environment = aloft_environment.this.id
  name        = "other"
}
`)
	b.apply(t)
	b.done()
	if err := os.Remove(b.dir + "/terraform.tfstate"); err != nil {
		t.Fatal(err)
	}
	for address, id := range map[string]string{
		"aloft_environment.this": "shop/alice", "aloft_app.web": "shop/alice/web", "aloft_postgresql.other": "shop/alice/other",
	} {
		b.ok(t, "import", "-input=false", "-no-color", address, id)
	}
	t.Run("what was imported needs no replacement", func(t *testing.T) {
		out := b.plan(t)
		if !strings.Contains(out, "No changes") {
			// Only the way the memory limit is written differs.
			wantText(t, out, `~ memory_limit = "1GiB" -> "1024MiB"`, "0 to add, 1 to change, 0 to destroy")
		}
		b.apply(t)
		b.wantNoChanges(t)
	})
	t.Run("a bad id is refused", func(t *testing.T) {
		b.ok(t, "state", "rm", "aloft_app.web")
		out, err := b.run(t, "import", "-input=false", "-no-color", "aloft_app.web", "shop/web")
		if err == nil {
			t.Error("imported")
		}
		wantText(t, out, "it is project/environment/name, such as shop/alice/web")
	})
}

func TestOptional(t *testing.T) { engines(t, testOptional) }

func testOptional(t *testing.T, program string) {
	b := newBench(t, program, "")
	app := func(attributes string) string {
		return head + "resource \"aloft_app\" \"web\" {\n  environment = aloft_environment.this.id\n  name = \"web\"\n" + attributes + "\n}\n"
	}
	tests := []struct{ name, attributes string }{
		{"nothing is set", ""},
		{"variables are empty", "variables = {}"},
		{"a variable is null", `variables = { A = null, B = "2" }`},
		{"variables are null again", "variables = null\n command = null"},
		{"a value is empty", `variables = { A = "" }`},
		{"a variable is known after apply", "variables = { A = terraform_data.later.id }\n}\nresource \"terraform_data\" \"later\" {"},
		{"a memory limit has a space", `memory_limit = "1 GB"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b.write(t, app(test.attributes))
			if strings.Contains(test.attributes, "terraform_data") {
				b.ok(t, "init", "-input=false", "-no-color")
			}
			b.apply(t)
			b.wantNoChanges(t)
		})
	}
}

func TestValidation(t *testing.T) { engines(t, testValidation) }

func testValidation(t *testing.T, program string) {
	b := newBench(t, program, head)
	app := func(attributes string) string {
		return "resource \"aloft_app\" \"web\" {\n" + attributes + "\n}\n"
	}
	const where = "environment = aloft_environment.this.id\nname = \"web\"\n"
	tests := []struct {
		name          string
		configuration string
		want          []string
	}{
		{"an environment's name keeps the branch rule", `resource "aloft_environment" "x" {
			project = "shop"
			name    = "Alice_1"
		}`, []string{"Invalid name", `name    = "Alice_1"`, `Environment name "Alice_1" is not valid`, "The nearest valid name is alice-1"}},
		{"a project's name keeps its rule", `resource "aloft_environment" "x" {
			project = "shop-"
			name    = "alice"
		}`, []string{"Invalid project", "The nearest valid name is shop"}},
		{"an app's name keeps its rule", app("environment = aloft_environment.this.id\nname = \"My App\""),
			[]string{"Invalid name", "The nearest valid name is my-app"}},
		{"an environment is an id", app("environment = \"alice\"\nname = \"web\""),
			[]string{`"alice" is not the id of an aloft_environment: it is project/environment`}},
		{"instances are at least 1", app(where + "instances = 0"), []string{"0 is out of range: an app runs in 1 to 20 instances"}},
		{"instances are at most 20", app(where + "instances = 21"), []string{"21 is out of range"}},
		{"a health path starts with a slash", app(where + `health_path = "healthz"`), []string{`"healthz" is not a path: it starts with /`}},
		{"a memory limit has a unit", app(where + `memory_limit = "256"`), []string{`"256" is not an amount of memory`, "such as 256MB"}},
		{"a memory limit is enough for a process", app(where + `memory_limit = "1MB"`), []string{`"1MB" is too little: a process takes at least 16MiB`}},
		{"a command is not empty", app(where + `command = ""`), []string{"leave the attribute out"}},
		{"a variable has a name", app(where + `variables = { "A-B" = "1" }`), []string{`"A-B" is not a name of an environment variable`}},
		{"PORT is Aloft's", app(where + `variables = { PORT = "1" }`), []string{"PORT is set by Aloft"}},
		{"a database's name keeps its rule", "resource \"aloft_postgresql\" \"x\" {\nenvironment = aloft_environment.this.id\nname = \"a_b\"\n}",
			[]string{"Invalid name", "The nearest valid name is a-b"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b.write(t, strings.ReplaceAll(head+test.configuration, "\t\t\t", "    "))
			out, err := b.run(t, "validate", "-no-color")
			if err == nil {
				t.Errorf("valid:\n%s", out)
			}
			for i, want := range test.want {
				test.want[i] = flat(want)
			}
			wantText(t, out, test.want...)
		})
	}
}

func TestServerErrors(t *testing.T) { engines(t, testServerErrors) }

func testServerErrors(t *testing.T, program string) {
	b := newBench(t, program, head+`
resource "aloft_app" "web" {
  environment = "shop/missing"
  name        = "web"
  variables   = { TOKEN = "t0ken-value" }
}
`)
	apply := func(t *testing.T) string {
		out, err := b.run(t, "apply", "-auto-approve", "-input=false", "-no-color")
		if err == nil {
			t.Errorf("applied:\n%s", out)
		}
		return out
	}
	t.Run("a missing environment is named", func(t *testing.T) {
		wantText(t, apply(t), "Error: Cannot create app web of shop/missing", "with aloft_app.web", "Environment shop/missing does not exist")
	})
	t.Run("an error comes with its hint and without secrets", func(t *testing.T) {
		b.behind(func() {
			b.fail = aloft.Errorf(aloft.CodeUnavailable, "cannot use t0ken-value: %w", errors.New("no room")).WithHint("make room: df -h")
		})
		out := apply(t)
		wantText(t, out, "Cannot use (sensitive): no room", "Make room: df -h")
		if strings.Contains(out, "t0ken-value") {
			t.Errorf("the secret is in\n%s", out)
		}
	})
}

func TestReference(t *testing.T) {
	got := provider.Reference()
	const golden = "testdata/reference.md"
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is old, run the test with -update: %v", golden, err)
	}
}

func FuzzParseMemory(f *testing.F) {
	for _, seed := range []string{"256MB", "1 GiB", "0B", "", "999999999999999999GiB", "-1MB", "1.5GB", "256", "１MB"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := provider.ParseMemory(text)
		if err != nil {
			return
		}
		if again, err := provider.ParseMemory(provider.FormatMemory(n)); n < 0 || err != nil || again != n {
			t.Errorf("%q is %d, then %d, %v", text, n, again, err)
		}
	})
}

package terraform_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/terraform"
)

const withModule = `
variable "environment" {}
module "web" {
  source = "./modules/web"
  name   = var.environment
}
`

const webModule = `
variable "name" {}
resource "terraform_data" "this" { input = var.name }
`

func TestInitIsSkipped(t *testing.T) {
	t.Parallel()
	twins(t, func(t *testing.T, e *terraform.Engine) {
		files := map[string]string{"main.tf": withModule, "modules/web/main.tf": webModule}
		c, _, _ := environment(t, files)
		for _, step := range []struct {
			rule   string
			change func()
			skips  bool
		}{
			{"the first", func() {}, false},
			{"nothing changed", func() {}, true},
			{"another checkout of the same", func() { c.Dir = folder(t, files) }, true},
			{"a resource changed", func() { write(t, c.Dir, map[string]string{"more.tf": `resource "terraform_data" "b" {}`}) }, true},
			{"a variable changed", func() { c.Vars["environment"] = "bob" }, true},
			{"a module was added", func() {
				write(t, c.Dir, map[string]string{"more.tf": "module \"two\" {\n  source = \"./modules/web\"\n  name = \"2\"\n}\n"})
			}, false},
			{"the local provider was added", func() {
				write(t, c.Dir, map[string]string{"providers.tf": "terraform {\n  required_providers {\n    aloft = { source = \"aloft-dev/aloft\" }\n  }\n}\n"})
				c.Reattach = `{"aloft-dev/aloft":{"Protocol":"grpc","ProtocolVersion":6,"Pid":1,"Test":true,"Addr":{"Network":"unix","String":"/nowhere"}}}`
			}, false},
			{"nothing changed again", func() {}, true},
			{"the engine changed", func() { other := *e; other.Version = "1.99.0"; e = &other }, false},
		} {
			step.change()
			skipped, err := e.Init(t.Context(), c)
			if err != nil || skipped != step.skips {
				t.Fatalf("%s: skipped is %v, want %v: %v", step.rule, skipped, step.skips, err)
			}
		}
	})
}

func TestBrokenDataDirRecovers(t *testing.T) {
	t.Parallel()
	for rule, damage := range map[string]func(t *testing.T, dir string){
		"the record of the backend is garbage":  func(t *testing.T, dir string) { write(t, dir, map[string]string{"terraform.tfstate": "{nonsense"}) },
		"the record of the backend is gone":     func(t *testing.T, dir string) { remove(t, filepath.Join(dir, "terraform.tfstate")) },
		"the record of the modules is garbage":  func(t *testing.T, dir string) { write(t, dir, map[string]string{"modules/modules.json": "{nonsense"}) },
		"the modules are gone":                  func(t *testing.T, dir string) { remove(t, filepath.Join(dir, "modules")) },
		"everything but the key is gone":        func(t *testing.T, dir string) { keepOnly(t, dir, "aloft.key") },
		"everything is gone after init":         func(t *testing.T, dir string) { remove(t, dir) },
		"the key is garbage":                    func(t *testing.T, dir string) { write(t, dir, map[string]string{"aloft.key": "\x00"}) },
		"the record of the backend is a folder": func(t *testing.T, dir string) { folderAt(t, filepath.Join(dir, "terraform.tfstate")) },
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			twins(t, func(t *testing.T, e *terraform.Engine) {
				c, b, _ := environment(t, map[string]string{"main.tf": withModule, "modules/web/main.tf": webModule})
				mustApply(t, e, c)
				before := b.stored()

				damage(t, c.DataDir)
				plan, err := e.Plan(t.Context(), c, terraform.PlanOptions{})
				if err != nil || !plan.Empty() {
					t.Errorf("planning without init: %+v, %v", plan, err)
				}
				damage(t, c.DataDir)
				if _, err := e.Outputs(t.Context(), c); err != nil {
					t.Errorf("reading outputs without init: %v", err)
				}
				damage(t, c.DataDir)
				if plan, _ := mustApply(t, e, c); !plan.Empty() {
					t.Errorf("applying would change %+v", plan)
				}
				if b.stored() != before {
					t.Error("the state changed")
				}
			})
		})
	}
}

func TestInitErrors(t *testing.T) {
	t.Parallel()
	for rule, test := range map[string]struct {
		text string
		code aloft.Code
		says []string
	}{
		"a file that does not parse": {"resource \"terraform_data\" {\n", aloft.CodeInvalid, []string{"main.tf:1:27"}},
		"a module without a source":  {"module \"a\" {\n}\n", aloft.CodeInvalid, []string{"main.tf:1", "source"}},
		"a module that is not there": {"module \"a\" {\n  source = \"./nowhere\"\n}\n", "", []string{"nowhere"}},
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			twins(t, func(t *testing.T, e *terraform.Engine) {
				c, _, _ := environment(t, map[string]string{"main.tf": test.text})
				_, err := e.Init(t.Context(), c)
				code := test.code
				if code == "" {
					code = aloft.ErrorCode(err)
				}
				wantError(t, err, code, test.says...)
			})
		})
	}
}

func TestBackends(t *testing.T) {
	t.Parallel()
	twins(t, func(t *testing.T, e *terraform.Engine) {
		t.Run("ours takes the place of the configuration's", func(t *testing.T) {
			c, b, _ := environment(t, map[string]string{"main.tf": shop, "backend.tf": "terraform {\n  backend \"local\" {}\n}\n"})
			mustApply(t, e, c)
			if b.stored() == "" {
				t.Error("the state is not in our backend")
			}
		})
		t.Run("another is given its pairs", func(t *testing.T) {
			c, b, _ := environment(t, map[string]string{"main.tf": shop, "backend.tf": "terraform {\n  backend \"local\" {}\n}\n"})
			state := filepath.Join(t.TempDir(), "shop.tfstate")
			c.Backend = aloft.Backend{Type: "local", Config: map[string]string{"path": state}}
			mustApply(t, e, c)
			if _, err := os.Stat(state); err != nil || b.stored() != "" {
				t.Errorf("the state is not where -backend-config says: %v", err)
			}
		})
		t.Run("one that lacks a setting says where it comes from", func(t *testing.T) {
			c, _, _ := environment(t, map[string]string{"main.tf": shop, "backend.tf": "terraform {\n  backend \"azurerm\" {\n    container_name = \"tfstate\"\n  }\n}\n"})
			c.Backend = aloft.Backend{Type: "azurerm", Config: map[string]string{"key": "shop/alice.tfstate"}}
			_, err := e.Init(t.Context(), c)
			wantError(t, err, aloft.CodeFailed, "storage_account_name")
			if hint := aloft.ErrorHint(err); !strings.Contains(hint, "set ALOFT_BACKEND_STORAGE_ACCOUNT_NAME, or storage_account_name in the backend block") {
				t.Errorf("hint %q", hint)
			}
		})
		t.Run("a refused password is a failure without the password", func(t *testing.T) {
			c, _, _ := environment(t, map[string]string{"main.tf": shop})
			c.Backend.Password = "wr0ng-password"
			_, err := e.Init(t.Context(), c)
			if err == nil {
				_, _, err = e.Apply(t.Context(), c)
			}
			wantError(t, err, aloft.CodeFailed, "auth")
			if strings.Contains(err.Error(), "wr0ng") {
				t.Errorf("the error tells the password: %v", err)
			}
		})
	})
}

func TestVarFile(t *testing.T) {
	t.Parallel()
	twins(t, func(t *testing.T, e *terraform.Engine) {
		c, _, _ := environment(t, map[string]string{
			"main.tf": "variable \"size\" {}\noutput \"size\" { value = var.size }\n",
		})
		c.VarFile = filepath.Join(folder(t, map[string]string{"alice.tfvars": "size = \"large\"\n"}), "alice.tfvars")
		if _, outputs := mustApply(t, e, c); outputs.Plain["size"] != `"large"` {
			t.Errorf("the outputs are %+v", outputs)
		}
		cmd := e.Command(t.Context(), c, "plan", "-detailed-exitcode", "-no-color")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("a plan by hand: %v\n%s", err, out)
		}
		cmd = e.Command(t.Context(), c, "output", "-raw", "size")
		if out, err := cmd.Output(); err != nil || string(out) != "large" {
			t.Errorf("an output by hand: %v\n%s", err, out)
		}
	})
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
}

func folderAt(t *testing.T, path string) {
	t.Helper()
	remove(t, path)
	if err := os.MkdirAll(filepath.Join(path, "inner"), 0o755); err != nil {
		t.Fatal(err)
	}
}

func keepOnly(t *testing.T, dir, name string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if entry.Name() != name {
			remove(t, filepath.Join(dir, entry.Name()))
		}
	}
}

func TestInitIsSkippedForAnotherEnvironment(t *testing.T) {
	t.Parallel()
	const plain = `resource "terraform_data" "this" { input = "seeded" }`
	for rule, files := range map[string]map[string]string{
		"of the same configuration": {"main.tf": plain},
		"unless there are modules":  {"main.tf": withModule, "modules/web/main.tf": webModule},
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			twins(t, func(t *testing.T, e *terraform.Engine) {
				other := *e
				other.Version += fmt.Sprint("+", t.Name(), time.Now().UnixNano()) // a key of its own
				first, _, _ := environment(t, files)
				second, _, _ := environment(t, files)
				for _, step := range []struct {
					c     aloft.Configuration
					skips bool
				}{{first, false}, {second, files["main.tf"] == plain}} {
					skipped, err := other.Init(t.Context(), step.c)
					if err != nil || skipped != step.skips {
						t.Fatalf("skipped is %v, want %v: %v", skipped, step.skips, err)
					}
				}
				plan, _ := mustApply(t, &other, second)
				if len(plan.Changes) != 1 {
					t.Errorf("the second environment has %d changes, want 1", len(plan.Changes))
				}
			})
		})
	}
}

package terraform_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/terraform"
)

const shop = `
variable "environment" {}
variable "instances" { default = 1 }
resource "terraform_data" "web" {
  input = { name = var.environment, instances = var.instances }
}
output "apps" {
  value = { web = { hosting = "local", url = "http://${var.environment}.localhost", port = 8080 } }
}
output "note" { value = ["a", 1] }
`

func TestApply(t *testing.T) {
	t.Parallel()
	twins(t, func(t *testing.T, e *terraform.Engine) {
		c, b, log := environment(t, map[string]string{"main.tf": shop})
		plan, outputs := mustApply(t, e, c)

		if len(plan.Changes) != 1 || plan.Changes[0].Address != "terraform_data.web" || plan.Changes[0].Action != aloft.ActionCreate {
			t.Errorf("the plan is %+v", plan.Changes)
		}
		web := outputs.Apps["web"]
		if web.Hosting != "local" || web.Name != "web" || web.URL != "http://alice.localhost" || web.More["port"] != json.Number("8080") {
			t.Errorf("the app is %#v", web)
		}
		if outputs.Plain["note"] != `["a",1]` || len(outputs.Sensitive) != 0 {
			t.Errorf("the outputs are %+v", outputs)
		}
		for _, line := range []string{"Plan: 1 to add, 0 to change, 0 to destroy.\n", "terraform_data.web: creating\n", "terraform_data.web: created"} {
			if !strings.Contains(log.String(), line) {
				t.Errorf("the log lacks %q:\n%s", line, log)
			}
		}
		if !strings.Contains(b.stored(), "terraform_data") || b.locked() {
			t.Error("the state is not in the backend, or is still locked")
		}
		journal, _ := os.ReadFile(c.Journal)
		if !strings.Contains(string(journal), `"apply_complete"`) || !strings.Contains(string(journal), `"id_value"`) {
			t.Errorf("the journal is\n%s", journal)
		}
		if strings.Contains(string(journal), `"outputs"`) || strings.Contains(string(journal), `"version"`) {
			t.Errorf("of an apply that has ended the journal tells more than of resources:\n%s", journal)
		}
		noSecretsIn(t, c.DataDir, "pass-word")

		again, _ := mustApply(t, e, c)
		if !again.Empty() {
			t.Errorf("applying again would change %+v", again.Changes)
		}
		destroyed, err := e.Destroy(t.Context(), c)
		if err != nil || len(destroyed.Changes) != 1 || destroyed.Changes[0].Action != aloft.ActionDelete {
			t.Errorf("destroying: %+v, %v", destroyed, err)
		}
	})
}

// TestDestroyHalfWay: what a destroy has done before it failed is told.
func TestDestroyHalfWay(t *testing.T) {
	t.Parallel()
	twins(t, func(t *testing.T, e *terraform.Engine) {
		c, _, _ := environment(t, map[string]string{"main.tf": `
resource "terraform_data" "kept" {
  provisioner "local-exec" {
    when    = destroy
    command = "false"
  }
}
resource "terraform_data" "above" {
  input = terraform_data.kept.id
}
`})
		if _, _, err := e.Apply(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		plan, err := e.Destroy(t.Context(), c)
		if err == nil || len(plan.Changes) != 2 || !slices.Equal(plan.Done, []string{"terraform_data.above"}) {
			t.Errorf("destroying: %+v, %v", plan, err)
		}
	})
}

func TestSensitiveOutputs(t *testing.T) {
	t.Parallel()
	twins(t, func(t *testing.T, e *terraform.Engine) {
		c, _, log := environment(t, map[string]string{"main.tf": `
output "password" {
  value     = { admin = "corr3ct-horse" }
  sensitive = true
}
output "plain" { value = "seen" }`})
		_, outputs := mustApply(t, e, c)
		if len(outputs.Sensitive) != 1 || outputs.Sensitive[0] != "corr3ct-horse" {
			t.Errorf("the sensitive values are %q", outputs.Sensitive)
		}
		if outputs.Plain["plain"] != `"seen"` || len(outputs.Plain) != 1 || outputs.Apps != nil {
			t.Errorf("the outputs are %+v", outputs)
		}
		if strings.Contains(log.String(), "corr3ct-horse") {
			t.Errorf("the log tells a secret:\n%s", log)
		}
		read, err := e.Outputs(t.Context(), c)
		if err != nil || len(read.Sensitive) != 1 {
			t.Errorf("reading them again: %+v, %v", read, err)
		}
	})
}

func TestBadOutputShape(t *testing.T) {
	t.Parallel()
	twins(t, func(t *testing.T, e *terraform.Engine) {
		c, _, _ := environment(t, map[string]string{
			"main.tf":    "",
			"outputs.tf": "\n\noutput \"apps\" {\n  value = [\"web\"]\n}\n",
		})
		mustInit(t, e, c)
		_, _, err := e.Apply(t.Context(), c)
		wantError(t, err, aloft.CodeInvalid, "outputs.tf:3", "apps", "not a map", `hosting = "local"`)
	})
}

func TestErrors(t *testing.T) {
	t.Parallel()
	for rule, test := range map[string]struct {
		files map[string]string
		code  aloft.Code
		says  []string
	}{
		"an undeclared reference is invalid": {
			map[string]string{"main.tf": "resource \"terraform_data\" \"a\" {\n  input = nope.y.z\n}\n"},
			aloft.CodeInvalid, []string{" infrastructure/main.tf:2", "Reference to undeclared resource", "cannot apply shop/alice"},
		},
		"a missing variable is invalid": {
			map[string]string{"main.tf": "variable \"wanted\" {}\n"},
			aloft.CodeInvalid, []string{" infrastructure/main.tf:1", "wanted"},
		},
		"a provisioner that fails is a failure": {
			map[string]string{"main.tf": "resource \"terraform_data\" \"a\" {\n  provisioner \"local-exec\" {\n    command = \"echo it broke; exit 3\"\n  }\n}\n"},
			aloft.CodeFailed, []string{" infrastructure/main.tf:2", "exit status 3", "it broke"},
		},
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			twins(t, func(t *testing.T, e *terraform.Engine) {
				c, b, _ := environment(t, test.files)
				c.Folder = "infrastructure"
				mustInit(t, e, c)
				_, _, err := e.Apply(t.Context(), c)
				wantError(t, err, test.code, test.says...)
				if b.locked() {
					t.Error("the state is still locked")
				}
			})
		})
	}
}

func TestLockConflict(t *testing.T) {
	t.Parallel()
	twins(t, func(t *testing.T, e *terraform.Engine) {
		c, b, _ := environment(t, map[string]string{"main.tf": shop})
		b.lock = []byte(`{"ID":"11111111-2222-3333-4444-555555555555","Operation":"OperationTypeApply","Who":"bob@laptop","Version":"1","Created":"2026-11-24T01:02:03Z"}`)
		mustInit(t, e, c)
		_, _, err := e.Apply(t.Context(), c)
		wantError(t, err, aloft.CodeConflict, "state is locked", "force-unlock 11111111-2222-3333-4444-555555555555")
		if e.Kind == terraform.KindTofu { // Terraform does not know who
			wantError(t, err, aloft.CodeConflict, "bob@laptop", "2026-11-24")
		}
		if plan, err := e.Plan(t.Context(), c, terraform.PlanOptions{}); err != nil || len(plan.Changes) == 0 {
			t.Errorf("a plan, which needs no lock: %v, %v", plan, err)
		}
	})
}

func TestCancelSavesState(t *testing.T) {
	t.Parallel()
	twins(t, func(t *testing.T, e *terraform.Engine) {
		c, b, log := environment(t, map[string]string{"main.tf": `
resource "terraform_data" "quick" { input = "made" }
resource "terraform_data" "slow" {
  input      = terraform_data.quick.output
  provisioner "local-exec" { command = "echo sleeping; exec sleep 300" }
}`})
		mustInit(t, e, c)
		ctx, cancel := context.WithCancel(t.Context())
		seen := make(chan struct{})
		c.Log = notifier{log, "sleeping", seen}
		go func() { <-seen; cancel() }()
		start := time.Now()
		_, _, err := e.Apply(ctx, c)
		wantError(t, err, aloft.CodeCanceled, "stopped")
		if took := time.Since(start); took > time.Minute {
			t.Errorf("stopping took %s", took)
		}
		if !strings.Contains(b.stored(), `"quick"`) || b.locked() {
			t.Errorf("locked: %v, the state is %s", b.locked(), b.stored())
		}
	})
}

// notifier closes seen when a line with text is logged.
type notifier struct {
	*buffer
	text string
	seen chan struct{}
}

func (n notifier) Write(p []byte) (int, error) {
	if strings.Contains(string(p), n.text) {
		select {
		case <-n.seen:
		default:
			close(n.seen)
		}
	}
	return n.buffer.Write(p)
}

// noSecretsIn fails if a file below dir holds text.
func noSecretsIn(t *testing.T, dir, text string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if strings.Contains(string(data), text) {
			t.Errorf("%s holds %q", path, text)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestProgress(t *testing.T) {
	t.Parallel()
	message := func(kind, at, action string) string {
		return `{"type":"` + kind + `","@timestamp":"2026-11-24T02:00:` + at + `Z","hook":{"resource":{"addr":"a.b"},"action":"` + action + `","elapsed_seconds":90}}` + "\n"
	}
	for rule, test := range map[string]struct{ stream, log string }{
		"what takes a moment":      {message("apply_start", "00.1", "create") + message("apply_complete", "00.104", "create"), "a.b: creating\na.b: created\n"},
		"what takes less than 1 s": {message("apply_start", "00.1", "update") + message("apply_complete", "00.354", "update"), "a.b: changing\na.b: changed after 250ms\n"},
		"what takes some seconds":  {message("apply_start", "00.1", "delete") + message("apply_complete", "02.32", "delete"), "a.b: destroying\na.b: destroyed after 2.2s\n"},
		"what takes long":          {message("apply_progress", "50", "create") + message("apply_errored", "59", "create"), "a.b: still creating after 1m30s\na.b: failed after 1m30s\n"},
		"a warning": {`{"type":"diagnostic","diagnostic":{"severity":"warning","summary":"Old\nargument","detail":"Use\nanother.","range":{"filename":"main.tf","start":{"line":3}},"snippet":{"code":"x = \"secret\"","values":[]}}}`,
			"warning: main.tf:3: Old argument: Use another\n"},
		"nothing to do": {`{"type":"change_summary","changes":{"operation":"plan"}}`, "no changes\n"},
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			var log strings.Builder
			if _, _, _, err := terraform.ReadStream([]byte(test.stream), 10, &log); err != nil || log.String() != test.log {
				t.Errorf("got\n%s\nwant\n%s%v", log.String(), test.log, err)
			}
		})
	}
}

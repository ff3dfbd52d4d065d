package terraform_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/terraform"
)

// sealing is a configuration whose state OpenTofu encrypts.
const sealing = `
variable "passphrase" {}
terraform {
  encryption {
    key_provider "pbkdf2" "own" { passphrase = var.passphrase }
    method "aes_gcm" "own" { keys = key_provider.pbkdf2.own }
    state {
      method   = method.aes_gcm.own
      enforced = true
    }
  }
}
resource "terraform_data" "a" { input = 1 }
`

// sealed runs a test with an OpenTofu that encrypts the state.
func sealed(t *testing.T, test func(t *testing.T, e *terraform.Engine, c aloft.Configuration, b *backend)) {
	twins(t, func(t *testing.T, e *terraform.Engine) {
		if e.Kind != terraform.KindTofu {
			return // Terraform encrypts no states
		}
		c, b, _ := environment(t, map[string]string{"main.tf": sealing, "alice.tfvars": `passphrase = "a-long-enough-passphrase"`})
		c.VarFile = filepath.Join(c.Dir, "alice.tfvars")
		mustInit(t, e, c)
		test(t, e, c, b)
	})
}

func TestAnEncryptedStateThatWasLeftIsStoredAsItIs(t *testing.T) {
	t.Parallel()
	sealed(t, func(t *testing.T, e *terraform.Engine, c aloft.Configuration, b *backend) {
		mustApply(t, e, c)
		older := b.stored()
		b.refuse(http.StatusRequestEntityTooLarge)
		write(t, c.Dir, map[string]string{"more.tf": `resource "terraform_data" "b" {}`})
		_, _, err := e.Apply(t.Context(), c)
		wantError(t, err, aloft.CodeFailed, "HTTP error: 413", "--limit state-size")
		left := filepath.Join(c.Dir, terraform.UnsavedState)
		text, err := os.ReadFile(left)
		if err != nil || !strings.Contains(string(text), "encrypted_data") {
			t.Fatalf("%.80s %v", text, err)
		}
		if _, err := e.Recover(t.Context(), c, aloft.Interrupted{State: left}); aloft.ErrorCode(err) != aloft.CodeFailed || b.locked() {
			t.Errorf("while it is refused: %v", err)
		}
		b.refuse(0)
		recovery, err := e.Recover(t.Context(), c, aloft.Interrupted{State: left})
		if err != nil || !recovery.Stored || b.stored() != string(text) || b.locked() {
			t.Fatalf("%+v %v", recovery, err)
		}
		if again, err := e.Recover(t.Context(), c, aloft.Interrupted{State: left}); err != nil || !again.Stored {
			t.Errorf("again: %+v %v", again, err)
		}
		if plan, _ := mustApply(t, e, c); len(plan.Changes) > 0 {
			t.Errorf("the next apply changes %+v", plan.Changes)
		}
		if err := os.WriteFile(left, []byte(older), 0o600); err != nil {
			t.Fatal(err)
		}
		if stale, err := e.Recover(t.Context(), c, aloft.Interrupted{State: left}); err != nil || stale.Stored || b.stored() == older {
			t.Errorf("an older state has replaced a newer one: %+v %v", stale, err)
		}
	})
}

func TestAnEncryptedStateIsKeptWhereNoBackendTakesIt(t *testing.T) {
	t.Parallel()
	twins(t, func(t *testing.T, e *terraform.Engine) {
		c, _, log := environment(t, nil)
		c.Backend = aloft.Backend{Type: "azurerm"}
		left := filepath.Join(t.TempDir(), terraform.UnsavedState)
		const text = `{"serial":7,"lineage":"l","meta":{},"encrypted_data":"eA==","encryption_version":"v0"}`
		if err := errors.Join(os.MkdirAll(c.DataDir, 0o700), os.WriteFile(left, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
		recovery, err := e.Recover(t.Context(), c, aloft.Interrupted{State: left})
		if err != nil || recovery.Stored {
			t.Fatalf("%+v %v", recovery, err)
		}
		kept, err := os.ReadFile(filepath.Join(c.DataDir, "unsaved-7.tfstate"))
		if err != nil || string(kept) != text || !strings.Contains(log.String(), "unsaved-7.tfstate") {
			t.Errorf("%q %v, told %q", kept, err, log)
		}
	})
}

func TestRecoverImportsIntoAnEncryptedState(t *testing.T) {
	t.Parallel()
	sealed(t, func(t *testing.T, e *terraform.Engine, c aloft.Configuration, b *backend) {
		journal := filepath.Join(t.TempDir(), "journal")
		if err := os.WriteFile(journal, []byte(told("terraform_data.a", "id-1")), 0o600); err != nil {
			t.Fatal(err)
		}
		recovery, err := e.Recover(t.Context(), c, aloft.Interrupted{Journal: journal})
		if err != nil || len(recovery.Imported) != 1 {
			t.Fatalf("%+v %v", recovery, err)
		}
		if !strings.Contains(b.stored(), "encrypted_data") || b.locked() {
			t.Errorf("the state is %.80s", b.stored())
		}
		plan, _ := mustApply(t, e, c)
		for _, change := range plan.Changes {
			if change.Action == aloft.ActionCreate {
				t.Errorf("%s is created again", change.Address)
			}
		}
	})
}

func TestARefusedStateIsExplained(t *testing.T) {
	t.Parallel()
	twins(t, func(t *testing.T, e *terraform.Engine) {
		c, b, _ := environment(t, map[string]string{"main.tf": `resource "terraform_data" "a" {}`})
		mustInit(t, e, c)
		for status, words := range map[int]string{413: "--limit state-size", 409: "somebody else has written", 400: "kept until"} {
			b.refuse(status)
			_, _, err := e.Apply(t.Context(), c)
			wantError(t, err, aloft.CodeFailed, "HTTP error", words)
			left := filepath.Join(c.Dir, terraform.UnsavedState)
			recovery, err := e.Recover(t.Context(), c, aloft.Interrupted{State: left})
			if refused := status != 409; refused != (aloft.ErrorCode(err) == aloft.CodeFailed) || recovery.Stored {
				t.Errorf("%d: %+v %v", status, recovery, err)
			}
			if status == 413 && !strings.Contains(aloft.ErrorHint(err), words) {
				t.Errorf("the hint is %q", aloft.ErrorHint(err))
			}
			b.refuse(0)
		}
	})
}

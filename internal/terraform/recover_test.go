package terraform_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/terraform"
)

const fleet = `
module "ship" {
  source   = "./ship"
  for_each = toset(["a", "b"])
}
resource "terraform_data" "harbour" { count = 2 }
`

// told writes the messages of a creation as an engine does.
func told(address, id string) string {
	return fmt.Sprintf(`{"type":"apply_start","hook":{"resource":{"addr":%q},"action":"create"}}
{"type":"apply_complete","hook":{"resource":{"addr":%q},"action":"create","id_key":"id","id_value":%q}}
`, address, address, id)
}

func TestRecoverImportsWhatTheStateLacks(t *testing.T) {
	t.Parallel()
	twins(t, func(t *testing.T, e *terraform.Engine) {
		c, b, _ := environment(t, map[string]string{
			"main.tf":      fleet,
			"ship/main.tf": `resource "terraform_data" "hull" {}`,
		})
		mustInit(t, e, c)
		ship := `module.ship["a"].terraform_data.hull`
		journal := filepath.Join(t.TempDir(), "journal")
		text := told(ship, "id-1") + told("terraform_data.harbour[1]", "id-2") +
			`{"type":"apply_start","hook":{"resource":{"addr":"terraform_data.harbour[0]"},"action":"create"}}` + "\n" + `{"type":"apply_comp`
		if err := os.WriteFile(journal, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		recovery, err := e.Recover(t.Context(), c, aloft.Interrupted{Journal: journal})
		if err != nil {
			t.Fatal(err)
		}
		want := []aloft.CreatedResource{{Address: ship, ID: "id-1"}, {Address: "terraform_data.harbour[1]", ID: "id-2"}}
		if !slices.Equal(recovery.Imported, want) || len(recovery.Strays) > 0 {
			t.Errorf("imported %v, strays %v", recovery.Imported, recovery.Strays)
		}
		if !slices.Equal(recovery.CutOff, []string{"terraform_data.harbour[0]"}) {
			t.Errorf("cut off %v", recovery.CutOff)
		}
		if !strings.Contains(b.stored(), "id-1") || b.locked() {
			t.Error("the state does not have it, or is still locked")
		}
		plan, _ := mustApply(t, e, c)
		var created []string
		for _, change := range plan.Changes {
			if change.Action == aloft.ActionCreate {
				created = append(created, change.Address)
			}
		}
		if !slices.Equal(created, []string{`module.ship["b"].terraform_data.hull`, "terraform_data.harbour[0]"}) {
			t.Errorf("the apply after it creates %v", created)
		}
		again, err := e.Recover(t.Context(), c, aloft.Interrupted{Journal: journal})
		if err != nil || len(again.Imported) > 0 {
			t.Errorf("recovering again imports %v, %v", again.Imported, err)
		}
	})
}

func TestRecoverNamesWhatCannotBeImported(t *testing.T) {
	t.Parallel()
	twins(t, func(t *testing.T, e *terraform.Engine) {
		c, _, _ := environment(t, map[string]string{"main.tf": `resource "terraform_data" "a" {}`})
		mustInit(t, e, c)
		journal := filepath.Join(t.TempDir(), "journal")
		text := told("terraform_data.a", "id-1") + told("cloud_thing.gone", "id-2")
		if err := os.WriteFile(journal, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		recovery, err := e.Recover(t.Context(), c, aloft.Interrupted{Journal: journal})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(recovery.Strays, []aloft.CreatedResource{{Address: "cloud_thing.gone", ID: "id-2"}}) || len(recovery.Imported) != 1 {
			t.Errorf("imported %v, strays %v", recovery.Imported, recovery.Strays)
		}
	})
}

func TestRecoverStoresTheStateThatWasLeft(t *testing.T) {
	t.Parallel()
	twins(t, func(t *testing.T, e *terraform.Engine) {
		c, b, _ := environment(t, map[string]string{"main.tf": `resource "terraform_data" "a" {}`})
		mustApply(t, e, c)
		left := filepath.Join(t.TempDir(), terraform.UnsavedState)
		newer := regexp.MustCompile(`"serial": ?`).ReplaceAllString(b.stored(), `${0}9`)
		if err := os.WriteFile(left, []byte(newer), 0o600); err != nil {
			t.Fatal(err)
		}
		older := b.stored()
		recovery, err := e.Recover(t.Context(), c, aloft.Interrupted{State: left})
		if err != nil || !recovery.Stored || b.stored() == older {
			t.Fatalf("%+v, %v: the newer state is not stored", recovery, err)
		}
		newest := b.stored()
		if err := os.WriteFile(left, []byte(older), 0o600); err != nil {
			t.Fatal(err)
		}
		recovery, err = e.Recover(t.Context(), c, aloft.Interrupted{State: left})
		if err != nil || recovery.Stored || b.stored() != newest {
			t.Errorf("%+v, %v: an older state has replaced a newer one", recovery, err)
		}
	})
}

func TestAStateThatWasCutOffIsLeftAside(t *testing.T) {
	t.Parallel()
	twins(t, func(t *testing.T, e *terraform.Engine) {
		c, _, _ := environment(t, map[string]string{"main.tf": `resource "terraform_data" "a" {}`})
		mustApply(t, e, c)
		left := filepath.Join(t.TempDir(), terraform.UnsavedState)
		for _, text := range []string{"", `{"version": 4, "resou`} {
			if err := os.WriteFile(left, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if recovery, err := e.Recover(t.Context(), c, aloft.Interrupted{State: left}); err != nil || recovery.Stored {
				t.Errorf("%q: %+v, %v", text, recovery, err)
			}
		}
	})
}

func TestReadJournal(t *testing.T) {
	deleted := `{"type":"apply_start","hook":{"resource":{"addr":"a.b"},"action":"delete","id_key":"id","id_value":"1"}}` + "\n"
	for name, test := range map[string]struct {
		text           string
		created, begun int
	}{
		"nothing":                        {"", 0, 0},
		"a creation":                     {told("a.b", "1"), 1, 0},
		"replaced, the new one first":    {told("a.b", "1") + told("a.b", "2") + deleted, 1, 0},
		"replaced, the old one first":    {told("a.b", "1") + deleted + told("a.b", "2"), 1, 0},
		"one that was destroyed again":   {told("a.b", "1") + deleted, 0, 0},
		"one that failed":                {`{"type":"apply_start","hook":{"resource":{"addr":"a.b"},"action":"create"}}` + "\n" + `{"type":"apply_errored","hook":{"resource":{"addr":"a.b"},"action":"create"}}`, 0, 1},
		"one that told no end":           {`{"type":"apply_start","hook":{"resource":{"addr":"a.b"},"action":"create"}}`, 0, 1},
		"words between the messages":     {"panic: x\n" + told("a.b", "1") + "{", 1, 0},
		"a change is no creation at all": {`{"type":"apply_complete","hook":{"resource":{"addr":"a.b"},"action":"update"}}`, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			created, begun := terraform.ReadJournal([]byte(test.text))
			if len(created) != test.created || len(begun) != test.begun {
				t.Errorf("created %v, begun %v", created, begun)
			}
		})
	}
}

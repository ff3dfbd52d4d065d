package run_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft"
)

// TestAnotherBackendIsAsked: while the state of what was applied holds resources, a
// commit that names another backend would make all of it a second time.
func TestAnotherBackendIsAsked(t *testing.T) {
	for name, test := range map[string]struct{ from, fromSettings, to, toSettings, hint string }{
		"from Aloft's own to another": {"http", "", "pg", "b", "aloft state show alice > FILE"},
		"from none to another":        {"", "", "cloud", "b", "aloft state show alice > FILE"},
		"from another to Aloft's own": {"pg", "a", "http", "", "with the former block: aloft terraform alice -- state pull > FILE"},
		"other settings":              {"pg", "a", "pg", "b", "with the former block"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			h.providers = append(h.providers, "hashicorp/azurerm")
			h.backend, h.settings, h.terraform.resources = test.from, test.fromSettings, 2
			h.push("c1")
			h.reconcile()
			h.wantEnvironment(aloft.EnvironmentReady, "c1")
			calls := slices.Clone(h.terraform.calls)
			h.backend, h.settings, h.terraform.key = test.to, test.toSettings, "other"
			for _, options := range [][]string{{"plan"}, nil} {
				r := aloft.Run{Operation: aloft.OperationUp, Revision: "c2"}
				if options != nil {
					r.Operation = aloft.OperationPlan
				}
				r = h.request(r, options...)
				h.reconcile()
				h.wantRun(r.ID, aloft.RunFailed)
				if got := h.run(r.ID); got.ErrorCode != aloft.CodeConflict || !strings.Contains(got.Error, "everything would be made a second time") {
					t.Errorf("it is refused with %q", got.Error)
				}
				if log := h.log(r.ID); !strings.Contains(log, test.hint) || !strings.Contains(log, "aloft env accept alice") {
					t.Errorf("what can be done:\n%s", log)
				}
			}
			if !slices.Equal(calls, h.terraform.calls) {
				t.Fatalf("calls %v, want %v", h.terraform.calls, calls)
			}
			_, err := h.reconciler.Settle(h.ctx, alice)
			h.must(err)
			for _, commit := range []string{"c2", "c3"} {
				r := h.push(commit)
				h.reconcile()
				h.wantRun(r.ID, aloft.RunSucceeded)
			}
			if versions, err := h.store.StateVersions(h.ctx, alice); test.from == "http" && (err != nil && aloft.ErrorCode(err) != aloft.CodeNotFound || len(versions) > 1) {
				t.Errorf("the state that was moved stays: %v, %v", versions, err)
			}
		})
	}
}

// TestTheBackendThatWasTakenBackIsTaken: and one whose settings nobody has noted.
func TestTheBackendThatWasTakenBackIsTaken(t *testing.T) {
	h := newHouse(t)
	h.terraform.resources = 2
	h.push("c1")
	h.reconcile()
	h.backend, h.terraform.key = "pg", "other"
	r := h.push("c2")
	h.reconcile()
	h.wantRun(r.ID, aloft.RunFailed)
	h.backend = "http"
	r = h.push("c3")
	h.reconcile()
	h.wantRun(r.ID, aloft.RunSucceeded)
	h.wantEnvironment(aloft.EnvironmentReady, "c3")
}

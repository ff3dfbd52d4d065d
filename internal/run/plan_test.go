package run_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft"
)

func TestPlanTellsWhatChanges(t *testing.T) {
	t.Parallel()
	change := func(action aloft.Action) []aloft.Change { return []aloft.Change{{Address: "a.b", Action: action}} }
	for want, plan := range map[string]aloft.Plan{
		"plan: no changes":                            {},
		"plan: outputs changed: 1":                    {Outputs: change(aloft.ActionUpdate)},
		"plan: 1 to move":                             {Changes: change(aloft.ActionMove)},
		"plan: 1 to forget, outputs changed: 1":       {Changes: change(aloft.ActionForget), Outputs: change(aloft.ActionDelete)},
		"plan: changes that the engine does not list": {Other: true},
		"plan: 1 to import":                           {Changes: change(aloft.ActionImport)},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.terraform.planned = plan
			r := h.request(aloft.Run{Operation: aloft.OperationPlan, Revision: "c1"}, "plan")
			h.reconcile()
			if log := h.log(r.ID); !strings.Contains(log, want+" ") {
				t.Errorf("no %q in:\n%s", want, log)
			}
		})
	}
}

func TestPlanTakesTheProvidersOfTheLastApply(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.terraform.before = func(context.Context) error {
		return os.WriteFile(filepath.Join(h.terraform.folder, ".terraform.lock.hcl"), []byte("locked"), 0o600)
	}
	h.push("c1")
	h.reconcile()
	h.request(aloft.Run{Operation: aloft.OperationPlan, Revision: "c2"}, "plan")
	h.reconcile()
	if h.terraform.lock != "locked" || !h.terraform.restored {
		t.Errorf("it is planned with the lock file %q, restored: %v", h.terraform.lock, h.terraform.restored)
	}
	h.repository.files["terraform/.terraform.lock.hcl"] = "of the commit"
	h.request(aloft.Run{Operation: aloft.OperationPlan, Revision: "c3"}, "plan")
	h.reconcile()
	if h.terraform.lock != "of the commit" || h.terraform.restored {
		t.Errorf("it is planned with the lock file %q, restored: %v", h.terraform.lock, h.terraform.restored)
	}
}

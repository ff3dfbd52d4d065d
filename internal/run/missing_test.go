package run_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft"
)

// TestWhatAPersonDestroysWithTerraformIsSeen takes away what an apply has left on the
// local target, as `aloft terraform ENV -- destroy -target=…` does.
func TestWhatAPersonDestroysWithTerraformIsSeen(t *testing.T) {
	for _, test := range []struct {
		name    string
		lost    string
		prepare func(h *house)
		made    bool // again, by a repair
	}{
		{name: "an app", lost: "app web", made: true},
		{name: "a database", lost: "database main", made: true},
		{name: "the group", lost: "local environment shop/alice", made: true},
		{name: "nothing", lost: "database of another"},
		{
			name: "while the state is locked", lost: "app web",
			prepare: func(h *house) {
				_, err := h.store.LockState(h.ctx, alice, aloft.Lock{ID: "by hand"})
				h.must(err)
			},
		}, {
			name: "an apply that noted nothing, before anybody changed the state", lost: "app web", made: true,
			prepare: func(h *house) {
				made := h.target.made
				h.rewriteApplied(`"made"`, `"none"`)
				h.reconcile()
				h.target.made = made
			},
		}, {
			name: "what is remembered is older than the last run", lost: "app web",
			prepare: func(h *house) {
				r := h.request(aloft.Run{Operation: aloft.OperationPlan, Revision: "c9"}, "plan")
				h.writeState(r.ID)
				h.reconcile()
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newHouse(t)
			all := []string{"local environment shop/alice", "app web", "database main"}
			h.terraform.before = func(context.Context) error {
				h.target.made = slices.Clone(all)
				return nil
			}
			h.push("c1")
			h.reconcile()
			if test.prepare != nil {
				test.prepare(h)
			}
			h.terraform.calls = nil
			h.writeState(0)
			h.target.made = slices.DeleteFunc(slices.Clone(all), func(thing string) bool { return thing == test.lost })
			for range 3 {
				h.reconcile()
			}
			if applied := slices.Contains(h.terraform.calls, "apply c1"); applied != test.made || len(h.terraform.calls) > 1 {
				t.Errorf("calls %v, want an apply: %t", h.terraform.calls, test.made)
			}
			h.wantEnvironment(aloft.EnvironmentReady, "c1")
			if title := h.newest().Title; test.made && title != test.lost+" is missing" {
				t.Errorf("the repair says %q", title)
			}
		})
	}
}

// TestARepairThatCannotMakeWhatIsMissing leaves no environment that says it is ready.
func TestARepairThatCannotMakeWhatIsMissing(t *testing.T) {
	h := newHouse(t)
	h.target.made = []string{"app web"}
	h.push("c1")
	h.reconcile()
	h.target.made = nil
	h.writeState(0)
	h.terraform.before = func(context.Context) error { return aloft.Errorf(aloft.CodeFailed, "no room") }
	for range 2 {
		h.reconcile()
		h.wantEnvironment(aloft.EnvironmentDegraded, "c1")
	}
	if reason := h.environment().Reason; !strings.Contains(reason, "no room") {
		t.Errorf("the reason is %q", reason)
	}
}

// TestWhatADestroyHasRemovedIsNotMadeAgain: a person wanted it gone, and Terraform
// has failed at the rest.
func TestWhatADestroyHasRemovedIsNotMadeAgain(t *testing.T) {
	h := newHouse(t)
	h.target.made = []string{"app web", "database main"}
	h.push("c1")
	h.reconcile()
	r := h.request(aloft.Run{Operation: aloft.OperationDestroy})
	h.terraform.failing = aloft.Errorf(aloft.CodeFailed, "the database is in use")
	h.target.made = []string{"database main"}
	h.writeState(r.ID)
	for range 2 {
		h.reconcile()
	}
	h.wantRun(r.ID, aloft.RunFailed)
	h.wantEnvironment(aloft.EnvironmentDegraded, "c1")
	if slices.Contains(h.terraform.calls[1:], "apply c1") {
		t.Errorf("it was made again: %v", h.terraform.calls)
	}
}

// TestWhatIsMissingBesidesACloudIsAskedAbout: to apply would undo what else somebody
// has done with Terraform.
func TestWhatIsMissingBesidesACloudIsAskedAbout(t *testing.T) {
	lose := func(t *testing.T) *house {
		h := newHouse(t)
		h.providers = append(h.providers, "hashicorp/azurerm")
		h.target.made = []string{"app web"}
		h.push("c1")
		h.reconcile()
		h.target.made = nil
		h.writeState(0)
		h.terraform.calls = nil
		h.reconcile()
		if says := h.environment().Disagreement; !strings.Contains(says, "without a run: app web") || len(h.terraform.calls) > 0 {
			t.Fatalf("it says %q, calls %v", says, h.terraform.calls)
		}
		return h
	}
	t.Run("and a push makes it again", func(t *testing.T) {
		h := lose(t)
		h.terraform.before = func(context.Context) error {
			h.target.made = []string{"app web"}
			return nil
		}
		r := h.push("c2")
		h.reconcile()
		h.wantRun(r.ID, aloft.RunSucceeded)
		if says := h.environment().Disagreement; says != "" {
			t.Errorf("it still says %q", says)
		}
	})
	t.Run("and a person takes it as right", func(t *testing.T) {
		h := lose(t)
		if e, err := h.reconciler.Settle(h.ctx, alice); err != nil || e.Disagreement != "" {
			t.Fatalf("%q, %v", e.Disagreement, err)
		}
		h.reconcile()
		if len(h.terraform.calls) > 0 {
			t.Errorf("calls %v", h.terraform.calls)
		}
	})
}

// writeState writes a version of the state; run 0 is a person.
func (h *house) writeState(run int64) {
	h.t.Helper()
	versions, err := h.store.StateVersions(h.ctx, alice)
	h.must(err)
	lock, err := h.store.StateLock(h.ctx, alice)
	if aloft.ErrorCode(err) != aloft.CodeNotFound {
		h.must(err)
	}
	_, err = h.store.PutState(h.ctx, aloft.StateVersion{EnvironmentKey: alice, RunID: run, Serial: versions[0].Serial + 1}, []byte("state"), lock.ID)
	h.must(err)
}

// newest is the run that was accepted last.
func (h *house) newest() aloft.Run {
	h.t.Helper()
	runs, err := h.store.Runs(h.ctx, aloft.RunFilter{Project: "shop"})
	h.must(err)
	return runs[0]
}

package run_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft"
)

// houseAt has an environment that runs a commit; "" = none.
func houseAt(t *testing.T, commit string) *house {
	t.Helper()
	h := newHouse(t)
	if commit != "" {
		h.push(commit)
		h.reconcile()
	}
	return h
}

func TestABranchThatCannotMoveFailsTheRun(t *testing.T) {
	for _, before := range []string{"", "c1"} {
		t.Run("after "+before, func(t *testing.T) {
			h := houseAt(t, before)
			h.repository.fail = errors.New("no space left on the device")
			r := h.push("c2")
			h.reconcile()
			h.wantRun(r.ID, aloft.RunFailed)
			if e := h.environment(); e.Status.Busy() || e.Revision != before {
				t.Errorf("the environment is %s at %q", e.Status, e.Revision)
			}
			if runs := h.target.deploys[len(h.target.deploys)-1]; runs != before {
				t.Errorf("%s runs", runs)
			}
			h.repository.fail = nil
			h.push("c3")
			h.reconcile()
			h.wantEnvironment(aloft.EnvironmentReady, "c3")
		})
	}
}

func TestAPanicFailsTheRunAndNothingElse(t *testing.T) {
	h := newHouse(t)
	h.terraform.before = func(context.Context) error { panic("out of range") }
	r := h.push("c1")
	h.reconcile()
	h.wantRun(r.ID, aloft.RunFailed)
	if code := h.run(r.ID).ErrorCode; code != aloft.CodeInternal {
		t.Errorf("code %q", code)
	}
}

func TestAReleaseThatDoesNotAnswerIsSwappedBack(t *testing.T) {
	h := newHouse(t)
	h.push("c1")
	h.reconcile()
	h.target.sick = aloft.Errorf(aloft.CodeFailed, "the URL answers 502")
	r := h.push("c2")
	h.reconcile()
	h.wantRun(r.ID, aloft.RunFailed)
	h.wantEnvironment(aloft.EnvironmentDegraded, "c1")
	if want := []string{"c1", "c2", "c1"}; !slices.Equal(h.target.deploys, want) {
		t.Errorf("deployed %v, want %v", h.target.deploys, want)
	}
}

func TestTheLastHeadlineTellsWhatWasSeen(t *testing.T) {
	for _, test := range []struct {
		name string
		sick error
		says string
	}{
		{"what ran answers", nil, "; c1 still serves http://"},
		{"what ran does not", errors.New("nothing answers"), "c1 ran before and does not answer at http://"},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newHouse(t)
			h.push("c1")
			h.reconcile()
			h.terraform.before = func(context.Context) error {
				h.target.sick = test.sick
				return errors.New("no")
			}
			h.terraform.key = "changed"
			r := h.push("c2")
			h.reconcile()
			h.wantRun(r.ID, aloft.RunFailed)
			if log := h.log(r.ID); !strings.Contains(log, test.says) {
				t.Errorf("the log does not say %q:\n%s", test.says, log)
			}
		})
	}
}

func TestAFirstReleaseThatDoesNotAnswerIsTakenOut(t *testing.T) {
	h := newHouse(t)
	h.target.sick = aloft.Errorf(aloft.CodeFailed, "the URL answers 502")
	r := h.push("c1")
	h.reconcile()
	h.wantRun(r.ID, aloft.RunFailed)
	h.wantEnvironment(aloft.EnvironmentFailed, "")
	releases, err := h.store.Releases(h.ctx, alice)
	if err != nil || len(releases) != 1 || releases[0].Status != aloft.ReleaseFailed || releases[0].Reason != "run 1 failed" {
		t.Errorf("releases %+v, %v", releases, err)
	}
	if log := h.log(r.ID); !strings.Contains(log, "web: taken out, it had no release before") {
		t.Errorf("the log does not say so:\n%s", log)
	}
}

// A killed server leaves a release of the run that it takes again: that is not
// the release before it.
func TestARunTakenAgainSwapsBackToTheReleaseBeforeIt(t *testing.T) {
	for _, before := range []string{"", "c1"} {
		t.Run("after "+before, func(t *testing.T) {
			h := houseAt(t, before)
			r := h.push("c2")
			_, err := h.store.AddRelease(h.ctx, aloft.Release{
				EnvironmentKey: alice, App: "web", RunID: r.ID, Revision: "c2", Status: aloft.ReleaseActive,
			})
			if err != nil {
				t.Fatal(err)
			}
			h.target.sick = aloft.Errorf(aloft.CodeFailed, "the URL answers 502")
			h.reconcile()
			h.wantRun(r.ID, aloft.RunFailed)
			if runs := h.target.deploys[len(h.target.deploys)-1]; runs != before {
				t.Errorf("%q runs, want %q", runs, before)
			}
		})
	}
}

func TestWhatTerraformRefusesToDestroyStays(t *testing.T) {
	refused := aloft.Errorf(aloft.CodeFailed, "aloft_postgresql.main has lifecycle.prevent_destroy set")
	locked := aloft.Errorf(aloft.CodeConflict, "the state is locked by bob")
	kept := aloft.Plan{Changes: []aloft.Change{{Address: "aloft_postgresql.main", Action: aloft.ActionForget}}}
	for _, test := range []struct {
		name    string
		err     error
		plan    aloft.Plan
		force   bool
		trigger aloft.Trigger
		removed bool
	}{
		{"by a push", refused, aloft.Plan{}, false, aloft.TriggerPush, false},
		{"by expiry", refused, aloft.Plan{}, false, aloft.TriggerExpiry, false},
		{"the state is locked", locked, aloft.Plan{}, true, aloft.TriggerAPI, false},
		{"the configuration keeps it", nil, kept, false, aloft.TriggerPush, false},
		{"on purpose", refused, aloft.Plan{}, true, aloft.TriggerAPI, true},
		{"what is kept, on purpose", nil, kept, true, aloft.TriggerAPI, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newHouse(t)
			h.push("c1")
			h.reconcile()
			h.terraform.failing, h.terraform.planned = test.err, test.plan
			r, err := h.reconciler.Accept(h.ctx, aloft.Run{
				EnvironmentKey: alice, Operation: aloft.OperationDestroy, Trigger: test.trigger, Options: aloft.RunOptions{Force: test.force},
			})
			if err != nil {
				t.Fatal(err)
			}
			h.reconcile()
			if h.target.removed != test.removed {
				t.Fatalf("removed: %t; the log:\n%s", h.target.removed, h.log(r.ID))
			}
			if test.removed {
				h.wantRun(r.ID, aloft.RunSucceeded)
				h.wantEnvironment(aloft.EnvironmentDestroyed, "")
				return
			}
			h.wantRun(r.ID, aloft.RunFailed)
			h.wantEnvironment(aloft.EnvironmentDegraded, "c1")
			if h.repository.branches["env-alice"] != "c1" {
				t.Error("the branch is gone")
			}
			if versions, err := h.store.StateVersions(h.ctx, alice); err != nil || len(versions) == 0 {
				t.Errorf("the state is gone: %v", err)
			}
			if hint := h.run(r.ID).Hint; test.err != locked && !strings.Contains(hint, "aloft destroy alice --force") {
				t.Errorf("the hint does not name the way to do it on purpose: %q", hint)
			}
		})
	}
}

// TestADestroyThatFailsHalfWayNamesWhatIsGone: what it has destroyed does not stay.
func TestADestroyThatFailsHalfWayNamesWhatIsGone(t *testing.T) {
	change := func(address string) aloft.Change {
		return aloft.Change{Address: address, Action: aloft.ActionDelete}
	}
	var many aloft.Plan
	for i := range 12 {
		many.Changes = append(many.Changes, change(fmt.Sprintf("a.b[%d]", i)))
		many.Done = append(many.Done, many.Changes[i].Address)
	}
	for _, test := range []struct {
		name    string
		reached aloft.Plan
		says    []string // in the error or the hint
		never   string
	}{
		{
			"half of it",
			aloft.Plan{Changes: []aloft.Change{change("aloft_app.web"), change("aloft_postgresql.main")}, Done: []string{"aloft_app.web"}},
			[]string{"in use\ngone before that: aloft_app.web\nstill there: aloft_postgresql.main", "stays, with branch and state:", "git push aloft :env-alice", "aloft destroy alice --force"},
			"and data",
		},
		{
			"nothing of it", aloft.Plan{Changes: []aloft.Change{change("aloft_postgresql.main")}},
			[]string{"stays, with branch, state and data:", "aloft destroy alice --force"}, "gone",
		},
		{"all of it, and then it fails", many, []string{"a.b[9], and 2 more\nstill there: nothing"}, "a.b[10]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := houseAt(t, "c1")
			h.terraform.stuck, h.terraform.reached = aloft.Errorf(aloft.CodeFailed, "the database is in use"), test.reached
			r := h.request(aloft.Run{Operation: aloft.OperationDestroy})
			h.reconcile()
			h.wantRun(r.ID, aloft.RunFailed)
			h.wantEnvironment(aloft.EnvironmentDegraded, "c1")
			got := h.run(r.ID)
			told := got.Error + "\n" + got.Hint
			for _, text := range test.says {
				if !strings.Contains(told, text) {
					t.Errorf("it does not say %q:\n%s", text, told)
				}
			}
			if strings.Contains(told, test.never) {
				t.Errorf("it says %q:\n%s", test.never, told)
			}
		})
	}
}

func TestWhatWasNeverMadeNeedsNoTerraformToBeDestroyed(t *testing.T) {
	h := newHouse(t)
	h.terraform.before = func(ctx context.Context) error { // before any state is written
		return errors.Join(h.store.DiscardState(ctx, alice), aloft.Errorf(aloft.CodeInvalid, "main.tf:1: a plan error"))
	}
	h.push("c1")
	h.reconcile()
	h.wantEnvironment(aloft.EnvironmentFailed, "")
	h.terraform.failing = errors.New("the same plan error")
	r := h.request(aloft.Run{Operation: aloft.OperationDestroy})
	h.reconcile()
	h.wantRun(r.ID, aloft.RunSucceeded)
	h.wantEnvironment(aloft.EnvironmentDestroyed, "")
}

func TestADestroyThatWasCutOffAtItsEndIsDone(t *testing.T) {
	h := newHouse(t)
	h.push("c1")
	h.reconcile()
	r := h.request(aloft.Run{Operation: aloft.OperationDestroy})
	for _, status := range []aloft.EnvironmentStatus{aloft.EnvironmentDestroying, aloft.EnvironmentDestroyed} {
		if _, err := h.store.UpdateEnvironment(h.ctx, alice, func(e *aloft.Environment) error {
			e.Status, e.Revision = status, ""
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := h.store.UpdateRun(h.ctx, r.ID, func(u *aloft.Run) error {
		u.Status = aloft.RunRunning
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	h.reconcile()
	h.wantRun(r.ID, aloft.RunSucceeded)
}

func TestProtectionBeginsWithTheFirstApply(t *testing.T) {
	h := newHouse(t)
	h.repository.files["aloft.yaml"] = "protected: [alice]\n"
	h.target.fail = aloft.Errorf(aloft.CodeFailed, "unhealthy")
	h.push("c1")
	h.reconcile()
	if !h.environment().Protected {
		t.Error("a failed first run left data unprotected")
	}
}

func TestSecretsAreMaskedWhenProvisionIsSkipped(t *testing.T) {
	h := newHouse(t)
	h.terraform.outputs.Sensitive = []string{"hunter2hunter2"}
	h.target.secret = "hunter2hunter2"
	h.push("c1")
	h.reconcile()
	r := h.push("c2")
	h.reconcile()
	if log := h.log(r.ID); strings.Contains(log, "hunter2") || !strings.Contains(log, "provision: skipped") {
		t.Errorf("the log:\n%s", log)
	}
}

func TestACanceledUpdateLeavesTheEnvironmentReady(t *testing.T) {
	h := newHouse(t)
	h.push("c1")
	h.reconcile()
	h.terraform.key = "changed"
	h.repository.files["aloft.yaml"] = "protected: [alice]\n"
	h.terraform.planned = aloft.Plan{Digest: "d1", Changes: []aloft.Change{
		{Address: "aloft_postgresql.main", Action: aloft.ActionReplace, HoldsData: true},
	}}
	r := h.push("c2")
	h.reconcile()
	h.wantRun(r.ID, aloft.RunWaiting)
	if err := h.reconciler.Cancel(h.ctx, r.ID, "bob"); err != nil {
		t.Fatal(err)
	}
	h.wantEnvironment(aloft.EnvironmentReady, "c1")
	if _, held := h.repository.held["runs/2"]; held {
		t.Error("the commit of a canceled run is still held")
	}
}

func TestSecretsAreMaskedInRecords(t *testing.T) {
	h := newHouse(t)
	h.terraform.outputs.Sensitive = []string{"hunter2hunter2"}
	h.target.fail = aloft.Errorf(aloft.CodeFailed, "cannot log in with hunter2hunter2").WithHint("try another than hunter2hunter2")
	r := h.push("c1")
	h.reconcile()
	record, err := h.store.Run(h.ctx, r.ID)
	if err != nil {
		t.Fatal(err)
	}
	steps, err := h.store.Steps(h.ctx, r.ID)
	if err != nil {
		t.Fatal(err)
	}
	told := fmt.Sprint(record, steps, h.environment(), h.log(r.ID))
	if strings.Contains(told, "hunter2") || !strings.Contains(record.Error, "cannot log in with (sensitive)") || record.ErrorCode != aloft.CodeFailed {
		t.Errorf("the records:\n%s", told)
	}
}

package run_test

import (
	"strings"
	"testing"

	"github.com/aloft-dev/aloft"
)

func TestOverlappingPushes(t *testing.T) {
	t.Parallel()
	update := func(old, commit string) aloft.RefUpdate {
		return aloft.RefUpdate{Ref: "refs/heads/env-alice", Old: old, New: commit}
	}
	for _, test := range []struct {
		rule    string
		pending aloft.Run // accepted before, and not yet taken
		old     string    // what the pusher believes; the branch is at c1
		commit  string
		options []string
		reason  string // "" = accepted
		shown   string
		branch  string // afterwards
	}{
		{rule: "a commit on top of the one that is pushed", pending: aloft.Run{Operation: aloft.OperationUp, Revision: "c2"}, old: "c1", commit: "c3", branch: "c3"},
		{rule: "the same commit again", pending: aloft.Run{Operation: aloft.OperationUp, Revision: "c2"}, old: "c1", commit: "c2", branch: "c2"},
		{rule: "a commit beside it", pending: aloft.Run{Operation: aloft.OperationUp, Revision: "c3"}, old: "c1", commit: "c2",
			reason: "run 2 takes env-alice to c3, which is not in what you push", shown: "aloft run cancel 2", branch: "c3"},
		{rule: "a forced commit beside it", pending: aloft.Run{Operation: aloft.OperationUp, Revision: "c3"}, old: "c1", commit: "b1",
			reason: "run 2 takes env-alice to c3", branch: "c3"},
		{rule: "a plan of a commit beside it", pending: aloft.Run{Operation: aloft.OperationUp, Revision: "c3"}, old: "c1", commit: "c2", options: []string{"plan"}, branch: "c3"},
		{rule: "a commit beside a plan", pending: aloft.Run{Operation: aloft.OperationPlan, Revision: "c3"}, old: "c1", commit: "c2", branch: "c2"},
		{rule: "a commit after a rollback", pending: aloft.Run{Operation: aloft.OperationRollback}, old: "c1", commit: "c2", branch: "c2"},
		{rule: "a commit after a destroy", pending: aloft.Run{Operation: aloft.OperationDestroy}, old: "c1", commit: "b1", branch: "b1"},
		{rule: "a forced commit with nothing on its way", old: "c1", commit: "b1", branch: "b1"},
		{rule: "a forced commit of who knew an older branch", old: "c0", commit: "b1", reason: "has moved since you last looked", branch: "c1"},
		{rule: "only forward, by who knows the branch", old: "c1", commit: "b1", options: []string{"ff-only"},
			reason: "this would drop what env-alice has and b1 lacks", shown: "c1 commit c1, of Alice <alice@example.com>", branch: "c1"},
		{rule: "only forward, and forward it is", old: "c0", commit: "c2", options: []string{"ff-only"}, branch: "c2"},
	} {
		t.Run(test.rule, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.push("c1")
			h.reconcile()
			if test.pending.Operation != "" {
				h.request(test.pending)
			}
			results, shown := h.receive(aloft.Push{Updates: []aloft.RefUpdate{update(test.old, test.commit)}, Options: test.options})
			if reason := results[0].Reason; (reason == "") != (test.reason == "") || !strings.Contains(reason, test.reason) || !strings.Contains(shown, test.shown) {
				t.Errorf("result %+v; shown:\n%s", results[0], shown)
			}
			h.reconcile()
			if branch := h.repository.branches["env-alice"]; branch != test.branch {
				t.Errorf("env-alice is at %q", branch)
			}
		})
	}
	t.Run("a run whose branch has moved until its turn fails and changes nothing", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t)
		h.push("c1")
		h.reconcile()
		accepted, err := h.reconciler.Accept(h.ctx, aloft.Run{
			EnvironmentKey: alice, Operation: aloft.OperationUp, Trigger: aloft.TriggerPush, Revision: "b1", Options: aloft.RunOptions{Old: "c1"},
		})
		if err != nil {
			t.Fatal(err)
		}
		h.repository.branches["env-alice"] = "c2"
		calls := len(h.terraform.calls)
		h.reconcile()
		h.wantRun(accepted.ID, aloft.RunFailed)
		if r := h.run(accepted.ID); r.ErrorCode != aloft.CodeConflict || !strings.Contains(r.Error, "moved since") || !strings.Contains(r.Hint, "git fetch") {
			t.Errorf("the run tells %s %q, %q", r.ErrorCode, r.Error, r.Hint)
		}
		if h.repository.branches["env-alice"] != "c2" || calls+1 < len(h.terraform.calls) { // the reconciler then goes to c2
			t.Errorf("env-alice is at %s after %v", h.repository.branches["env-alice"], h.terraform.calls[calls:])
		}
	})
	t.Run("a run that may only go forward", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t)
		h.push("c2")
		h.reconcile()
		asked := aloft.Run{
			EnvironmentKey: alice, Operation: aloft.OperationUp, Trigger: aloft.TriggerAPI, Revision: "c1", Options: aloft.RunOptions{FastForward: true},
		}
		if _, err := h.reconciler.Accept(h.ctx, asked); aloft.ErrorCode(err) != aloft.CodeConflict || !strings.Contains(aloft.ErrorHint(err), "--force") {
			t.Errorf("back: %v, %q", err, aloft.ErrorHint(err))
		}
		h.push("c5")
		asked.Revision = "c4"
		if _, err := h.reconciler.Accept(h.ctx, asked); aloft.ErrorCode(err) != aloft.CodeConflict {
			t.Errorf("beside a run on its way: %v", err)
		}
		h.reconcile()
		asked.Revision = "c6"
		accepted, err := h.reconciler.Accept(h.ctx, asked)
		if err != nil {
			t.Fatal(err)
		}
		h.repository.branches["env-alice"] = "c7"
		h.reconcile()
		h.wantRun(accepted.ID, aloft.RunFailed)
		if r := h.run(accepted.ID); !strings.Contains(r.Error, "this would drop") {
			t.Errorf("moved until its turn: %q", r.Error)
		}
		asked.Revision, asked.Options.FastForward = "c1", false
		if accepted, err = h.reconciler.Accept(h.ctx, asked); err != nil {
			t.Fatal(err)
		}
		h.reconcile()
		h.wantRun(accepted.ID, aloft.RunSucceeded)
		h.wantEnvironment(aloft.EnvironmentReady, "c1")
	})
	t.Run("a branch that moves while the run is on its way stays there", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t)
		h.push("c1")
		h.reconcile()
		accepted := h.request(aloft.Run{Operation: aloft.OperationUp, Revision: "c2"})
		h.repository.moved = func() { h.repository.branches["env-alice"] = "b7" }
		h.reconcile()
		h.wantRun(accepted.ID, aloft.RunFailed)
		if h.repository.branches["env-alice"] != "b7" {
			t.Errorf("env-alice is at %s", h.repository.branches["env-alice"])
		}
	})
	t.Run("who is superseded is told by what", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t)
		accepted, results := make(chan struct{}), make(chan []aloft.RefResult, 1)
		go func() {
			results <- h.reconciler.Receive(h.ctx, aloft.Push{Project: "shop", Updates: []aloft.RefUpdate{update("", "c1")}}, signalWriter(accepted))
		}()
		<-accepted
		newer := h.push("c2")
		result := (<-results)[0]
		if result.Reason != "run 1: superseded by run 2" || newer.ID != 2 {
			t.Errorf("run %d answers with %+v", newer.ID, result)
		}
	})
}

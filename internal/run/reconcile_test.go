package run_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aloft-dev/aloft"
)

func TestAPushMakesAnEnvironment(t *testing.T) {
	h := newHouse(t)
	r := h.push("c1")
	h.wantEnvironment(aloft.EnvironmentCreating, "")
	h.reconcile()
	h.wantRun(r.ID, aloft.RunSucceeded)
	h.wantEnvironment(aloft.EnvironmentReady, "c1")
	if h.repository.branches["env-alice"] != "c1" {
		t.Errorf("the branch is at %q", h.repository.branches["env-alice"])
	}
	if e := h.environment(); e.Owner != "Alice <alice@example.com>" || e.URLs["web"] == "" {
		t.Errorf("owner %q, URLs %v", e.Owner, e.URLs)
	}
	steps, err := h.store.Steps(h.ctx, r.ID)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range steps {
		names = append(names, s.Name+" "+string(s.Status))
	}
	for _, want := range []string{"checkout succeeded", "read succeeded", "provision succeeded", "build succeeded", "release skipped", "deploy succeeded", "verify succeeded"} {
		if !slices.Contains(names, want) {
			t.Errorf("no step %q in %v", want, names)
		}
	}
	if _, held := h.repository.held["runs/1"]; held {
		t.Error("the commit of a finished run is still held")
	}
}

func TestUnchangedTerraformIsNotApplied(t *testing.T) {
	h := newHouse(t)
	h.push("c1")
	h.reconcile()
	second := h.push("c2")
	h.reconcile()
	h.wantRun(second.ID, aloft.RunSucceeded)
	if want := []string{"apply c1"}; !slices.Equal(h.terraform.calls, want) {
		t.Errorf("calls %v, want %v", h.terraform.calls, want)
	}
	if log := h.log(second.ID); !strings.Contains(log, "provision: skipped, unchanged since c1") {
		t.Errorf("the log does not say so:\n%s", log)
	}
	h.terraform.key = "changed"
	h.push("c3")
	h.reconcile()
	if len(h.terraform.calls) != 2 {
		t.Errorf("a change was not applied: %v", h.terraform.calls)
	}
}

func TestAFailureLeavesTheBranch(t *testing.T) {
	h := newHouse(t)
	h.target.fail = aloft.Errorf(aloft.CodeFailed, "web exited: exit status 3").WithHint("see its last lines")
	first := h.push("c1")
	h.reconcile()
	h.wantRun(first.ID, aloft.RunFailed)
	h.wantEnvironment(aloft.EnvironmentFailed, "")
	if h.repository.branches["env-alice"] != "" {
		t.Error("the branch of a failed first run exists")
	}
	if h.environment().ExpiresAt.IsZero() {
		t.Error("an environment that never was has no end")
	}
	if log := h.log(first.ID); !strings.Contains(log, " !     web exited: exit status 3\n !     → see its last lines\n") {
		t.Errorf("the log does not tell:\n%s", log)
	}
	h.target.fail = nil
	h.push("c2")
	h.reconcile()
	h.wantEnvironment(aloft.EnvironmentReady, "c2")
	h.target.fail = aloft.Errorf(aloft.CodeFailed, "unhealthy")
	third := h.push("c3")
	h.reconcile()
	h.wantRun(third.ID, aloft.RunFailed)
	h.wantEnvironment(aloft.EnvironmentDegraded, "c2")
	if h.repository.branches["env-alice"] != "c2" {
		t.Errorf("the branch is at %q", h.repository.branches["env-alice"])
	}
}

func TestANewerPushSupersedesAQueuedOne(t *testing.T) {
	h := newHouse(t)
	first, second := h.push("c1"), h.push("c2")
	h.reconcile()
	h.wantRun(first.ID, aloft.RunSuperseded)
	h.wantRun(second.ID, aloft.RunSucceeded)
	if want := []string{"c2"}; !slices.Equal(h.target.deploys, want) {
		t.Errorf("deployed %v, want %v", h.target.deploys, want)
	}
	if log := h.log(first.ID); !strings.Contains(log, "run 1 is superseded by run 2") {
		t.Errorf("the log of the older one: %s", log)
	}
}

func TestAPushDuringAnApplyWaitsForItsEnd(t *testing.T) {
	h := newHouse(t)
	var second aloft.Run
	h.terraform.before = func(ctx context.Context) error {
		h.terraform.before = nil
		second = h.push("c2")
		return ctx.Err()
	}
	first := h.push("c1")
	h.reconcile()
	h.wantRun(first.ID, aloft.RunSucceeded)
	h.wantRun(second.ID, aloft.RunSucceeded)
	h.wantEnvironment(aloft.EnvironmentReady, "c2")
}

func TestDestroyLeavesNothing(t *testing.T) {
	h := newHouse(t)
	h.push("c1")
	h.reconcile()
	destroy := h.request(aloft.Run{Operation: aloft.OperationDestroy})
	h.reconcile()
	h.wantRun(destroy.ID, aloft.RunSucceeded)
	h.wantEnvironment(aloft.EnvironmentDestroyed, "")
	if len(h.repository.branches) != 0 || len(h.repository.held) != 0 {
		t.Errorf("left: branches %v, held %v", h.repository.branches, h.repository.held)
	}
	if want := "destroy c1"; !slices.Contains(h.terraform.calls, want) {
		t.Errorf("calls %v, want one %q", h.terraform.calls, want)
	}
	h.push("c2")
	h.reconcile()
	h.wantEnvironment(aloft.EnvironmentReady, "c2")
}

func TestADestroyThatLeavesSomethingIsRefused(t *testing.T) {
	h := newHouse(t)
	h.push("c1")
	h.reconcile()
	h.target.left = []string{"database shop_alice"}
	destroy := h.request(aloft.Run{Operation: aloft.OperationDestroy})
	h.reconcile()
	h.wantRun(destroy.ID, aloft.RunFailed)
	if h.repository.branches["env-alice"] != "c1" {
		t.Error("the branch is gone although something is left")
	}
	if r := h.run(destroy.ID); !strings.Contains(r.Error, "database shop_alice") {
		t.Errorf("the error does not list what is left: %s", r.Error)
	}
}

func TestAnInterruptedRunIsTakenAgain(t *testing.T) {
	h := newHouse(t)
	ctx, stop := context.WithCancel(h.ctx)
	h.terraform.before = func(context.Context) error {
		stop()
		return ctx.Err()
	}
	r := h.push("c1")
	if err := h.reconciler.Reconcile(ctx, alice); err == nil {
		t.Fatal("a stopped server's reconciliation ended well")
	}
	h.wantRun(r.ID, aloft.RunRunning)
	h.terraform.before = nil
	h.open()
	h.reconcile()
	h.wantRun(r.ID, aloft.RunSucceeded)
	h.wantEnvironment(aloft.EnvironmentReady, "c1")
	if log := h.log(r.ID); !strings.Contains(log, "the run was cut off") {
		t.Errorf("the log does not say so:\n%s", log)
	}
}

func TestProtectedDataWaitsForApproval(t *testing.T) {
	h := newHouse(t)
	h.repository.files["aloft.yaml"] = "protected: [alice]\n"
	h.push("c1")
	h.reconcile()
	if !h.environment().Protected {
		t.Fatal("the environment is not protected")
	}
	h.terraform.planned = aloft.Plan{Digest: "d1", Changes: []aloft.Change{
		{Address: "aloft_postgresql.main", Action: aloft.ActionDelete, HoldsData: true},
	}}
	destroy := h.request(aloft.Run{Operation: aloft.OperationDestroy})
	h.reconcile()
	h.wantRun(destroy.ID, aloft.RunWaiting)
	h.wantEnvironment(aloft.EnvironmentDegraded, "c1")
	if err := h.reconciler.Approve(h.ctx, destroy.ID, "another", "bob"); aloft.ErrorCode(err) != aloft.CodeConflict {
		t.Errorf("another plan was approved: %v", err)
	}
	if err := h.reconciler.Approve(h.ctx, destroy.ID, "d1", "bob"); err != nil {
		t.Fatal(err)
	}
	h.terraform.planned.Digest = "d2"
	h.reconcile()
	h.wantRun(destroy.ID, aloft.RunWaiting) // the plan has changed since
	if log := h.log(destroy.ID); !strings.Contains(log, "the plan has changed since bob approved it") {
		t.Errorf("it is not told that the plan has changed:\n%s", log)
	}
	if err := h.reconciler.Approve(h.ctx, destroy.ID, "", "bob"); err != nil {
		t.Fatal(err)
	}
	h.reconcile()
	h.wantRun(destroy.ID, aloft.RunSucceeded)
	h.wantEnvironment(aloft.EnvironmentDestroyed, "")
}

func TestAPlanChangesNothing(t *testing.T) {
	h := newHouse(t)
	r := h.request(aloft.Run{Operation: aloft.OperationPlan, Revision: "c1"}, "plan")
	h.reconcile()
	h.wantRun(r.ID, aloft.RunSucceeded)
	if _, err := h.store.Environment(h.ctx, alice); aloft.ErrorCode(err) != aloft.CodeNotFound {
		t.Errorf("a plan made an environment: %v", err)
	}
	if len(h.repository.branches) != 0 || len(h.target.deploys) != 0 {
		t.Errorf("branches %v, deploys %v", h.repository.branches, h.target.deploys)
	}
	if _, err := h.reconciler.Plan(h.ctx, r.ID); err != nil {
		t.Error(err)
	}
}

// Functions are started by their host, where there is one.
func TestFunctionsNeedNoStartCommand(t *testing.T) {
	for name, elsewhere := range map[string]bool{"in the cloud": true, "on this machine": false} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			h.elsewhere = elsewhere
			h.repository.files = map[string]string{
				"requirements.txt": "azure-functions\n", "function_app.py": "app = func.FunctionApp()\n", "terraform/main.tf": "",
			}
			r := h.request(aloft.Run{Operation: aloft.OperationPlan, Revision: "c1"}, "plan")
			h.reconcile()
			want, status := "start     by the host of its functions (requirements.txt:1, azure-functions)", aloft.RunSucceeded
			if !elsewhere {
				want, status = "cannot tell how to start the Python app", aloft.RunFailed
			}
			h.wantRun(r.ID, status)
			if log := h.log(r.ID); !strings.Contains(log, want) {
				t.Errorf("the log does not say %q:\n%s", want, log)
			}
		})
	}
}

func TestARollbackDeploysTheReleaseBefore(t *testing.T) {
	h := newHouse(t)
	h.push("c1")
	h.reconcile()
	h.push("c2")
	h.reconcile()
	r := h.request(aloft.Run{Operation: aloft.OperationRollback})
	h.reconcile()
	h.wantRun(r.ID, aloft.RunSucceeded)
	h.wantEnvironment(aloft.EnvironmentReady, "c1")
	if h.repository.branches["env-alice"] != "c2" {
		t.Error("the branch has moved")
	}
	if want := []string{"c1", "c2", "c1"}; !slices.Equal(h.target.deploys, want) {
		t.Errorf("deployed %v, want %v", h.target.deploys, want)
	}
}

func TestDriftIsHealedAlsoAfterARollback(t *testing.T) {
	h := newHouse(t)
	h.push("c1")
	h.reconcile()
	h.push("c2")
	h.reconcile()
	h.request(aloft.Run{Operation: aloft.OperationRollback})
	h.reconcile()
	h.target.healed = []string{"web.1 was not running: started"}
	h.reconcile()
	if len(h.target.healed) != 0 {
		t.Error("nobody looked at what runs")
	}
	runs, err := h.store.Runs(h.ctx, aloft.RunFilter{Project: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	if runs[0].Operation != aloft.OperationRepair || runs[0].Status != aloft.RunSucceeded {
		t.Errorf("no repair is on record: %+v", runs[0])
	}
	h.wantEnvironment(aloft.EnvironmentReady, "c1")
}

func TestDriftIsReportedAndRepaired(t *testing.T) {
	h := newHouse(t)
	h.push("c1")
	h.reconcile()
	h.target.healed = []string{"web.1 was not running: started"}
	h.reconcile()
	runs, err := h.store.Runs(h.ctx, aloft.RunFilter{Project: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	if runs[0].Operation != aloft.OperationRepair || runs[0].Status != aloft.RunSucceeded || !strings.Contains(runs[0].Title, "web.1 was not running") {
		t.Errorf("no repair is on record: %+v", runs[0])
	}
	h.target.broken = []string{"database main is gone"}
	h.terraform.before = func(context.Context) error {
		h.target.broken = nil
		return nil
	}
	h.reconcile()
	if want := []string{"apply c1", "apply c1"}; !slices.Equal(h.terraform.calls, want) {
		t.Errorf("calls %v, want %v", h.terraform.calls, want)
	}
	h.wantEnvironment(aloft.EnvironmentReady, "c1")
}

func TestARepairThatFailsIsNotRepeatedAtOnce(t *testing.T) {
	h := newHouse(t)
	h.push("c1")
	h.reconcile()
	h.target.broken = []string{"database main is gone"}
	h.terraform.before = func(context.Context) error { return aloft.Errorf(aloft.CodeFailed, "no") }
	for range 3 {
		h.reconcile()
	}
	if n := len(h.terraform.calls); n != 2 {
		t.Errorf("%d applies, want 2: %v", n, h.terraform.calls)
	}
	h.clock.advance(time.Hour)
	h.reconcile()
	if n := len(h.terraform.calls); n != 3 {
		t.Errorf("%d applies after an hour, want 3", n)
	}
}

func TestTTL(t *testing.T) {
	h := newHouse(t)
	h.push("c1", "ttl=72h")
	h.reconcile()
	h.clock.advance(71 * time.Hour)
	if err := h.reconciler.Sweep(h.ctx); err != nil {
		t.Fatal(err)
	}
	if reason := h.environment().Reason; !strings.Contains(reason, "expires at") {
		t.Errorf("no warning an hour before the end: %q", reason)
	}
	h.push("c2")
	h.reconcile()
	h.clock.advance(71 * time.Hour)
	h.reconcile()
	h.wantEnvironment(aloft.EnvironmentReady, "c2")
	h.clock.advance(2 * time.Hour)
	h.reconcile()
	h.wantEnvironment(aloft.EnvironmentDestroyed, "")
}

func TestABranchThatWasMovedMeansUp(t *testing.T) {
	h := newHouse(t)
	h.push("c1")
	h.reconcile()
	h.repository.branches["env-alice"] = "c2" // not by a push
	h.reconcile()
	h.wantEnvironment(aloft.EnvironmentReady, "c2")
	h.request(aloft.Run{Operation: aloft.OperationRollback})
	h.reconcile()
	h.reconcile()
	h.wantEnvironment(aloft.EnvironmentReady, "c1") // behind on purpose
}

func TestALostStateIsRepaired(t *testing.T) {
	h := newHouse(t)
	h.push("c1")
	h.reconcile()
	if err := h.store.DeleteState(h.ctx, alice); err != nil {
		t.Fatal(err)
	}
	h.reconcile()
	if want := []string{"apply c1", "apply c1"}; !slices.Equal(h.terraform.calls, want) {
		t.Errorf("calls %v, want %v", h.terraform.calls, want)
	}
	h.wantEnvironment(aloft.EnvironmentReady, "c1")
}

func TestABranchThatWasNotPushedMakesNothing(t *testing.T) {
	h := newHouse(t)
	h.repository.branches["env-alice"] = "c1"
	h.must(h.reconciler.Sweep(h.ctx))
	h.reconcile()
	if _, err := h.store.Environment(h.ctx, alice); aloft.ErrorCode(err) != aloft.CodeNotFound {
		t.Errorf("an environment was made: %v", err)
	}
	r := h.push("c1")
	h.reconcile()
	h.wantRun(r.ID, aloft.RunSucceeded)
}

func TestCancel(t *testing.T) {
	h := newHouse(t)
	queued := h.push("c1")
	if err := h.reconciler.Cancel(h.ctx, queued.ID, "bob"); err != nil {
		t.Fatal(err)
	}
	h.wantRun(queued.ID, aloft.RunCanceled)
	h.reconcile()
	h.wantEnvironment(aloft.EnvironmentFailed, "")
	var running aloft.Run
	h.terraform.before = func(ctx context.Context) error {
		if err := h.reconciler.Cancel(h.ctx, running.ID, "bob"); err != nil {
			t.Error(err)
		}
		<-ctx.Done()
		return ctx.Err()
	}
	running = h.push("c2")
	h.reconcile()
	h.wantRun(running.ID, aloft.RunCanceled)
	if err := h.reconciler.Cancel(h.ctx, running.ID, "bob"); aloft.ErrorCode(err) != aloft.CodeConflict {
		t.Errorf("a finished run was canceled: %v", err)
	}
}

func TestSecretsAreMasked(t *testing.T) {
	h := newHouse(t)
	h.terraform.outputs.Sensitive = []string{"hunter2hunter2"}
	h.target.secret = "hunter2hunter2"
	r := h.push("c1")
	h.reconcile()
	if log := h.log(r.ID); strings.Contains(log, "hunter2") || !strings.Contains(log, "deploying with (sensitive)") {
		t.Errorf("the log:\n%s", log)
	}
}

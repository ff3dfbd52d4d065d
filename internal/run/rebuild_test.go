package run_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft"
)

// loseArtifacts removes what was built, and has the target miss it.
func (h *house) loseArtifacts() {
	h.t.Helper()
	if err := os.RemoveAll(h.builder.dir); err != nil {
		h.t.Fatal(err)
	}
	h.builder.built = nil
}

// TestALostArtifactIsBuiltAgain: by the repair, from the commit of its release,
// and without Terraform's help.
func TestALostArtifactIsBuiltAgain(t *testing.T) {
	h := newHouse(t)
	h.push("c1")
	h.reconcile()
	h.loseArtifacts()
	h.target.broken = []string{"web: the artifact of release 1 is gone"}
	repair := h.request(aloft.Run{Operation: aloft.OperationRepair})
	h.target.broken = nil // it starts again, once it is built
	h.reconcile()
	h.wantRun(repair.ID, aloft.RunSucceeded)
	h.wantEnvironment(aloft.EnvironmentReady, "c1")
	if want := []string{"c1:."}; !slices.Equal(h.builder.built, want) {
		t.Errorf("built %v, want %v", h.builder.built, want)
	}
	if want := []string{"c1", "c1"}; !slices.Equal(h.target.deploys, want) {
		t.Errorf("deployed %v, want %v", h.target.deploys, want)
	}
	if applies := len(h.terraform.calls); applies != 1 {
		t.Errorf("Terraform was called %d times: %v", applies, h.terraform.calls)
	}
}

func TestARollbackBuildsWhatIsGone(t *testing.T) {
	h := newHouse(t)
	h.push("c1")
	h.reconcile()
	h.push("c2")
	h.reconcile()
	h.loseArtifacts()
	r := h.request(aloft.Run{Operation: aloft.OperationRollback})
	h.reconcile()
	h.wantRun(r.ID, aloft.RunSucceeded)
	h.wantEnvironment(aloft.EnvironmentReady, "c1")
	if want := []string{"c1:."}; !slices.Equal(h.builder.built, want) {
		t.Errorf("built %v, want %v", h.builder.built, want)
	}
}

func TestAPushWithoutABuildBuildsWhatIsGone(t *testing.T) {
	h := newHouse(t)
	h.push("c1")
	h.reconcile()
	h.loseArtifacts()
	r := h.push("c2", "skip-build")
	h.reconcile()
	h.wantRun(r.ID, aloft.RunSucceeded)
	if want := []string{"c1:."}; !slices.Equal(h.builder.built, want) {
		t.Errorf("built %v, want %v", h.builder.built, want)
	}
}

func TestWhatCannotBeBuiltAgainIsSaid(t *testing.T) {
	h := newHouse(t)
	h.push("c1")
	h.reconcile()
	h.push("c2")
	h.reconcile()
	h.loseArtifacts()
	r := h.request(aloft.Run{Operation: aloft.OperationRollback})
	h.repository.lacks = "c1"
	h.reconcile()
	h.wantRun(r.ID, aloft.RunFailed)
	run, err := h.store.Run(h.ctx, r.ID)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(run.Error, "commit c1 is no longer in the repository") || run.Hint == "" {
		t.Errorf("it says %q (%s)", run.Error, run.Hint)
	}
}

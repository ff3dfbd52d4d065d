package run_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft"
)

// interruptedHouse has an environment of a cloud whose first apply was cut off,
// with a state that could not be stored.
func interruptedHouse(t *testing.T) (*house, aloft.Run) {
	t.Helper()
	h := newHouse(t)
	h.providers = []string{"aloft-dev/aloft", "hashicorp/azurerm"}
	h.terraform.before = func(context.Context) error {
		err := os.WriteFile(filepath.Join(h.terraform.folder, "errored.tfstate"), []byte("{}"), 0o600)
		return errors.Join(err, errors.New("the state cannot be stored"))
	}
	r := h.push("c1")
	h.reconcile()
	h.wantRun(r.ID, aloft.RunFailed)
	h.terraform.before = nil
	return h, r
}

func TestAnInterruptedApplyIsTakenUpBeforeTheNext(t *testing.T) {
	h, first := interruptedHouse(t)
	h.terraform.recovery = aloft.Recovery{
		Stored:   true,
		Imported: []aloft.CreatedResource{{Address: "azurerm_redis_cache.main", ID: "/redis/1"}},
		CutOff:   []string{"azurerm_key_vault.main"},
	}
	h.push("c2")
	h.reconcile()
	h.wantEnvironment(aloft.EnvironmentReady, "c2")
	if want := []string{"apply c1", "recover c1", "apply c2"}; !slices.Equal(h.terraform.calls, want) {
		t.Fatalf("calls %v, want %v", h.terraform.calls, want)
	}
	left := h.terraform.left[0]
	if filepath.Base(left.State) != "errored.tfstate" || !strings.Contains(left.Journal, filepath.Join("runs", "1", "apply")) || left.Finish {
		t.Errorf("run %d has left %+v", first.ID, left)
	}
	if _, err := os.Stat(left.State); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the stored state is still kept: %v", err)
	}
	if !slices.Equal(h.terraform.adopt, []string{"azurerm_key_vault.main"}) {
		t.Errorf("the apply adopts %v", h.terraform.adopt)
	}
	h.push("c3")
	h.reconcile()
	if len(h.terraform.left) != 1 {
		t.Error("an apply that ended well is taken up as well")
	}
}

func TestADestroyTakesUpAnInterruptedApplyToo(t *testing.T) {
	h, _ := interruptedHouse(t)
	stray := aloft.CreatedResource{Address: "azurerm_redis_cache.main", ID: "/redis/1"}
	h.terraform.recovery = aloft.Recovery{Stored: true, Strays: []aloft.CreatedResource{stray}}
	r := h.request(aloft.Run{Operation: aloft.OperationDestroy})
	h.reconcile()
	h.wantRun(r.ID, aloft.RunFailed)
	if text := h.run(r.ID).Error; !strings.Contains(text, "azurerm_redis_cache.main (/redis/1)") {
		t.Errorf("the error does not name what is left: %s", text)
	}
	if !h.terraform.left[0].Finish {
		t.Error("what was cut off is not finished before the destroy")
	}
	h.terraform.recovery = aloft.Recovery{}
	again := h.request(aloft.Run{Operation: aloft.OperationDestroy})
	h.reconcile()
	h.wantRun(again.ID, aloft.RunSucceeded)
	if len(h.terraform.left) != 1 {
		t.Error("what was taken up is taken up again, although it was destroyed since")
	}
}

func TestWhatOnlyTheLocalTargetHoldsNeedsNoRecovery(t *testing.T) {
	h := newHouse(t)
	h.terraform.before = func(context.Context) error { return errors.New("cut off") }
	h.push("c1")
	h.reconcile()
	h.terraform.before = nil
	h.push("c2")
	h.reconcile()
	h.wantEnvironment(aloft.EnvironmentReady, "c2")
	if len(h.terraform.left) != 0 {
		t.Errorf("recovered %v", h.terraform.left)
	}
}

// TestNothingStaysHeldForARunThatHasEnded: although the server was killed between the
// record of the end and the tidying up.
func TestNothingStaysHeldForARunThatHasEnded(t *testing.T) {
	h := newHouse(t)
	ended := h.push("c1")
	h.reconcile()
	queued := h.push("c2")
	h.must(h.repository.Hold(h.ctx, fmt.Sprintf("runs/%d", ended.ID), "c1"))
	h.must(h.repository.Hold(h.ctx, "runs/999", "c1"))
	h.must(h.reconciler.Sweep(h.ctx))
	names, err := h.repository.Holds(h.ctx, "runs")
	slices.Sort(names)
	if want := []string{fmt.Sprintf("runs/%d", queued.ID), "runs/999"}; err != nil || !slices.Equal(names, want) {
		t.Errorf("held are %v, want %v: %v", names, want, err)
	}
}

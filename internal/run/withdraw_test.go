package run_test

import (
	"strings"
	"testing"

	"github.com/aloft-dev/aloft"
)

// TestAnAppThatTheOutputDoesNotNameAnyMoreIsTakenOut: its release is not active, and a
// push that fails takes nothing out.
func TestAnAppThatTheOutputDoesNotNameAnyMoreIsTakenOut(t *testing.T) {
	h := newHouse(t)
	h.push("c1")
	h.reconcile()
	h.terraform.outputs, h.terraform.key = aloft.Outputs{}, "other"
	h.repository.fail = aloft.Errorf(aloft.CodeUnavailable, "no room")
	r := h.push("c2")
	h.reconcile()
	h.wantRun(r.ID, aloft.RunFailed)
	active := func() (active int) {
		releases, err := h.store.Releases(h.ctx, alice)
		h.must(err)
		for _, release := range releases {
			if release.Status == aloft.ReleaseActive {
				active++
			} else if release.Status != aloft.ReleaseRetired {
				t.Errorf("a release is %s", release.Status)
			}
		}
		return active
	}
	if active() != 1 {
		t.Error("a run that failed has taken the app out")
	}
	h.repository.fail = nil
	r = h.push("c3")
	h.reconcile()
	h.wantRun(r.ID, aloft.RunSucceeded)
	if active() != 0 {
		t.Error("its release is active still")
	}
	if log := h.log(r.ID); !strings.Contains(log, "web: taken out") {
		t.Errorf("the push does not say so:\n%s", log)
	}
	r = h.push("c4")
	h.reconcile()
	if log := h.log(r.ID); strings.Contains(log, "taken out") {
		t.Errorf("it is said again:\n%s", log)
	}
}

package run_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft"
)

// TestWhatIsSkippedHoldsForOnePlace: after a restore, or with another --listen, the
// server and its databases are elsewhere, and what Terraform and apps know is old.
func TestWhatIsSkippedHoldsForOnePlace(t *testing.T) {
	const before, after = "http://alice.shop.localhost:18100", "http://alice.shop.localhost:18101"
	t.Run("the next push provisions again", func(t *testing.T) {
		h := newHouse(t)
		h.where = before
		h.push("c1")
		h.reconcile()
		h.push("c2")
		h.reconcile()
		if log := h.log(2); !strings.Contains(log, "skipped, unchanged since c1") {
			t.Errorf("at the same place it is provisioned again:\n%s", log)
		}
		h.where = after
		h.terraform.calls = nil
		h.push("c3")
		h.reconcile()
		if !slices.Contains(h.terraform.calls, "apply c3") {
			t.Errorf("the engine was asked for %v", h.terraform.calls)
		}
		h.push("c4")
		h.reconcile()
		if log := h.log(4); !strings.Contains(log, "skipped, unchanged since") {
			t.Errorf("then it is not skipped any more:\n%s", log)
		}
	})
	for _, test := range []struct {
		name      string
		providers []string
		repaired  bool
	}{
		{"a look repairs an environment of local resources", []string{"aloft-dev/aloft"}, true},
		{"one with others waits for a push", []string{"aloft-dev/aloft", "hashicorp/azurerm"}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newHouse(t)
			h.where, h.providers = before, test.providers
			h.push("c1")
			h.reconcile()
			h.where = after
			h.terraform.calls = nil
			h.terraform.outputs.Apps = map[string]aloft.AppOutput{"web": {Hosting: "local", Name: "web", URL: after}}
			h.reconcile()
			if applied := slices.Contains(h.terraform.calls, "apply c1"); applied != test.repaired {
				t.Errorf("the engine was asked for %v", h.terraform.calls)
			}
			h.wantEnvironment(aloft.EnvironmentReady, "c1")
			if test.repaired {
				if urls := h.environment().URLs; urls["web"] != after {
					t.Errorf("the URLs are %v", urls)
				}
				if title := h.run(2).Title; title != "it was at "+before+", and is at "+after {
					t.Errorf("run 2 says %q", title)
				}
			}
			h.terraform.calls = nil
			h.reconcile()
			if slices.Contains(h.terraform.calls, "apply c1") {
				t.Error("it is applied again and again")
			}
		})
	}
}

// place is what the server would tell the run room.
func (h *house) place(context.Context, aloft.EnvironmentKey) (string, error) { return h.where, nil }

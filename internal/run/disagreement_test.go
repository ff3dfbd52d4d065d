package run_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aloft-dev/aloft"
)

// TestNothingIsDoneWhileDiskRecordsAndStateDisagree takes away what should be
// there: neither the sweep nor a push may make or destroy anything, until it is
// back or somebody says what is right.
func TestNothingIsDoneWhileDiskRecordsAndStateDisagree(t *testing.T) {
	for _, test := range []struct {
		name    string
		outside bool // has more than local resources
		lose    func(h *house)
		back    func(h *house) // nil = only a person's word helps
		says    string
		refuses bool // a push is refused too
	}{
		{
			name: "the repository is gone", says: "the repository of shop is gone", refuses: true,
			lose: func(h *house) { h.repository.gone = true }, back: func(h *house) { h.repository.gone = false },
		}, {
			name: "another repository is in its place", says: "is another than the one", refuses: true,
			lose: func(h *house) { h.repository.branches, h.repository.identity = map[string]string{}, "other" },
		}, {
			name: "the branch is gone", says: "nobody has deleted it here",
			lose: func(h *house) { delete(h.repository.branches, "env-alice") },
			back: func(h *house) { h.repository.branches["env-alice"] = "c1" },
		}, {
			name: "an older repository is in its place", says: "lacks commit c1",
			lose: func(h *house) { h.repository.branches["env-alice"], h.repository.lacks = "c0", "c1" },
			back: func(h *house) { h.repository.branches["env-alice"], h.repository.lacks = "c1", "" },
		}, {
			name: "the branch was moved back", says: "was moved to c0, past the server and away from c1",
			lose: func(h *house) { h.repository.branches["env-alice"] = "c0" },
			back: func(h *house) { h.repository.branches["env-alice"] = "c1" },
		}, {
			name: "the state is gone", outside: true, says: "its Terraform state is gone", refuses: true,
			lose: func(h *house) { h.must(h.store.DiscardState(h.ctx, alice)) },
		}, {
			name: "the state is older", outside: true, says: "its Terraform state is older than what run 1 wrote", refuses: true,
			lose: func(h *house) { h.rewriteApplied(`"version": 1`, `"version": 7`) },
			back: func(h *house) { h.rewriteApplied(`"version": 7`, `"version": 1`) },
		}, {
			name: "the databases' folder is gone", says: "the folder is gone: bring it back", refuses: true,
			lose: func(h *house) { h.target.astray = "the folder is gone" },
			back: func(h *house) { h.target.astray = "" },
		}, {
			name: "another databases' folder is in its place", says: "made anew, empty: aloft env accept ENV", refuses: true,
			lose: func(h *house) { h.target.astray = "it is another" },
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newHouse(t)
			if test.outside {
				h.providers = append(h.providers, "hashicorp/azurerm")
			}
			h.push("c1")
			h.reconcile()
			h.wantEnvironment(aloft.EnvironmentReady, "c1")
			calls := slices.Clone(h.terraform.calls)
			test.lose(h)
			h.must(h.reconciler.Sweep(h.ctx))
			h.reconcile()
			h.wantEnvironment(aloft.EnvironmentReady, "c1")
			if says := h.environment().Disagreement; !strings.Contains(says, test.says) {
				t.Errorf("it says %q, want %q", says, test.says)
			}
			if test.refuses && !h.repository.gone {
				r := h.push("c2")
				h.reconcile()
				h.wantRun(r.ID, aloft.RunFailed)
				if got := h.run(r.ID); !strings.Contains(got.Error, test.says) || got.ErrorCode != aloft.CodeConflict {
					t.Errorf("the push is refused with %q", got.Error)
				}
			}
			if !slices.Equal(calls, h.terraform.calls) || h.target.removed {
				t.Fatalf("calls %v, want %v; removed %t", h.terraform.calls, calls, h.target.removed)
			}
			if test.back != nil {
				test.back(h)
				h.reconcile()
				if e := h.environment(); e.Disagreement != "" || e.Status != aloft.EnvironmentReady {
					t.Errorf("after it is back: %s, %q", e.Status, e.Disagreement)
				}
				return
			}
			if _, err := h.reconciler.Settle(h.ctx, alice); err != nil {
				t.Fatal(err)
			}
			r := h.push("c2")
			h.reconcile()
			h.wantRun(r.ID, aloft.RunSucceeded)
			if says := h.environment().Disagreement; says != "" {
				t.Errorf("after somebody's word: %q", says)
			}
		})
	}
}

func TestARepositoryThatIsLostForGoodIsMadeAnewByAPersonsWord(t *testing.T) {
	h := newHouse(t)
	h.push("c1")
	h.reconcile()
	h.repository.gone = true
	h.reconcile()
	e, err := h.reconciler.Settle(h.ctx, alice)
	if err != nil || !strings.Contains(e.Disagreement, "push it again") {
		t.Fatalf("%q, %v", e.Disagreement, err)
	}
	r := h.push("c1")
	h.reconcile()
	h.wantRun(r.ID, aloft.RunSucceeded)
	h.wantEnvironment(aloft.EnvironmentReady, "c1")
}

// TestAPersonsWordOnARepositoryCountsForItsProject: nobody is told what is no more so.
func TestAPersonsWordOnARepositoryCountsForItsProject(t *testing.T) {
	h := newHouse(t)
	bob := aloft.EnvironmentKey{Project: "shop", Environment: "bob"}
	h.push("c1")
	h.reconcile()
	_, err := h.reconciler.Accept(h.ctx, aloft.Run{EnvironmentKey: bob, Operation: aloft.OperationUp, Revision: "c1"})
	h.must(err)
	h.must(h.reconciler.Reconcile(h.ctx, bob))
	of := func(key aloft.EnvironmentKey) string {
		h.must(h.reconciler.Reconcile(h.ctx, key))
		e, err := h.store.Environment(h.ctx, key)
		h.must(err)
		if e.Blocked != (e.Disagreement != "") {
			t.Errorf("%s is blocked: %t, by %q", key, e.Blocked, e.Disagreement)
		}
		return e.Disagreement
	}
	h.repository.gone = true
	if both := of(alice); both == "" || both != of(bob) {
		t.Fatalf("what they have in common is said as %q and %q", both, of(bob))
	}
	h.woken = nil
	_, err = h.reconciler.Settle(h.ctx, alice)
	h.must(err)
	if want := []string{"shop/alice", "shop/bob"}; !slices.Equal(h.woken, want) {
		t.Errorf("woken: %v, want %v", h.woken, want)
	}
	if says := of(bob); !strings.Contains(says, "its branch env-bob is gone") {
		t.Errorf("the other says %q", says)
	}
}

func TestWhatIsLeftOfALostRepositoryIsRemovedByForce(t *testing.T) {
	h := newHouse(t)
	h.push("c1")
	h.reconcile()
	h.repository.gone = true
	h.reconcile()
	refused := h.request(aloft.Run{Operation: aloft.OperationDestroy})
	h.reconcile()
	h.wantRun(refused.ID, aloft.RunFailed)
	h.wantEnvironment(aloft.EnvironmentReady, "c1")
	r, err := h.reconciler.Accept(h.ctx, aloft.Run{
		EnvironmentKey: alice, Operation: aloft.OperationDestroy, Trigger: aloft.TriggerAPI, Options: aloft.RunOptions{Force: true},
	})
	h.must(err)
	h.reconcile()
	h.wantRun(r.ID, aloft.RunSucceeded)
	h.wantEnvironment(aloft.EnvironmentDestroyed, "")
}

// TestDataThatTerraformLetGoOfStays: what a configuration or a state forgot is no
// reason to remove it with the rest.
func TestDataThatTerraformLetGoOfStays(t *testing.T) {
	for _, test := range []struct {
		name    string
		cutOff  bool
		trigger aloft.Trigger
		force   bool
		status  aloft.RunStatus
	}{
		{"by a push", false, aloft.TriggerPush, false, aloft.RunFailed},
		{"by expiry, of a first push that failed", true, aloft.TriggerExpiry, false, aloft.RunFailed},
		{"what a first push that failed has made, by a push", true, aloft.TriggerPush, false, aloft.RunSucceeded},
		{"by force", false, aloft.TriggerAPI, true, aloft.RunSucceeded},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newHouse(t)
			if test.cutOff {
				h.terraform.before = func(context.Context) error { return aloft.Errorf(aloft.CodeFailed, "half of it") }
			}
			h.push("c1")
			h.reconcile()
			h.target.holding = []string{"database shop_alice_main"}
			r, err := h.reconciler.Accept(h.ctx, aloft.Run{
				EnvironmentKey: alice, Operation: aloft.OperationDestroy, Trigger: test.trigger, Options: aloft.RunOptions{Force: test.force},
			})
			h.must(err)
			h.reconcile()
			h.wantRun(r.ID, test.status)
			if removed := test.status == aloft.RunSucceeded; removed != h.target.removed {
				t.Errorf("removed: %t", h.target.removed)
			}
			if got := h.run(r.ID); test.status == aloft.RunFailed && !strings.Contains(got.Error, "database shop_alice_main") {
				t.Errorf("the error does not name what is left: %s", got.Error)
			}
		})
	}
}

func TestABranchThatComesBackAfterItsDestroyIsNoPush(t *testing.T) {
	h := newHouse(t)
	h.push("c1")
	h.reconcile()
	h.request(aloft.Run{Operation: aloft.OperationDestroy})
	h.reconcile()
	h.repository.branches["env-alice"] = "c1" // an older repository
	h.must(h.reconciler.Sweep(h.ctx))
	h.reconcile()
	h.wantEnvironment(aloft.EnvironmentDestroyed, "")
}

// TestALostFolderOfAnEnvironment takes away what the applies were made with: the
// state and the commit that runs are enough.
func TestALostFolderOfAnEnvironment(t *testing.T) {
	lose := func(h *house) { h.must(os.RemoveAll(filepath.Join(h.dir, "environments"))) }
	t.Run("a destroy finds its configuration in the commit that runs", func(t *testing.T) {
		h := newHouse(t)
		h.providers = append(h.providers, "hashicorp/azurerm")
		h.push("c1")
		h.reconcile()
		lose(h)
		r := h.request(aloft.Run{Operation: aloft.OperationDestroy})
		h.reconcile()
		h.wantRun(r.ID, aloft.RunSucceeded)
		if !slices.Contains(h.terraform.calls, "destroy c1") {
			t.Errorf("Terraform was not asked to destroy: %v", h.terraform.calls)
		}
	})
	t.Run("a first apply that failed is destroyed with its commit", func(t *testing.T) {
		h := newHouse(t)
		h.terraform.resources = 1
		h.terraform.before = func(context.Context) error { return aloft.Errorf(aloft.CodeFailed, "half of it") }
		h.push("c1")
		h.reconcile()
		lose(h)
		h.request(aloft.Run{Operation: aloft.OperationDestroy})
		h.reconcile()
		if !slices.Contains(h.terraform.calls, "destroy c1") {
			t.Errorf("Terraform was not asked to destroy: %v", h.terraform.calls)
		}
	})
	t.Run("an older one is not trusted: the commit that runs knows better", func(t *testing.T) {
		h := newHouse(t)
		h.push("c1")
		h.reconcile()
		path := filepath.Join(h.dir, "environments", "shop", "alice", "applied.json")
		older, err := os.ReadFile(path)
		h.must(err)
		h.terraform.key = "changed"
		h.push("c2")
		h.reconcile()
		h.must(os.WriteFile(path, older, 0o600))
		r := h.request(aloft.Run{Operation: aloft.OperationDestroy})
		h.reconcile()
		h.wantRun(r.ID, aloft.RunSucceeded)
		if !slices.Contains(h.terraform.calls, "destroy c2") || slices.Contains(h.terraform.calls, "destroy c1") {
			t.Errorf("Terraform was asked to destroy with another commit: %v", h.terraform.calls)
		}
	})
	t.Run("an older one is not applied by a repair: that would destroy what came since", func(t *testing.T) {
		h := newHouse(t)
		h.push("c1")
		h.reconcile()
		path := filepath.Join(h.dir, "environments", "shop", "alice", "applied.json")
		older, err := os.ReadFile(path)
		h.must(err)
		h.terraform.key = "changed"
		h.push("c2")
		h.reconcile()
		h.must(os.WriteFile(path, older, 0o600))
		h.terraform.calls = nil
		h.target.healed = []string{"web.1 was not running: started"}
		h.reconcile()
		if len(h.terraform.calls) > 0 {
			t.Errorf("it was applied: %v", h.terraform.calls)
		}
		if r := h.newest(); r.Operation != aloft.OperationRepair || !strings.Contains(r.Error, "is not known any more") {
			t.Errorf("the repair says %q", r.Error)
		}
		r := h.push("c3")
		h.reconcile()
		h.wantRun(r.ID, aloft.RunSucceeded)
	})
	t.Run("a push applies, since nobody knows with what the last one was made", func(t *testing.T) {
		h := newHouse(t)
		h.push("c1")
		h.reconcile()
		lose(h)
		r := h.push("c2")
		h.reconcile()
		h.wantRun(r.ID, aloft.RunSucceeded)
		if !slices.Contains(h.terraform.calls, "apply c2") || len(h.target.deploys) != 2 {
			t.Errorf("calls %v, deploys %v", h.terraform.calls, h.target.deploys)
		}
	})
}

// TestOlderRecordsAndALostFolder: when neither the records nor the data folder tell of
// an apply, the commit that the repository holds does.
func TestOlderRecordsAndALostFolder(t *testing.T) {
	for _, test := range []struct {
		name    string
		outside bool           // has more than local resources
		records func(h *house) // makes them what older ones are
		says    string         // "" = nothing disagrees
	}{
		{"which do not know the environment's state", true, func(h *house) { h.must(h.store.DiscardState(h.ctx, alice)) },
			"its Terraform state is gone, and an apply would make a second time what commit c1 has made"},
		{"which know an older state", true, func(h *house) { h.repository.held["environments/alice/last"] = "c9" },
			"its Terraform state is older than its last apply, and an apply would make a second time what commit c9 has made"},
		{"which know the newest state", true, func(*house) {}, ""},
		{"of what lives here alone", false, func(h *house) { h.must(h.store.DiscardState(h.ctx, alice)) }, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newHouse(t)
			if test.outside {
				h.providers = append(h.providers, "hashicorp/azurerm")
			}
			h.push("c1")
			h.reconcile()
			h.must(os.RemoveAll(filepath.Join(h.dir, "environments")))
			test.records(h)
			calls := len(h.terraform.calls)
			h.must(h.reconciler.Sweep(h.ctx))
			h.reconcile()
			if says := h.environment().Disagreement; !strings.Contains(says, test.says) || test.says == "" && says != "" {
				t.Fatalf("it says %q, want %q", says, test.says)
			}
			if test.says == "" {
				return
			}
			for _, operation := range []aloft.Operation{aloft.OperationUp, aloft.OperationDestroy} {
				asked := aloft.Run{Operation: operation}
				if operation == aloft.OperationUp {
					asked.Revision = "c2"
				}
				r := h.request(asked)
				h.reconcile()
				h.wantRun(r.ID, aloft.RunFailed)
			}
			if len(h.terraform.calls) != calls || h.target.removed {
				t.Fatalf("calls %v; removed %t", h.terraform.calls[calls:], h.target.removed)
			}
			if _, err := h.reconciler.Settle(h.ctx, alice); err != nil {
				t.Fatal(err)
			}
			r := h.push("c3")
			h.reconcile()
			h.wantRun(r.ID, aloft.RunSucceeded)
			if says := h.environment().Disagreement; says != "" {
				t.Errorf("after somebody's word: %q", says)
			}
		})
	}
	t.Run("of an environment that they know to be destroyed", func(t *testing.T) {
		h := newHouse(t)
		h.providers = append(h.providers, "hashicorp/azurerm")
		h.push("c1")
		h.reconcile()
		h.request(aloft.Run{Operation: aloft.OperationDestroy})
		h.reconcile()
		if held := h.repository.held["environments/alice/last"]; held != "" {
			t.Errorf("the repository holds %s", held)
		}
		h.repository.held["environments/alice/last"] = "c1" // an older repository
		r := h.push("c1")
		h.reconcile()
		h.wantRun(r.ID, aloft.RunSucceeded)
	})
	t.Run("a forced destroy takes the commit that is held", func(t *testing.T) {
		h := newHouse(t)
		h.providers = append(h.providers, "hashicorp/azurerm")
		h.push("c1")
		h.reconcile()
		h.must(os.RemoveAll(filepath.Join(h.dir, "environments")))
		h.repository.held["environments/alice/last"] = "c9"
		r, err := h.reconciler.Accept(h.ctx, aloft.Run{
			EnvironmentKey: alice, Operation: aloft.OperationDestroy, Trigger: aloft.TriggerAPI, Options: aloft.RunOptions{Force: true},
		})
		h.must(err)
		h.reconcile()
		h.wantRun(r.ID, aloft.RunSucceeded)
		if !slices.Contains(h.terraform.calls, "destroy c9") {
			t.Errorf("calls %v", h.terraform.calls)
		}
	})
	t.Run("a plan of an environment that they do not know leaves its folder", func(t *testing.T) {
		h := newHouse(t)
		home := filepath.Join(h.dir, "environments", "shop", "alice", "private", "home")
		h.must(os.MkdirAll(home, 0o700))
		r := h.request(aloft.Run{Operation: aloft.OperationPlan, Revision: "c1"})
		h.reconcile()
		h.wantRun(r.ID, aloft.RunSucceeded)
		if _, err := os.Stat(home); err != nil {
			t.Error(err)
		}
	})
}

// TestAnotherStateIsNotSkipped: what was found unchanged holds for the state that
// the last apply wrote.
func TestAnotherStateIsNotSkipped(t *testing.T) {
	h := newHouse(t)
	h.push("c1")
	h.reconcile()
	if _, err := h.store.PutState(h.ctx, aloft.StateVersion{EnvironmentKey: alice, Serial: 99}, []byte("by hand"), ""); err != nil {
		t.Fatal(err)
	}
	h.push("c2")
	h.reconcile()
	if !slices.Contains(h.terraform.calls, "apply c2") {
		t.Errorf("provision was skipped although somebody has changed the state: %v", h.terraform.calls)
	}
	h.push("c3")
	h.reconcile()
	if slices.Contains(h.terraform.calls, "apply c3") {
		t.Errorf("provision was not skipped although nobody has changed the state: %v", h.terraform.calls)
	}
}

func TestASweepDoesNotEndManyEnvironments(t *testing.T) {
	for _, test := range []struct {
		expired, all int
		destroyed    bool
	}{
		{1, 1, true}, {1, 2, true}, {2, 4, false}, {2, 7, true}, {3, 9, false}, {3, 10, true}, {4, 40, false},
	} {
		t.Run(fmt.Sprintf("%d of %d", test.expired, test.all), func(t *testing.T) {
			h := newHouse(t)
			h.push("c1", "ttl=1h")
			h.reconcile()
			for i := range test.all - 1 {
				key := aloft.EnvironmentKey{Project: "shop", Environment: fmt.Sprintf("e%d", i)}
				if _, _, err := h.store.AcceptRun(h.ctx, aloft.Run{EnvironmentKey: key, Operation: aloft.OperationUp}); err != nil {
					t.Fatal(err)
				}
				if i >= test.expired-1 {
					continue
				}
				if _, err := h.store.UpdateEnvironment(h.ctx, key, func(e *aloft.Environment) error {
					e.ExpiresAt = h.clock.Now().Add(time.Hour)
					return nil
				}); err != nil {
					t.Fatal(err)
				}
			}
			h.clock.advance(2 * time.Hour)
			h.reconcile()
			if e := h.environment(); (e.Status == aloft.EnvironmentDestroyed) != test.destroyed || test.destroyed == (e.Disagreement != "") {
				t.Errorf("it is %s: %q", e.Status, e.Disagreement)
			}
		})
	}
}

// TestAClockThatIsSetDuringALookEndsNothing: what is compared is of one instant.
func TestAClockThatIsSetDuringALookEndsNothing(t *testing.T) {
	h := newHouse(t)
	h.push("c1", "ttl=1h")
	h.reconcile()
	other := aloft.EnvironmentKey{Project: "shop", Environment: "bob"}
	_, _, err := h.store.AcceptRun(h.ctx, aloft.Run{EnvironmentKey: other, Operation: aloft.OperationUp})
	h.must(err)
	_, err = h.store.UpdateEnvironment(h.ctx, other, func(e *aloft.Environment) error {
		e.ExpiresAt = h.clock.Now().Add(time.Hour)
		return nil
	})
	h.must(err)
	h.repository.asked = func() {
		h.repository.asked = nil
		h.clock.advance(12 * time.Hour)
	}
	for range 2 {
		h.reconcile()
		if e := h.environment(); e.Status != aloft.EnvironmentReady {
			t.Fatalf("it is %s: %s", e.Status, e.Reason)
		}
	}
	if e := h.environment(); !strings.Contains(e.Disagreement, "2 of 2") {
		t.Errorf("nobody is told: %q", e.Disagreement)
	}
	// Nor does a run end it that was asked for before the clock was set.
	r, err := h.reconciler.Accept(h.ctx, aloft.Run{EnvironmentKey: alice, Operation: aloft.OperationDestroy, Trigger: aloft.TriggerExpiry})
	h.must(err)
	h.reconcile()
	h.wantRun(r.ID, aloft.RunFailed)
	h.reconcile()
	h.wantEnvironment(aloft.EnvironmentReady, "c1")
	if e := h.environment(); !strings.Contains(e.Disagreement, "2 of 2") {
		t.Errorf("what was refused counts as tried: %q", e.Disagreement)
	}
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// rewriteApplied changes what the environment remembers of its applies.
func (h *house) rewriteApplied(old, new string) {
	h.t.Helper()
	path := filepath.Join(h.dir, "environments", "shop", "alice", "applied.json")
	data, err := os.ReadFile(path)
	h.must(err)
	if !strings.Contains(string(data), old) {
		h.t.Fatalf("%s does not stand in %s", old, data)
	}
	h.must(os.WriteFile(path, []byte(strings.Replace(string(data), old, new, 1)), 0o600))
}

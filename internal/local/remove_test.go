package local_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft"
)

func TestRemoveAllLeavesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.slot(t, "web", func(s *aloft.Slot) { s.Instances = 2 })
	w.slot(t, "api")
	for _, app := range []string{"web", "api"} {
		r := request(t, "app", app)
		r.App.Name = app
		w.deploy(t, r)
	}
	left, err := w.Remains(t.Context(), alice)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"route alice.shop.localhost", "route api.alice.shop.localhost", "process ", "the record of local environment shop/alice",
		"the record of app web", "the record of app api", "the records of 2 releases", "files in ",
	} {
		if !strings.Contains(strings.Join(left, "\n"), text) {
			t.Errorf("what is there lacks %q: %q", text, left)
		}
	}
	for range 2 {
		if err := w.RemoveAll(t.Context(), alice); err != nil {
			t.Fatal(err)
		}
		if left, err := w.Remains(t.Context(), alice); err != nil || len(left) > 0 {
			t.Errorf("left: %q, %v", left, err)
		}
	}
	if entries, err := os.ReadDir(w.options.Dir); err != nil || len(entries) > 0 {
		t.Errorf("files %v, %v", entries, err)
	}
	if err := w.Verify(t.Context(), alice, "web"); aloft.ErrorCode(err) != aloft.CodeNotFound {
		t.Error(err)
	}
}

// Whoever else keeps files of the environment finds them where they were.
func TestRemoveAllTouchesOnlyItsOwnFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.slot(t, "web")
	w.deploy(t, request(t, "app", "1"))
	file := filepath.Join(w.options.Dir, "shop", "alice", "terraform.json")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := w.RemoveAll(t.Context(), alice); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file); err != nil {
		t.Error(err)
	}
	if left, err := w.Remains(t.Context(), alice); err != nil || len(left) > 0 {
		t.Errorf("left: %q, %v", left, err)
	}
}

func TestRemoveAllWhileTheOldReleaseDrains(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	slot := w.slot(t, "web")
	w.deploy(t, request(t, "app", "1"))
	response, err := w.client.Get(slot.URL + "/stream")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	w.deploy(t, request(t, "app", "2"))
	if list := w.processes(); len(list) != 2 {
		t.Errorf("processes %v: the old one has a request to finish", list)
	}
	if err := w.RemoveAll(t.Context(), alice); err != nil {
		t.Fatal(err)
	}
	if left, err := w.Remains(t.Context(), alice); err != nil || len(left) > 0 {
		t.Errorf("left: %q, %v", left, err)
	}
	w.settle(t)
}

func TestWithdrawLeavesNothingThatAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	slot := w.slot(t, "web")
	for range 2 { // and there is nothing left to take out
		if err := w.Withdraw(t.Context(), alice, "web", aloft.ReleaseFailed, "nothing runs"); err != nil {
			t.Fatal(err)
		}
		w.deploy(t, request(t, "app", "1"))
		if err := w.Withdraw(t.Context(), alice, "web", aloft.ReleaseFailed, "run 1 failed"); err != nil {
			t.Fatal(err)
		}
		w.settle(t)
		if _, err := w.version(slot.URL); err == nil {
			t.Error("the app answers")
		}
		if left := w.supervisor.Leftovers(alice); len(left) > 0 || len(w.proxy.Routes()) > 0 {
			t.Errorf("processes %v, routes %v", left, w.proxy.Routes())
		}
		if r := w.store.releases[len(w.store.releases)-1]; r.Status != aloft.ReleaseFailed || r.Reason != "run 1 failed" {
			t.Errorf("release %+v", r)
		}
		if found, err := w.Reconcile(t.Context(), alice); err != nil || len(found) > 0 {
			t.Errorf("differences %v, %v", found, err)
		}
	}
	w.deploy(t, request(t, "app", "2"))
	w.serves(t, slot.URL, "2")
}

// A group is a resource of its own: what is renamed in a configuration must not take
// the apps with it.
func TestDeleteGroupLeavesItsSlots(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	slot := w.slot(t, "web")
	w.deploy(t, request(t, "app", "1"))
	for range 2 {
		if err := w.DeleteGroup(t.Context(), alice, ""); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Group(t.Context(), alice); aloft.ErrorCode(err) != aloft.CodeNotFound {
		t.Errorf("group: %v", err)
	}
	w.serves(t, slot.URL, "1")
	if err := w.RemoveAll(t.Context(), alice); err != nil {
		t.Fatal(err)
	}
	if left, err := w.Remains(t.Context(), alice); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

func TestCreations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, two := aloft.Claim{Creation: "one"}, aloft.Claim{Creation: "two"}
	over := aloft.Claim{Creation: "three", Over: "two"}
	slot := aloft.Slot{EnvironmentKey: alice, App: "web"}
	bob := aloft.EnvironmentKey{Project: "shop", Environment: "bob"}
	things := []struct {
		name   string
		put    func(aloft.Claim) error
		find   func() (string, error)
		remove func(creation string) error
	}{
		{"aloft_environment", func(c aloft.Claim) error {
			_, err := w.PutGroup(t.Context(), bob, c)
			return err
		}, func() (string, error) {
			group, err := w.Group(t.Context(), bob)
			return group.Creation, err
		}, func(creation string) error { return w.DeleteGroup(t.Context(), bob, creation) }},
		{"aloft_app", func(c aloft.Claim) error {
			_, err := w.PutSlot(t.Context(), slot, c)
			return err
		}, func() (string, error) {
			slot, err := w.Slot(t.Context(), alice, "web")
			return slot.Creation, err
		}, func(creation string) error { return w.DeleteSlot(t.Context(), alice, "web", creation) }},
	}
	for _, thing := range things {
		t.Run(thing.name, func(t *testing.T) {
			is := func(want string) {
				t.Helper()
				if got, err := thing.find(); err != nil || got != want {
					t.Errorf("creation %q, %v, want %q", got, err, want)
				}
			}
			put := func(claim aloft.Claim, want aloft.Code) {
				t.Helper()
				if err := thing.put(claim); aloft.ErrorCode(err) != want {
					t.Errorf("put %v: %v", claim, err)
				}
			}
			put(one, "")
			put(one, "") // a repeated request
			put(two, aloft.CodeConflict)
			put(over, aloft.CodeConflict)
			is("one")
			put(aloft.Claim{Creation: "two", Over: "one"}, "")
			put(over, "")
			if err := thing.remove("two"); err != nil {
				t.Error(err)
			}
			is("three")
			if err := thing.remove("three"); err != nil {
				t.Error(err)
			}
			if _, err := thing.find(); aloft.ErrorCode(err) != aloft.CodeNotFound {
				t.Errorf("after its removal: %v", err)
			}
		})
	}
}

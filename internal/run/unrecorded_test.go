package run_test

import (
	"slices"
	"testing"

	"github.com/aloft-dev/aloft"
)

// TestARepositoryTellsOfEnvironmentsThatTheRecordsDoNotKnow: by a branch, and by the
// commit of an apply.
func TestARepositoryTellsOfEnvironmentsThatTheRecordsDoNotKnow(t *testing.T) {
	h := newHouse(t)
	h.push("c1")
	h.reconcile()
	want := func(when string, names ...string) {
		t.Helper()
		keys, err := h.reconciler.Unrecorded(h.ctx)
		h.must(err)
		var found []string
		for _, key := range keys {
			found = append(found, key.String())
		}
		if !slices.Equal(found, names) {
			t.Errorf("%s: %q, want %q", when, found, names)
		}
	}
	want("all is recorded")
	h.repository.branches["env-bob"], h.repository.branches["main"] = "c1", "c1"
	h.repository.held["environments/bob/last"], h.repository.held["environments/carol/attempt"] = "c1", "c1"
	want("two are not", "shop/bob", "shop/carol")
	h.request(aloft.Run{Operation: aloft.OperationDestroy})
	h.reconcile()
	h.repository.branches["env-alice"] = "c1"
	want("a branch is back", "shop/alice", "shop/bob", "shop/carol")
	h.repository.gone = true
	want("the repository is gone")
}

package run_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft"
)

// keeping lets the reconciler keep the files of that many runs.
func (h *house) keeping(runs int) {
	h.kept = runs
	h.open()
}

func (h *house) hasFiles(id int64) (log, folder bool) {
	h.t.Helper()
	dir := filepath.Join(h.dir, "runs", fmt.Sprint(id))
	_, logErr := os.Stat(dir + ".log")
	_, dirErr := os.Stat(dir)
	return logErr == nil, dirErr == nil
}

func (h *house) sweep() {
	h.t.Helper()
	if err := h.reconciler.Sweep(h.ctx); err != nil {
		h.t.Fatal(err)
	}
}

func TestFilesOfOldRunsAreRemoved(t *testing.T) {
	h := newHouse(t)
	h.keeping(2)
	h.push("c1") // applies: nothing after it does
	h.reconcile()
	for _, commit := range []string{"c2", "c3", "c4"} {
		h.push(commit)
		h.reconcile()
	}
	h.sweep()
	for id, want := range map[int64]bool{1: true, 2: false, 3: true, 4: true} {
		if log, folder := h.hasFiles(id); log != want || folder != want {
			t.Errorf("run %d: log %v, folder %v, want %v", id, log, folder, want)
		}
	}
	t.Run("their records stay, and say that the log is gone", func(t *testing.T) {
		h.wantRun(3, aloft.RunSucceeded)
		for _, follow := range []bool{false, true} {
			var out bytes.Buffer
			err := h.reconciler.Log(h.ctx, 2, follow, &out)
			if aloft.ErrorCode(err) != aloft.CodeNotFound || !strings.Contains(err.Error(), "the newest 2 finished runs") {
				t.Errorf("follow %v: %v", follow, err)
			}
		}
		if _, err := h.reconciler.Trace(h.ctx, 2); aloft.ErrorCode(err) != aloft.CodeNotFound {
			t.Errorf("the trace: %v", err)
		}
	})
	t.Run("those of the last apply go with the environment", func(t *testing.T) {
		h.request(aloft.Run{Operation: aloft.OperationDestroy})
		h.reconcile()
		h.sweep()
		if log, folder := h.hasFiles(1); log || folder {
			t.Errorf("run 1 has files: log %v, folder %v", log, folder)
		}
	})
}

func TestFilesOfRunsThatGoOnStay(t *testing.T) {
	h := newHouse(t)
	h.keeping(1)
	h.repository.files["aloft.yaml"] = "protected: [alice]\n"
	h.push("c1")
	h.reconcile()
	h.terraform.planned = aloft.Plan{Digest: "d1", Changes: []aloft.Change{
		{Address: "aloft_postgresql.main", Action: aloft.ActionDelete, HoldsData: true},
	}}
	waiting := h.request(aloft.Run{Operation: aloft.OperationDestroy})
	h.reconcile()
	for range 2 {
		h.request(aloft.Run{Operation: aloft.OperationPlan, Revision: "c1"})
		h.reconcile()
	}
	h.sweep()
	h.wantRun(waiting.ID, aloft.RunWaiting)
	if log, folder := h.hasFiles(waiting.ID); !log || !folder {
		t.Errorf("a waiting run has lost files: log %v, folder %v", log, folder)
	}
	if log, _ := h.hasFiles(3); log {
		t.Error("an old plan has its log")
	}
}

func TestFilesOfADeletedProjectAreRemoved(t *testing.T) {
	h := newHouse(t)
	h.push("c1")
	h.reconcile()
	h.request(aloft.Run{Operation: aloft.OperationDestroy})
	h.reconcile()
	if err := h.store.DeleteProject(h.ctx, "shop"); err != nil {
		t.Fatal(err)
	}
	h.sweep()
	if left, err := os.ReadDir(filepath.Join(h.dir, "runs")); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

func TestFilesOfAnApplyStayThatOlderRecordsDoNotKnow(t *testing.T) {
	h := newHouse(t)
	folder := filepath.Join(h.dir, "environments", "shop", "bob")
	h.must(os.MkdirAll(folder, 0o700))
	h.must(os.WriteFile(filepath.Join(folder, "applied.json"), []byte(`{"attempt": {"runID": 8, "revision": "c1"}}`), 0o600))
	for _, run := range []string{"7", "8"} {
		h.must(os.MkdirAll(filepath.Join(h.dir, "runs", run), 0o700))
		h.must(os.WriteFile(filepath.Join(h.dir, "runs", run+".log"), nil, 0o600))
	}
	h.sweep()
	for id, want := range map[int64]bool{7: false, 8: true} {
		if log, folder := h.hasFiles(id); log != want || folder != want {
			t.Errorf("run %d: log %v, folder %v, want %v", id, log, folder, want)
		}
	}
}

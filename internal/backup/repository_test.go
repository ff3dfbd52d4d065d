package backup_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aloft-dev/aloft/internal/backup"
)

// TestRepositoriesAreWhole: while a repository is pushed to and packed without a
// pause, each backup of it has all that its refs need.
func TestRepositoriesAreWhole(t *testing.T) {
	t.Parallel()
	data := dataFolder(t, nil)
	bare := filepath.Join(data, "repositories", "shop.git")
	check(t, os.MkdirAll(bare, 0o700))
	run(t, bare, "git", "init", "--quiet", "--bare", "--initial-branch=main")
	clone := t.TempDir()
	run(t, clone, "git", "init", "--quiet", "--initial-branch=main")
	push := func() {
		run(t, clone, "git", "commit", "--quiet", "--allow-empty", "-m", "more")
		// git itself may find that a folder of objects was just tidied away: the next push brings them.
		attempt := exec.Command("git", "push", "--quiet", bare, "main", "main:env-alice", "main:refs/aloft/runs/1")
		attempt.Dir = clone
		if out, err := attempt.CombinedOutput(); err != nil && !strings.Contains(string(out), "unable to migrate objects") {
			t.Errorf("%v\n%s", err, out)
		}
	}
	push()

	ctx, stop := context.WithCancel(t.Context())
	var busy sync.WaitGroup
	for _, work := range []func(){
		push,
		func() {
			run(t, bare, "git", "pack-refs", "--all")
			run(t, bare, "git", "repack", "-a", "-d", "-q")
			run(t, bare, "git", "prune-packed", "-q")
		},
	} {
		busy.Go(func() {
			for ctx.Err() == nil {
				work()
			}
		})
	}
	for range 10 {
		path, _ := written(t, data, server{})
		back := filepath.Join(backup.Data(restored(t, path)), "repositories", "shop.git")
		run(t, back, "git", "fsck", "--connectivity-only")
		if refs := run(t, back, "git", "for-each-ref"); strings.Count(refs, "\n") != 3 {
			t.Errorf("not all refs are there:\n%s", refs)
		}
	}
	stop()
	busy.Wait()
}

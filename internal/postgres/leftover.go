package postgres

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// clearLeftover ends a server that an earlier Aloft, killed without a chance to
// stop it, left running on these data. It removes a lock file whose process id
// has passed to somebody else. One whose process is gone is left to PostgreSQL,
// which then looks for children of that server that still run.
func (c cluster) clearLeftover(ctx context.Context) error {
	path := filepath.Join(c.data(), "postmaster.pid")
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	data, err := filepath.EvalSymlinks(c.data())
	if err != nil {
		return err
	}
	pid := ParseLockFile(text)
	if isPostmaster(pid, data) {
		signal := func(s syscall.Signal) bool { return syscall.Kill(pid, s) == nil }
		stopGently(signal, gone(ctx, pid, data))
		return ctx.Err()
	}
	if syscall.Kill(pid, 0) == nil {
		return os.Remove(path)
	}
	return nil
}

// gone returns a channel that is closed when the server, which is no child of
// ours, has ended, or when ctx has.
func gone(ctx context.Context, pid int, data string) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for isPostmaster(pid, data) {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
	}()
	return done
}

// noProcess is a process id that no process has.
const noProcess = 1<<31 - 1

// ParseLockFile returns the process id in a postmaster.pid, or one that no
// process has if there is none that could be a server's.
func ParseLockFile(text []byte) int {
	line, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.ParseInt(strings.TrimSpace(line), 10, 32)
	if err != nil || pid <= 1 {
		return noProcess
	}
	return int(pid)
}

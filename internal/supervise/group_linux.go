package supervise

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// groups are control groups of the kernel, one for each life: it cannot grow
// beyond a number of tasks however fast it forks, and all of it gets the share
// of the processor that a single process gets. They need root; without it
// limitTasks does the first, and the scheduler's groups by session (autogroup)
// do the second where they are on.
type groups struct {
	unified string   // folder of ours, version 2; "" = not that
	folders []string // folders of ours, version 1: that of pids, and that of cpu
	last    atomic.Int64

	mu   sync.Mutex
	tags map[string]string // of lives, by the name of their group
}

// group is one of them. The zero group holds nothing.
type group struct {
	folders []string
	unified *os.File // version 2
	thread  int      // that is in it, version 1
}

// tasksPerProcess allows for threads, which the kernel counts like processes.
const (
	tasksPerProcess = 4
	tasksBesides    = 256
)

func maxTasks(processes int64) int64 { return tasksPerProcess*processes + tasksBesides }

const controlGroups = "/sys/fs/cgroup"

// openGroups finds out what this kernel lets us have, and removes what an
// earlier server with the tag left.
func openGroups(tag string) *groups {
	g := &groups{tags: map[string]string{}}
	if os.Geteuid() != 0 {
		return g
	}
	sum := sha256.Sum256([]byte(tag))
	name := "aloft-" + hex.EncodeToString(sum[:6])
	if _, err := os.Stat(filepath.Join(controlGroups, "cgroup.controllers")); err == nil {
		g.unified = openUnified(controlGroups, name)
		return g
	}
	for _, controller := range []string{"pids", "cpu"} {
		folder := filepath.Join(controlGroups, controller, ownGroup(controller), name)
		if os.MkdirAll(folder, 0o755) == nil {
			removeGroups(folder)
			g.folders = append(g.folders, folder)
		}
	}
	return g
}

// openUnified makes a group below root whose groups can be limited; "" when that
// cannot be.
func openUnified(root, name string) string {
	folder := filepath.Join(root, name)
	if os.MkdirAll(folder, 0o755) != nil {
		return ""
	}
	removeGroups(folder)
	for _, controller := range []string{"+pids", "+cpu"} {
		for _, parent := range []string{root, folder} {
			_ = writeControl(parent, "cgroup.subtree_control", controller) // looked at below
		}
	}
	enabled, err := os.ReadFile(filepath.Join(folder, "cgroup.subtree_control"))
	if err != nil || !strings.Contains(string(enabled), "pids") {
		_ = os.Remove(folder)
		return ""
	}
	return folder
}

// ownGroup is the group of this process in a hierarchy of version 1.
func ownGroup(controller string) string {
	text, _ := os.ReadFile("/proc/self/cgroup") // unknown: the top
	for line := range strings.Lines(string(text)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) == 3 && parts[1] == controller {
			return parts[2]
		}
	}
	return "/"
}

// removeGroups ends what is still in the groups below a folder, which is what an
// earlier server left, and removes them.
func removeGroups(folder string) {
	entries, _ := os.ReadDir(folder) // what cannot be read cannot be removed
	for _, entry := range entries {
		group := filepath.Join(folder, entry.Name())
		if !entry.IsDir() || os.Remove(group) == nil { // works when it is empty
			continue
		}
		_ = writeControl(group, "pids.max", "0") // that of cpu has none
		for range 20 {
			text, _ := os.ReadFile(filepath.Join(group, "cgroup.procs"))
			for word := range strings.FieldsSeq(string(text)) {
				if pid, err := strconv.Atoi(word); err == nil && pid != os.Getpid() {
					_ = syscall.Kill(pid, syscall.SIGKILL)
				}
			}
			if os.Remove(group) == nil {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
}

func writeControl(folder, file, text string) error {
	return os.WriteFile(filepath.Join(folder, file), []byte(text), 0)
}

// enter makes a new group for a life, which the calling thread is about to start.
func (g *groups) enter(tag string, processes int64) (*group, error) {
	name, one := strconv.FormatInt(g.last.Add(1), 10), &group{thread: unix.Gettid()}
	g.mu.Lock()
	g.tags[name] = tag
	g.mu.Unlock()
	parents := g.folders
	if g.unified != "" {
		parents = []string{g.unified}
	}
	for _, parent := range parents {
		folder := filepath.Join(parent, name)
		if err := os.Mkdir(folder, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
			return one, fmt.Errorf("cannot make a control group: %w", err)
		}
		one.folders = append(one.folders, folder)
		if _, err := os.Stat(filepath.Join(folder, "pids.max")); err == nil {
			if err := writeControl(folder, "pids.max", strconv.FormatInt(maxTasks(processes), 10)); err != nil {
				return one, fmt.Errorf("cannot limit a control group: %w", err)
			}
		}
		if g.unified != "" {
			file, err := os.Open(folder)
			one.unified = file
			return one, err
		}
		if err := writeControl(folder, "tasks", "0"); err != nil { // 0 is the thread that writes
			return one, fmt.Errorf("cannot enter a control group: %w", err)
		}
	}
	return one, nil
}

// leave takes the thread that entered a group out of it and removes it. It is
// called by another thread, for that one may have given up the right.
func (g *groups) leave(one *group) {
	if one.unified != nil {
		one.unified.Close()
	}
	if len(one.folders) > 0 {
		g.mu.Lock()
		delete(g.tags, filepath.Base(one.folders[0]))
		g.mu.Unlock()
	}
	for _, folder := range one.folders {
		if one.unified == nil {
			_ = writeControl(filepath.Dir(filepath.Dir(folder)), "tasks", strconv.Itoa(one.thread)) // else its end does it
		}
		_ = os.Remove(folder) // while zombies are in it the next start removes it
	}
}

// tag returns the tag of the life in whose group a process is; "" for none.
func (g *groups) tag(pid int) string {
	for _, folder := range append([]string{g.unified}, g.folders...) {
		if folder == "" {
			continue
		}
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid)) // it is gone
		_, rest, found := strings.Cut(string(text), "/"+filepath.Base(folder)+"/")
		if !found {
			return ""
		}
		name, _, _ := strings.Cut(rest, "\n")
		g.mu.Lock()
		defer g.mu.Unlock()
		return g.tags[name]
	}
	return ""
}

func (g *groups) close() {
	for _, folder := range append([]string{g.unified}, g.folders...) {
		if folder != "" {
			removeGroups(folder)
			_ = os.Remove(folder)
		}
	}
}

// attributes lets a child begin in the group.
func (g *group) attributes(a *syscall.SysProcAttr) *syscall.SysProcAttr {
	if g.unified != nil {
		a.UseCgroupFD, a.CgroupFD = true, int(g.unified.Fd())
	}
	return a
}

// full reports whether the kernel has refused the group a task.
func (g *group) full() bool {
	for _, folder := range g.folders {
		text, _ := os.ReadFile(filepath.Join(folder, "pids.events")) // that of cpu has none
		for line := range strings.Lines(string(text)) {
			if count, ok := strings.CutPrefix(strings.TrimSpace(line), "max "); ok && count != "0" {
				return true
			}
		}
	}
	return false
}

// limitTasks limits a child that no group holds. The kernel counts all tasks of
// the user; as many as the machine has now are those that are there already.
// Root is not held by this limit.
func limitTasks(pid int, g *group, processes int64) {
	if len(g.folders) > 0 {
		return
	}
	most := uint64(maxTasks(processes) + tasksOfMachine())
	var now unix.Rlimit
	if unix.Prlimit(pid, unix.RLIMIT_NPROC, nil, &now) != nil || now.Cur <= most {
		return // gone already, or held closer
	}
	_ = unix.Prlimit(pid, unix.RLIMIT_NPROC, &unix.Rlimit{Cur: most, Max: min(now.Max, most)}, nil) // it is gone
}

func tasksOfMachine() int64 {
	text, _ := os.ReadFile("/proc/loadavg") // unknown: 0, and the limit is closer
	var load [3]float64
	var running, all int64
	_, _ = fmt.Sscanf(string(text), "%f %f %f %d/%d", &load[0], &load[1], &load[2], &running, &all)
	return all
}

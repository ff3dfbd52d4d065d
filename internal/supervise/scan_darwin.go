package supervise

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// source asks the kernel for its table of processes. The environment of others
// is not to be had reliably, so that our children are kept in a file: a later
// server finds those that outlived this one by id and start time.
type source struct{ file string }

func newSource(dir string) source { return source{filepath.Join(dir, ".processes.json")} }

type entry struct {
	PID   int    `json:"pid"`
	Start uint64 `json:"start"`
	Tag   string `json:"tag"`
}

func (s source) load() map[int]sighting {
	seen := map[int]sighting{}
	data, err := os.ReadFile(s.file)
	if err != nil {
		return seen
	}
	var list []entry
	if json.Unmarshal(data, &list) != nil {
		return seen
	}
	for _, e := range list {
		seen[e.PID] = sighting{e.Start, e.Tag}
	}
	return seen
}

// save is done as well as it can be: without the file a later server finds less.
func (s source) save(seen map[int]sighting) {
	list := []entry{}
	for pid, old := range seen {
		if old.tag != "" {
			list = append(list, entry{pid, old.start, old.tag})
		}
	}
	data, err := json.Marshal(list)
	if err != nil {
		return
	}
	if os.WriteFile(s.file+".new", data, 0o600) == nil {
		_ = os.Rename(s.file+".new", s.file)
	}
}

func (source) all() map[int]*proc {
	table, err := unix.SysctlKinfoProcSlice("kern.proc.all")
	if err != nil {
		return nil
	}
	all := make(map[int]*proc, len(table))
	for _, info := range table {
		p := fromKinfo(info)
		all[p.pid] = &p
	}
	return all
}

func (source) look(pid int) (proc, bool) {
	info, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if err != nil {
		return proc{}, false
	}
	p := fromKinfo(*info)
	return p, p.pid == pid
}

func fromKinfo(info unix.KinfoProc) proc {
	const zombie = 5 // SZOMB of <sys/proc.h>
	start := info.Proc.P_starttime
	return proc{
		pid:    int(info.Proc.P_pid),
		ppid:   int(info.Eproc.Ppid),
		pgid:   int(info.Eproc.Pgid),
		start:  uint64(start.Sec)*1e6 + uint64(start.Usec),
		zombie: info.Proc.P_stat == zombie,
	}
}

// tag reads the tag from the process's environment where the system shows it.
func (source) tag(pid int) (tag string, known bool) {
	data, err := unix.SysctlRaw("kern.procargs2", pid)
	if err != nil {
		return "", true
	}
	for pair := range strings.SplitSeq(string(data), "\x00") {
		if tag, ok := strings.CutPrefix(pair, TagVariable+"="); ok {
			return tag, true
		}
	}
	return "", true
}

func (p proc) signal(signal syscall.Signal) {
	if now, ok := (source{}).look(p.pid); ok && now.start == p.start {
		_ = syscall.Kill(p.pid, signal)
	}
}

func (p proc) proportional() (int64, bool) { return 0, false }

func (p proc) written() int64 { return 0 }

package supervise

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// source reads /proc. It needs no memory of its own: the tag is in the
// environment of every process.
type source struct{}

func newSource(string) source { return source{} }

func (source) load() map[int]sighting { return nil }

func (source) save(map[int]sighting) {}

func (source) all() map[int]*proc {
	folder, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer folder.Close()
	names, _ := folder.Readdirnames(-1) // what could be read is what there is to see
	all := make(map[int]*proc, len(names))
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			if p, ok := (source{}).look(pid); ok {
				all[pid] = &p
			}
		}
	}
	return all
}

func (source) look(pid int) (proc, bool) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return proc{}, false
	}
	p, ok := parseStat(string(data))
	return p, ok && p.pid == pid
}

// parseStat reads a line of /proc/<pid>/stat. The name in parentheses may hold
// anything, so that the fields are counted from the last one that closes.
func parseStat(line string) (proc, bool) {
	open, end := strings.IndexByte(line, '('), strings.LastIndexByte(line, ')')
	if open < 1 || end < open {
		return proc{}, false
	}
	fields := strings.Fields(line[end+1:])
	if len(fields) < 22 {
		return proc{}, false
	}
	pid, err0 := strconv.Atoi(strings.TrimSpace(line[:open]))
	ppid, err1 := strconv.Atoi(fields[1])
	pgid, err2 := strconv.Atoi(fields[2])
	start, err3 := strconv.ParseUint(fields[19], 10, 64)
	pages, err4 := strconv.ParseInt(fields[21], 10, 64)
	return proc{
		pid: pid, ppid: ppid, pgid: pgid, start: start,
		zombie: fields[0] == "Z" || fields[0] == "X",
		rss:    pages * int64(os.Getpagesize()),
	}, errors.Join(err0, err1, err2, err3, err4) == nil
}

// tag reads the tag from the environment that the process was started with.
// It is not known of a process in the middle of an exec, whose environment is
// empty; one that may not be looked at is not ours.
func (source) tag(pid int) (tag string, known bool) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if len(data) == 0 {
		return "", errors.Is(err, os.ErrPermission)
	}
	for pair := range bytes.SplitSeq(data, []byte{0}) {
		if tag, ok := bytes.CutPrefix(pair, []byte(TagVariable+"=")); ok {
			return string(tag), true
		}
	}
	return "", true
}

// signal reaches the process that was seen, never another one that was given
// its id since.
func (p proc) signal(signal syscall.Signal) {
	fd, err := unix.PidfdOpen(p.pid, 0)
	if err != nil {
		if errors.Is(err, unix.ENOSYS) {
			_ = syscall.Kill(p.pid, signal)
		}
		return
	}
	defer unix.Close(fd)
	if now, ok := (source{}).look(p.pid); ok && now.start == p.start {
		_ = unix.PidfdSendSignal(fd, signal, nil, 0) // fails only when it is gone
	}
}

// proportional returns the memory of the process in bytes, with memory that n
// processes share counted as an n-th; ok is false where that is not known.
func (p proc) proportional() (bytes int64, ok bool) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", p.pid))
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(data)) {
		if rest, found := strings.CutPrefix(line, "Pss:"); found {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kib << 10, err == nil
		}
	}
	return 0, false
}

// written returns the bytes that the process caused to be written to disks; 0
// where that is not known.
func (p proc) written() int64 {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", p.pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(data)) {
		if rest, found := strings.CutPrefix(line, "write_bytes: "); found {
			bytes, _ := strconv.ParseInt(strings.TrimSpace(rest), 10, 64)
			return bytes
		}
	}
	return 0
}

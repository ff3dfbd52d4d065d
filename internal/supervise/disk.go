package supervise

import (
	"fmt"

	"github.com/dustin/go-humanize"
	"golang.org/x/sys/unix"
)

// shortage is a disk with too little left.
type shortage struct {
	folder string
	free   int64
}

// little is what an app may write between two looks without being taken for
// what fills the disk, in bytes.
const little = 256 << 10

// checkDisks kills the process that writes most to a disk which has less left
// than the reserve, and reports whether to look again soon. Who writes most is
// told by the kernel's count of what each process wrote since the last look; a
// build that reserves space without writing is not seen in it, so that a build
// goes when nobody writes.
func (s *Supervisor) checkDisks(lives []seen, before, now map[string]usage) (soon bool) {
	reserve := s.options.Reserve
	if reserve.Max <= 0 {
		return false
	}
	var worst *seen
	var most int64 = -1
	var where shortage
	for i, one := range lives {
		folder, free := leastFree(one.process.spec)
		last, used := before[one.life.tag], now[one.life.tag]
		used.free = free
		if folder != "" && free < 2*reserve.Max {
			used.written = written(one.members)
		}
		now[one.life.tag] = used
		soon = soon || last.free > free && free-4*(last.free-free) < reserve.Max
		if used.written == 0 || free >= reserve.Max {
			continue
		}
		if last.written == 0 { // not measured yet
			soon = true
			continue
		}
		grown := used.written - last.written
		if grown > most && (grown > little || one.process.spec.Key.Environment == "") {
			worst, most, where = &lives[i], grown, shortage{folder, free}
		}
	}
	if worst != nil {
		worst.life.kill(fmt.Sprintf("killed: the disk of %s has %s left, less than the reserve of %s, and nothing else wrote as much",
			where.folder, humanize.IBytes(uint64(where.free)), humanize.IBytes(uint64(reserve.Max))), reserve.Hint)
	}
	return soon
}

// leastFree returns the folder, of those that a process may write to, whose disk
// has least left, and how many bytes; "" when there is none.
func leastFree(spec Spec) (folder string, free int64) {
	if spec.Confine == nil {
		return "", 0
	}
	for _, path := range spec.Confine.Write {
		var stat unix.Statfs_t
		if unix.Statfs(path, &stat) != nil {
			continue // not made yet
		}
		if left := int64(stat.Bavail) * int64(stat.Bsize); folder == "" || left < free {
			folder, free = path, left
		}
	}
	return folder, free
}

// written adds up what processes, and their children that have ended, wrote to
// disks. It is at least 1, which tells it from not known.
func written(members []proc) int64 {
	total := int64(1)
	for _, p := range members {
		total += p.written()
	}
	return total
}

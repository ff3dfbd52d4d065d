package supervise

import (
	"os"
	"strings"
	"sync"
)

// proc is what a look at the machine tells of one process.
type proc struct {
	pid, ppid, pgid int
	start           uint64 // when it started, in the system's own unit: with pid it names the process for ever
	zombie          bool   // has exited, and its parent has not yet asked how
	rss             int64  // bytes in memory; 0 where unknown
	tag             string // of our tags; "" = not ours
}

// scanner finds our processes among all of the machine. A process is ours when
// its environment says so, when it was once seen to be ours, or when its parent
// or the leader of its group is.
type scanner struct {
	source source
	prefix string // of our tags

	mu   sync.Mutex
	seen map[int]sighting
}

// sighting is what is remembered of a process from look to look.
type sighting struct {
	start uint64
	tag   string // "" = looked at, and not ours
}

func newScanner(dir, prefix string) *scanner {
	s := &scanner{source: newSource(dir), prefix: prefix, seen: map[int]sighting{}}
	for pid, old := range s.source.load() {
		s.seen[pid] = old
	}
	return s
}

// remember notes a child of ours, whatever it makes of its environment.
func (s *scanner) remember(pid int, tag string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p, ok := s.source.look(pid); ok {
		s.seen[pid] = sighting{p.start, tag}
		s.source.save(s.seen)
	}
}

// forget ends remember.
func (s *scanner) forget(pid int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.seen, pid)
	s.source.save(s.seen)
}

// tagged returns the living processes whose tag starts with prefix, never this one.
func (s *scanner) tagged(prefix string) []proc {
	var list []proc
	for _, p := range s.scan() {
		if !p.zombie && p.tag != "" && strings.HasPrefix(p.tag, prefix) {
			list = append(list, *p)
		}
	}
	return list
}

// scan looks at every process of the machine.
func (s *scanner) scan() map[int]*proc {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.source.all()
	seen := make(map[int]sighting, len(all))
	for pid, p := range all {
		var sure bool
		if p.tag, sure = s.ownTag(p); sure {
			seen[pid] = sighting{p.start, p.tag}
		}
	}
	for pid, p := range all {
		if p.tag = inherited(all, p, 0); p.tag != "" {
			seen[pid] = sighting{p.start, p.tag}
		}
	}
	s.seen = seen
	return all
}

// ownTag returns the tag that p has without its relatives, and whether that
// will stay so. Between fork and exec a child of this process still shows this
// process's environment.
func (s *scanner) ownTag(p *proc) (tag string, sure bool) {
	if p.pid == os.Getpid() {
		return "", false
	}
	if old, ok := s.seen[p.pid]; ok && old.start == p.start {
		return old.tag, true
	}
	tag, known := s.source.tag(p.pid)
	if !strings.HasPrefix(tag, s.prefix) {
		tag = ""
	}
	return tag, known && (tag != "" || p.ppid != os.Getpid())
}

// inherited returns the tag of p, else that of the nearest ancestor which has
// one, else that of the leader of its group.
func inherited(all map[int]*proc, p *proc, depth int) string {
	if p.tag != "" || p.pid == os.Getpid() || depth > 100 {
		return p.tag
	}
	for _, pid := range []int{p.ppid, p.pgid} {
		if other, ok := all[pid]; ok && pid != p.pid {
			if tag := inherited(all, other, depth+1); tag != "" {
				return tag
			}
		}
	}
	return ""
}

// byTag returns our living processes grouped by tag, that is by life.
func (s *scanner) byTag() map[string][]proc {
	groups := map[string][]proc{}
	for _, p := range s.tagged(s.prefix) {
		groups[p.tag] = append(groups[p.tag], p)
	}
	return groups
}

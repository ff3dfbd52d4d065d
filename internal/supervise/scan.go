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
	groups *groups
	prefix string // of our tags

	mu   sync.Mutex
	seen map[int]sighting
}

// sighting is what is remembered of a process from look to look.
type sighting struct {
	start uint64
	tag   string // "" = looked at, and not ours
}

func newScanner(dir, prefix string, groups *groups) *scanner {
	s := &scanner{source: newSource(dir), groups: groups, prefix: prefix, seen: map[int]sighting{}}
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
	asked := make(map[int]bool, len(all))
	for _, p := range all {
		s.find(all, p, seen, asked)
	}
	for pid, p := range all {
		if p.tag = inherited(all, p, 0); p.tag != "" {
			seen[pid] = sighting{p.start, p.tag}
		}
	}
	s.seen = seen
	return all
}

// find sets the tag of p: what is remembered, else its parent's, else that of
// its control group, else what its environment says. The environment is asked last, because that waits for a
// process which does nothing but fork.
func (s *scanner) find(all map[int]*proc, p *proc, seen map[int]sighting, asked map[int]bool) {
	if asked[p.pid] || p.pid == os.Getpid() {
		return
	}
	asked[p.pid] = true
	if old, ok := s.seen[p.pid]; ok && old.start == p.start {
		p.tag = old.tag
		seen[p.pid] = old
		return
	}
	if parent, ok := all[p.ppid]; ok {
		s.find(all, parent, seen, asked)
		p.tag = parent.tag
	}
	if p.tag == "" {
		p.tag = s.groups.tag(p.pid)
	}
	sure := p.tag != ""
	if !sure {
		p.tag, sure = s.ownTag(p)
	}
	if sure {
		seen[p.pid] = sighting{p.start, p.tag}
	}
}

// ownTag returns the tag that the environment of p holds, and whether that will
// stay so. Between fork and exec a child of this process still shows this
// process's environment.
func (s *scanner) ownTag(p *proc) (tag string, sure bool) {
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

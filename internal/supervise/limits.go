package supervise

import (
	"fmt"
	"time"

	"github.com/dustin/go-humanize"
)

// How often all processes are looked at.
const (
	lookInterval = time.Second
	hurry        = 50 * time.Millisecond // while one grows fast
)

// Limited returns spec with the limits that it is held to.
func (s *Supervisor) Limited(spec Spec) Spec {
	if spec.Memory.Max == 0 {
		spec.Memory = s.options.Memory
	}
	if spec.Processes.Max == 0 {
		spec.Processes = s.options.Processes
	}
	return spec
}

// limiter looks at all processes while there are any.
type limiter struct {
	ended chan struct{}
	done  chan struct{}
}

// usage is what a life uses at one look.
type usage struct {
	processes, bytes int64
	written, free    int64 // to disks; left on the fullest of them; 0 = not looked at
}

// seen is a life and what a look found of it.
type seen struct {
	process *Process
	life    *life
	members []proc
}

func startLimiter(s *Supervisor) *limiter {
	l := &limiter{make(chan struct{}), make(chan struct{})}
	go func() {
		defer close(l.done)
		before := map[string]usage{}
		for pause := lookInterval; ; {
			select {
			case <-time.After(pause):
			case <-l.ended:
				return
			}
			began, growing := time.Now(), false
			before, growing = s.checkLimits(before)
			pause = lookInterval
			if growing {
				pause = max(hurry, time.Since(began))
			}
		}
	}()
	return l
}

func (l *limiter) stop() {
	close(l.ended)
	<-l.done
}

// checkLimits kills the processes that are over a limit. It returns what each
// life uses, and whether one will be over a limit soon if it goes on growing as
// it did since the last look.
func (s *Supervisor) checkLimits(before map[string]usage) (now map[string]usage, growing bool) {
	now = map[string]usage{}
	processes := s.list()
	if len(processes) == 0 {
		return now, false
	}
	byTag := s.scanner.byTag()
	var lives []seen
	for _, p := range processes {
		l := p.present()
		if l == nil {
			continue
		}
		one := seen{p, l, byTag[l.tag]}
		lives = append(lives, one)
		used := usage{processes: int64(len(one.members)), bytes: memory(one.members, p.spec.Memory.Max)}
		if reason, hint := excess(p.spec, used); reason != "" {
			l.kill(reason, hint)
		}
		last := before[l.tag]
		growing = growing || soonOver(last.processes, used.processes, p.spec.Processes.Max) ||
			soonOver(last.bytes, used.bytes, p.spec.Memory.Max)
		now[l.tag] = used
	}
	return now, s.checkDisks(lives, before, now) || growing
}

// soonOver reports whether what grew from last to now would be over the limit
// after growing by four times as much again.
func soonOver(last, now, limit int64) bool {
	return limit > 0 && now > last && now+4*(now-last) > limit
}

// excess names the limit that the processes are over, and how to change it.
func excess(spec Spec, used usage) (reason, hint string) {
	if most := spec.Processes.Max; most > 0 && used.processes > most {
		return fmt.Sprintf("killed: it grew to %d processes, over the limit of %d", used.processes, most), spec.Processes.Hint
	}
	if most := spec.Memory.Max; most > 0 && used.bytes > most {
		return fmt.Sprintf("killed: over its memory limit of %s (it used %s)",
			humanize.IBytes(uint64(most)), humanize.IBytes(uint64(used.bytes))), spec.Memory.Hint
	}
	return "", ""
}

// many processes are too many to look at the memory of each.
const many = 256

// memory adds up what the processes use. Only when that seems too much is it
// worth the trouble of counting memory that they share once.
func memory(members []proc, limit int64) int64 {
	var resident, proportional int64
	for _, p := range members {
		resident += p.rss
	}
	if limit <= 0 || resident <= limit || len(members) < 2 || len(members) > many {
		return resident
	}
	for _, p := range members {
		if bytes, ok := p.proportional(); ok {
			proportional += bytes
		} else {
			proportional += p.rss
		}
	}
	return proportional
}

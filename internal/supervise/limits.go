package supervise

import (
	"fmt"
	"time"

	"github.com/dustin/go-humanize"
)

const lookInterval = time.Second

// limiter looks at all processes once a second while there are any.
type limiter struct {
	ended chan struct{}
	done  chan struct{}
}

func startLimiter(s *Supervisor) *limiter {
	l := &limiter{make(chan struct{}), make(chan struct{})}
	go func() {
		defer close(l.done)
		ticker := time.NewTicker(lookInterval)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				s.checkLimits()
			case <-l.ended:
				return
			}
		}
	}()
	return l
}

func (l *limiter) stop() {
	close(l.ended)
	<-l.done
}

// checkLimits kills the processes that are over a limit.
func (s *Supervisor) checkLimits() {
	processes := s.list()
	if len(processes) == 0 {
		return
	}
	byTag := s.scanner.byTag()
	for _, p := range processes {
		l := p.present()
		if l == nil {
			continue
		}
		if reason := s.excess(p.spec, byTag[l.tag]); reason != "" {
			l.kill(reason)
		}
	}
}

// excess names the limit that the processes are over, and how to change it.
func (s *Supervisor) excess(spec Spec, members []proc) string {
	if len(members) > s.options.MaxProcesses {
		return fmt.Sprintf("killed: it grew to %d processes, over the limit of %d for one process of an app; "+
			"start fewer, or spread them over more instances", len(members), s.options.MaxProcesses)
	}
	if spec.MemoryLimit <= 0 {
		return ""
	}
	if used := memory(members, spec.MemoryLimit); used > spec.MemoryLimit {
		return fmt.Sprintf("killed: over its memory limit of %s (it used %s); "+
			"to give it more, raise memory_limit of its aloft_app in terraform/",
			humanize.IBytes(uint64(spec.MemoryLimit)), humanize.IBytes(uint64(used)))
	}
	return ""
}

// memory adds up what the processes use. Only when that seems too much is it
// worth the trouble of counting memory that they share once.
func memory(members []proc, limit int64) int64 {
	var resident, proportional int64
	for _, p := range members {
		resident += p.rss
	}
	if resident <= limit || len(members) < 2 {
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

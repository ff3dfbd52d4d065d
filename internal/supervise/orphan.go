package supervise

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/aloft-dev/aloft"
)

// How long an orphaned engine may take to end, and how often it is looked at.
const (
	orphanGrace = 2 * time.Minute
	orphanPause = 50 * time.Millisecond
)

// EngineTag returns the value of TagVariable for an engine that works on an
// environment. An engine is not the supervisor's child: a server that is killed
// leaves it behind, and to kill it then would lose what it has in hand. So it is
// asked to end, and Orphan tells when it has.
func EngineTag(tag string, key aloft.EnvironmentKey) string {
	return tagPrefix(tag, engines, key.Project, key.Environment)
}

// engines stands in the place of a project in the tags of engines; no project
// has such a name.
const engines = ".engine"

// interruptOrphans asks the engines of an earlier server to end, and returns the
// tags of those there are.
func (s *Supervisor) interruptOrphans() map[string]bool {
	orphans := map[string]bool{}
	for _, p := range s.scanner.tagged(tagPrefix(s.options.Tag, engines)) {
		orphans[p.tag] = true
		p.signal(syscall.SIGINT)
	}
	return orphans
}

// Orphan reports whether an engine that an earlier server had started for the
// environment may still be at work. await returns when it has ended, within two
// minutes, after which it is killed, or when ctx ends.
func (s *Supervisor) Orphan(key aloft.EnvironmentKey) (orphan bool, await func(context.Context) error) {
	tag := EngineTag(s.options.Tag, key)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.orphans[tag], func(ctx context.Context) error { return s.awaitOrphan(ctx, tag) }
}

func (s *Supervisor) awaitOrphan(ctx context.Context, tag string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, orphanGrace, errGrace)
	defer cancel()
	for s.engineRuns(tag) {
		select {
		case <-time.After(orphanPause):
			continue
		case <-ctx.Done():
		}
		if context.Cause(ctx) != errGrace {
			return context.Cause(ctx)
		}
		break
	}
	killAll(func() []proc { return s.scanner.tagged(tag) })
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.orphans, tag)
	return nil
}

// engineRuns reports whether an engine is at work, which leads the group of all
// that it has started. Its plugins do not end by themselves when it was killed.
func (s *Supervisor) engineRuns(tag string) bool {
	return slices.ContainsFunc(s.scanner.tagged(tag), func(p proc) bool { return p.pid == p.pgid })
}

var errGrace = aloft.Errorf(aloft.CodeFailed, "the engine of an earlier server does not end")

// isEngine reports whether a tag is that of an engine.
func isEngine(tag string) bool {
	_, rest, _ := strings.Cut(tag, "/")
	return strings.HasPrefix(rest, url.PathEscape(engines)+"/")
}

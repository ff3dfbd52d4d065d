// Package supervise starts, watches, restarts and stops the processes of apps,
// keeps their logs and holds them to their limits.
//
// It imports the root package only.
//
// Every child runs in its own process group, dies with the server and carries
// ALOFT_TAG=<tag>/<project>/<environment>/<app>/… in its environment, so that
// descendants which left their group, and those of a server that was killed,
// are found again: "nothing left" is proved by looking, not by bookkeeping.
//
// Limits are looked at once a second, and more often while something grows fast,
// because the kernel's own need root (control groups) or stop runtimes that
// reserve much and use little (Go, Java, Node.js). What cannot wait for a look,
// how many tasks there may be at all, is left to the kernel: see groups.
package supervise

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/aloft-dev/aloft"
)

// Options say how a Supervisor works.
type Options struct {
	Dir       string                        // folder of its own, made when missing: the logs
	Tag       string                        // marks our processes in their environment; one per server on this machine
	LogBytes  int64                         // size at which an app's log file is rotated; 0 = 10 MiB
	LogFiles  int                           // files kept of each app's log, the present one included; 0 = 3
	Memory    Limit                         // bytes, for a Spec without a limit of its own; no Max = none
	Processes Limit                         // the same for processes; no Max = 512
	Reserve   Limit                         // bytes that stay free on the disks which confined processes write to; no Max = none
	Confine   func(aloft.Confinement) error // confines the calling thread and what it starts; nil = nothing is confined
	Logger    *slog.Logger                  // for what nobody else can be told; nil = slog.Default()
}

// How long the parts of a shutdown may take.
const (
	closeGrace = 10 * time.Second       // between asking and killing, in Close
	runGrace   = 10 * time.Second       // the same for a canceled Run
	killWait   = 10 * time.Second       // for a killed process to be gone
	drainWait  = 250 * time.Millisecond // for the last output of a process that has exited
)

// Supervisor runs the processes of apps. Its methods may be called from any goroutine.
type Supervisor struct {
	options Options
	lock    *os.File
	groups  *groups
	scanner *scanner
	limiter *limiter

	mu        sync.Mutex
	closed    bool
	lives     int64 // number of the newest life, for unique tags
	processes map[*Process]struct{}
	orphans   map[string]bool // tags of the engines that an earlier server left
	hubs      map[aloft.EnvironmentKey]*hub
}

// Open makes a supervisor in options.Dir and kills what an earlier one with the
// same tag left running; engines are asked to end, see Orphan. It is CodeConflict while another one has the folder.
func Open(options Options) (*Supervisor, error) {
	if options.Dir == "" || options.Tag == "" {
		return nil, errors.New("cannot open a supervisor: it needs a folder and a tag")
	}
	options = withDefaults(options)
	if err := os.MkdirAll(options.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("cannot make the folder of logs: %w", err)
	}
	lock, err := lockFolder(options.Dir)
	if err != nil {
		return nil, err
	}
	groups := openGroups(options.Tag)
	s := &Supervisor{
		options:   options,
		lock:      lock,
		groups:    groups,
		scanner:   newScanner(options.Dir, tagPrefix(options.Tag), groups),
		processes: map[*Process]struct{}{},
		hubs:      map[aloft.EnvironmentKey]*hub{},
	}
	s.orphans = s.interruptOrphans()
	if left := s.sweep(tagPrefix(options.Tag)); len(left) > 0 {
		options.Logger.Warn("processes of an earlier server do not die", "pids", left)
	}
	s.limiter = startLimiter(s)
	return s, nil
}

func withDefaults(options Options) Options {
	if options.LogBytes == 0 {
		options.LogBytes = 10 << 20
	}
	if options.LogFiles == 0 {
		options.LogFiles = 3
	}
	if options.Processes.Max == 0 {
		options.Processes.Max = 512
	}
	if options.Logger == nil {
		options.Logger = slog.Default()
	}
	return options
}

// lockFolder keeps a second server from taking our processes for leftovers.
func lockFolder(dir string) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(dir, ".lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot lock the folder of logs: %w", err)
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return file, nil
	}
	file.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, aloft.Errorf(aloft.CodeConflict, "cannot supervise in %s: another Aloft server does", dir).
			WithHint("stop the other server, or give this one another data folder")
	}
	return nil, fmt.Errorf("cannot lock the folder of logs: %w", err)
}

// CheckFree returns why Open would refuse a folder: another server supervises in it,
// be it frozen. Nobody does: nil.
func CheckFree(dir string) error {
	file, err := lockFolder(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return file.Close()
}

// Start starts a process. The caller ends it with Stop in every case, also
// after it has exited by itself. A program that cannot be started is
// CodeFailed, a spec that breaks a rule CodeInvalid.
func (s *Supervisor) Start(spec Spec) (*Process, error) {
	if err := spec.validate(); err != nil {
		return nil, err
	}
	if err := spec.Key.Validate(); err != nil {
		return nil, err
	}
	p := newProcess(s, spec)
	p.output = &lines{emit: func(line []byte) { p.keepLine(line) }}
	if err := s.begin(p); err != nil {
		return nil, err
	}
	return p, nil
}

// begin gives p its first life and puts it under watch.
func (s *Supervisor) begin(p *Process) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return aloft.Errorf(aloft.CodeUnavailable, "cannot start %s: the server is shutting down", p.name)
	}
	s.processes[p] = struct{}{}
	s.mu.Unlock()
	l, err := p.restart()
	if err != nil || l == nil {
		s.remove(p)
		close(p.done)
		if err == nil { // Close was quicker
			err = aloft.Errorf(aloft.CodeCanceled, "cannot start %s: it was stopped", p.name)
		}
		return err
	}
	if !p.oneOff {
		p.remark("started, process %d", l.pid)
	}
	go p.watch(l)
	return nil
}

func (s *Supervisor) remove(p *Process) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.processes, p)
}

// Stop stops the processes of an app, or of all apps of the environment when
// app is "", like Process.Stop but all at once, and kills whatever else still
// carries their tag.
func (s *Supervisor) Stop(ctx context.Context, key aloft.EnvironmentKey, app string, grace time.Duration) {
	s.stopAll(ctx, grace, func(spec Spec) bool {
		return spec.Key == key && (app == "" || spec.App == app)
	})
	s.sweep(tagPrefix(s.options.Tag, key.Project, key.Environment, app))
}

// Close stops everything and gives the folder free. When ctx ends it kills
// instead of waiting. Later calls of Start fail.
func (s *Supervisor) Close(ctx context.Context) {
	s.mu.Lock()
	again := s.closed
	s.closed = true
	s.mu.Unlock()
	if again {
		return
	}
	s.stopAll(ctx, closeGrace, func(Spec) bool { return true })
	s.limiter.stop()
	s.sweep(tagPrefix(s.options.Tag))
	s.groups.close()
	s.closeHubs()
	_ = syscall.Flock(int(s.lock.Fd()), syscall.LOCK_UN) // a child that is just being started still has the file
	s.lock.Close()
}

func (s *Supervisor) stopAll(ctx context.Context, grace time.Duration, match func(Spec) bool) {
	var group sync.WaitGroup
	for _, p := range s.list() {
		if match(p.spec) {
			group.Go(func() { p.Stop(ctx, grace) })
		}
	}
	group.Wait()
}

func (s *Supervisor) list() []*Process {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*Process, 0, len(s.processes))
	for p := range s.processes {
		all = append(all, p)
	}
	return all
}

// Leftovers returns the ids of all processes that carry the environment's tag,
// found by looking at every process of the machine.
func (s *Supervisor) Leftovers(key aloft.EnvironmentKey) []int {
	var pids []int
	for _, p := range s.scanner.tagged(tagPrefix(s.options.Tag, key.Project, key.Environment)) {
		pids = append(pids, p.pid)
	}
	return pids
}

// sweep kills the processes whose tag has the prefix and belongs to nothing
// that is being supervised, engines aside, and returns the ids of those that do
// not die.
func (s *Supervisor) sweep(prefix string) []int {
	return killAll(func() []proc {
		found := s.scanner.tagged(prefix) // before the list: what starts in between is in neither
		found = slices.DeleteFunc(found, func(f proc) bool { return isEngine(f.tag) })
		for _, p := range s.list() {
			tag := p.tag()
			found = slices.DeleteFunc(found, func(f proc) bool { return f.tag == tag })
		}
		return found
	})
}

// killAll kills what find returns until it returns nothing. Many are frozen
// first: while one after the other is killed the rest could start as many anew.
func killAll(find func() []proc) []int {
	deadline := time.Now().Add(killWait)
	for pause := 2 * time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		found := find()
		if len(found) > few {
			found = freeze(found, find, deadline)
		}
		if len(found) == 0 || time.Now().After(deadline) {
			var pids []int
			for _, p := range found {
				pids = append(pids, p.pid)
			}
			return pids
		}
		for _, p := range found {
			p.signal(syscall.SIGKILL)
		}
		time.Sleep(pause)
	}
}

// few processes are killed without further ado.
const few = 8

// freeze stops what find returns until that is nothing new, and returns all.
func freeze(found []proc, find func() []proc, deadline time.Time) []proc {
	type identity struct {
		pid   int
		start uint64
	}
	frozen := map[identity]bool{}
	for grown := true; grown && time.Now().Before(deadline); found = find() {
		grown = false
		for _, p := range found {
			if id := (identity{p.pid, p.start}); !frozen[id] {
				frozen[id], grown = true, true
				p.signal(syscall.SIGSTOP)
			}
		}
	}
	return found
}

// tagPrefix joins the parts of a tag; the slash at the end keeps "a" from
// matching "ab". Empty parts are left out.
func tagPrefix(parts ...string) string {
	prefix := ""
	for _, part := range parts {
		if part != "" {
			prefix += url.PathEscape(part) + "/"
		}
	}
	return prefix
}

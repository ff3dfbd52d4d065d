package local

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/proxy"
	"github.com/aloft-dev/aloft/internal/supervise"
)

// running is a release with its processes, or its folder.
type running struct {
	launch
	web     []*supervise.Process // share the route
	others  []*supervise.Process // of App.Processes
	folder  os.FileInfo          // of its artifact, when it was started
	revived chan struct{}        // told when one of them that died runs again
}

// hasFolder reports whether its artifact is the one that it was started in. One
// that was removed and made again has the same name and is another.
func (r *running) hasFolder() bool {
	now, err := os.Stat(r.release.Artifact.Dir)
	return err == nil && os.SameFile(now, r.folder)
}

func (r *running) processes() []*supervise.Process { return slices.Concat(r.web, r.others) }

// target is where the proxy leads the app's requests; ok is false for an app
// that has nothing to answer with.
func (r *running) target() (target proxy.Target, ok bool) {
	target = proxy.Target{Static: r.static(), Release: r.release.Number}
	for _, process := range r.web {
		target.Backends = append(target.Backends, localAddress(process.Spec().Port))
	}
	return target, target.Static != "" || len(target.Backends) > 0
}

// failedGrace is between asking and killing processes that serve nobody yet.
const failedGrace = 2 * time.Second

// start starts a release beside whatever runs and returns when it answers. When
// it fails nothing of it is left.
func (l *Target) start(ctx context.Context, x launch) (*running, error) {
	if err := x.check(); err != nil {
		return nil, err
	}
	if x.docker() {
		if err := l.checkEngine(ctx, x); err != nil {
			return nil, err
		}
	}
	if err := l.makePrivateDir(x.EnvironmentKey); err != nil {
		return nil, err
	}
	r := &running{launch: x, revived: make(chan struct{}, 1)}
	var err error
	if r.folder, err = os.Stat(x.release.Artifact.Dir); err == nil {
		err = l.startWeb(ctx, r)
	}
	if err == nil {
		err = l.startOthers(r)
	}
	if err != nil {
		l.stop(context.WithoutCancel(ctx), r.processes(), min(l.options.StopGrace, failedGrace))
		return nil, err
	}
	for _, process := range r.processes() {
		process.KeepAlive(func(event supervise.Event) { l.note(r, event) })
	}
	return r, nil
}

// startWeb starts the processes that will have the route and waits for them.
func (l *Target) startWeb(ctx context.Context, r *running) error {
	starting := r.timing.Begin("start", count(r.instances(), "process", "processes"))
	err := l.startAll(r)
	starting(err)
	if err != nil {
		return err
	}
	waiting := r.timing.Begin("wait for health", r.question())
	err = l.awaitHealthy(ctx, r)
	waiting(err)
	return err
}

func (l *Target) startAll(r *running) error {
	if r.static() != "" {
		r.say("serving the folder %s", r.app().Static.Value)
	}
	for i := range r.instances() {
		process, err := l.startOne(r.launch, part{process: mainProcess, instance: i + 1, command: r.webCommand(), routed: true})
		if err != nil {
			return err
		}
		r.web = append(r.web, process)
	}
	return nil
}

func (l *Target) startOthers(r *running) error {
	for _, name := range slices.Sorted(maps.Keys(r.app().Processes)) {
		process, err := l.startOne(r.launch, part{process: name, instance: 1, command: r.app().Processes[name]})
		if err != nil {
			return err
		}
		r.others = append(r.others, process)
	}
	return nil
}

// mainProcess is the name of the processes that have the route.
const mainProcess = "web"

// part is one process of a release.
type part struct {
	process  string
	instance int
	command  aloft.Command
	routed   bool // gets a port
}

func (l *Target) startOne(x launch, p part) (*supervise.Process, error) {
	port := 0
	if p.routed {
		var err error
		if port, err = l.ports.take(); err != nil {
			return nil, err
		}
	}
	spec, err := l.spec(x, p, port)
	if err != nil {
		l.ports.giveBack(port)
		return nil, err
	}
	process, err := l.options.Supervisor.Start(spec)
	if err != nil {
		l.ports.giveBack(port)
		return nil, fmt.Errorf("cannot deploy %s: %w", x.App, err)
	}
	return process, nil
}

// spec says how a process is run.
func (l *Target) spec(x launch, p part, port int) (supervise.Spec, error) {
	env := l.variables(x, port)
	spec := supervise.Spec{
		Key: x.EnvironmentKey, App: x.App, Process: p.process, Instance: p.instance, Release: x.release.Number,
		Dir: x.release.Artifact.Dir, Port: port,
	}
	if x.slot.MemoryLimit > 0 {
		spec.Memory = supervise.Limit{Max: x.slot.MemoryLimit, Hint: "to give it more, raise memory_limit of its aloft_app in terraform/"}
	}
	if x.docker() {
		spec.Args, spec.Env = p.command.Args, pairs(env)
		return l.contained(x, spec, env)
	}
	spec.Args = writeElsewhere(x, p, port, env)
	spec.Env, spec.Confine = pairs(env), l.confinement(x)
	return spec, nil
}

// stop stops processes all at once and gives their ports back.
func (l *Target) stop(ctx context.Context, processes []*supervise.Process, grace time.Duration) {
	var group sync.WaitGroup
	for _, process := range processes {
		group.Go(func() {
			process.Stop(ctx, grace)
			l.removeContainer(ctx, process.Spec())
			l.ports.giveBack(process.Spec().Port)
		})
	}
	group.Wait()
}

// retire lets a release that was replaced finish what it began, in the
// background, and stops it. Its workers, which would do the same work as the new
// ones, stop at once.
func (l *Target) retire(old *running, routes []*proxy.Retired, timing aloft.Timing) {
	draining := timing.Begin("drain", fmt.Sprintf("release %d, in the background", old.release.Number))
	l.drains.Go(func() {
		var group sync.WaitGroup
		group.Go(func() { l.stop(l.ctx, old.others, l.options.StopGrace) })
		l.drain(l.ctx, old, routes)
		l.stop(l.ctx, old.web, l.options.StopGrace)
		group.Wait()
		draining(context.Cause(l.ctx))
	})
}

func (l *Target) drain(ctx context.Context, old *running, routes []*proxy.Retired) {
	ctx, cancel := context.WithTimeoutCause(ctx, l.options.DrainTime, errDrainTime)
	defer cancel()
	var group sync.WaitGroup
	for _, route := range routes {
		group.Go(func() {
			if err := route.Drain(ctx); errors.Is(err, errDrainTime) {
				l.options.Logger.Warn("requests to a replaced release are cut off",
					"project", old.Project, "environment", old.Environment, "app", old.App, "release", old.release.Number, "error", err)
			}
		})
	}
	group.Wait()
}

var errDrainTime = errors.New("they took longer than a drain may take")

// death is what became of a process since it was last asked for.
type death struct {
	count int
	exit  supervise.Exit // the last one
}

// note remembers that a process of the present release died, to be reported by
// the next Reconcile, and tells that one runs again.
func (l *Target) note(r *running, event supervise.Event) {
	if event.State != supervise.StateBackingOff {
		select {
		case r.revived <- struct{}{}:
		default:
		}
		return
	}
	l.mu.Lock()
	current := l.running[r.place] == r
	if current {
		if l.deaths[r.place] == nil {
			l.deaths[r.place] = map[string]death{}
		}
		name := event.Process.Spec().Name()
		before := l.deaths[r.place][name]
		l.deaths[r.place][name] = death{before.count + 1, event.Exit}
	}
	l.mu.Unlock()
	if current {
		l.options.Changed(r.EnvironmentKey)
	}
}

func (l *Target) present(p place) *running {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.running[p]
}

// setPresent makes r what runs at its place, nil = nothing, and returns what ran
// there before.
func (l *Target) setPresent(p place, r *running) (before *running) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before = l.running[p]
	delete(l.deaths, p)
	if r == nil {
		delete(l.running, p)
	} else {
		l.running[p] = r
	}
	return before
}

// presentIn lists what runs in an environment, by app.
func (l *Target) presentIn(key aloft.EnvironmentKey) []*running {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []*running
	for p, r := range l.running {
		if p.EnvironmentKey == key {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b *running) int { return strings.Compare(a.App, b.App) })
	return list
}

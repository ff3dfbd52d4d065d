package supervise

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// State tells how a process is.
type State string

// The states of a process.
const (
	StateStarting   State = "starting"    // runs, and is not kept alive yet: its release is being checked
	StateRunning    State = "running"     // runs, and is kept alive
	StateBackingOff State = "backing-off" // died, and will be started again
	StateStopped    State = "stopped"     // does not run, and will not be started again by itself
)

// Event tells that a process which is kept alive died (StateBackingOff) or
// runs again (StateRunning).
type Event struct {
	Process  *Process
	State    State
	Exit     Exit          // its last one
	Restarts int           // so far
	Wait     time.Duration // until it is started again, for StateBackingOff
}

// Back-off between restarts.
const (
	firstPause  = 500 * time.Millisecond
	longPause   = 30 * time.Second
	healthyLife = time.Minute // a life this long makes the pauses short again
)

// Process is a supervised process. It has one life after the other once it is
// kept alive. Its methods may be called from any goroutine.
type Process struct {
	supervisor *Supervisor
	spec       Spec
	name       string
	recent     ring
	output     sink
	oneOff     bool

	kept    chan struct{} // closed by KeepAlive
	stopped chan struct{} // closed by Stop
	done    chan struct{} // closed when it will never run again

	mu       sync.Mutex
	life     *life // the present one, or the last
	state    State
	notify   func(Event)
	restarts int
	lastExit Exit
}

// sink takes the output of a process; flush is called when a life has ended.
type sink interface {
	io.Writer
	flush()
}

func newProcess(s *Supervisor, spec Spec) *Process {
	return &Process{
		supervisor: s,
		spec:       spec,
		name:       spec.Name(),
		state:      StateStarting,
		kept:       make(chan struct{}),
		stopped:    make(chan struct{}),
		done:       make(chan struct{}),
	}
}

// Spec returns what the process was started with.
func (p *Process) Spec() Spec { return p.spec }

// PID returns the id of the running process, 0 when it does not run.
func (p *Process) PID() int {
	l := p.present()
	select {
	case <-l.exited:
		return 0
	default:
		return l.pid
	}
}

// Exited returns a channel that is closed as soon as the present life has ended
// and its last output is in Tail. After a restart it returns a new one.
func (p *Process) Exited() <-chan struct{} { return p.present().exited }

// Exit returns how the last life ended; the zero Exit when none has.
func (p *Process) Exit() Exit {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lastExit
}

// Tail returns the last n lines that the process itself wrote, oldest first;
// about 50 are kept, shortened to 4 KiB each.
func (p *Process) Tail(n int) []string { return p.recent.last(n) }

// Listening returns the TCP addresses that the process and its descendants
// listen on, sorted. It is nil where that cannot be known (not on Linux).
func (p *Process) Listening() []string { return listening(p.members()) }

// KeepAlive makes the process start again when it dies, now and from now on,
// after a pause that grows from 0.5 to 30 seconds and is short again after a
// life of a minute. Each death and each restart is told to notify, if not nil,
// one after the other; it must return quickly and not stop the process itself.
// Only the first call counts.
func (p *Process) KeepAlive(notify func(Event)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if isClosed(p.kept) {
		return
	}
	p.notify = notify
	if p.state == StateStarting {
		p.state = StateRunning
	}
	close(p.kept)
}

// Stop ends the process for good: it asks with SIGTERM, waits for grace, then
// kills, its descendants included, also those that left its process group.
// When ctx ends it kills at once. It returns when all of them are gone, and may
// be called often and at the same time; the shortest grace holds.
func (p *Process) Stop(ctx context.Context, grace time.Duration) {
	p.mu.Lock()
	if !isClosed(p.stopped) {
		close(p.stopped)
		if p.life != nil {
			p.life.terminate()
		}
	}
	l := p.life
	p.mu.Unlock()

	timer := time.NewTimer(grace)
	defer timer.Stop()
	reason := "killed: it was asked to stop and still ran " + grace.String() + " later"
	select {
	case <-p.done:
		return
	case <-timer.C:
	case <-ctx.Done():
		reason = "killed: it was asked to stop, and there was no time to wait for it"
	}
	if l != nil {
		l.kill(reason)
	}
	select {
	case <-p.done:
	case <-time.After(killWait + drainWait):
	}
}

func (p *Process) present() *life {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.life
}

// tag returns the tag of the present life, "" before there is one.
func (p *Process) tag() string {
	if l := p.present(); l != nil {
		return l.tag
	}
	return ""
}

func (p *Process) members() []proc {
	if tag := p.tag(); tag != "" {
		return p.supervisor.scanner.tagged(tag)
	}
	return nil
}

// restart gives the process a new life, or returns nil if it was stopped.
func (p *Process) restart() (*life, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if isClosed(p.stopped) {
		return nil, nil
	}
	l, err := p.supervisor.spawn(p)
	if err != nil {
		return nil, err
	}
	p.life = l
	p.state = StateStarting
	if isClosed(p.kept) {
		p.state = StateRunning
	}
	return l, nil
}

// watch follows the process from life to life until it is stopped.
func (p *Process) watch(l *life) {
	defer close(p.done)
	defer p.supervisor.remove(p)
	pauses := &backoff.ExponentialBackOff{InitialInterval: firstPause, Multiplier: 2, MaxInterval: longPause}
	pauses.Reset()
	for {
		p.await(l)
		select {
		case <-p.stopped:
			return
		case <-p.kept:
		}
		if l.lasted() >= healthyLife {
			pauses.Reset()
		}
		for {
			if !p.pause(pauses.NextBackOff()) {
				return
			}
			next, err := p.restart()
			if err == nil && next == nil {
				return
			}
			if err == nil {
				l = next
				break
			}
			p.record(StateBackingOff, Exit{Code: -1, Reason: err.Error(), At: time.Now()})
		}
		p.mu.Lock()
		p.restarts++
		p.mu.Unlock()
		p.tell(StateRunning, 0)
	}
}

// await waits for the end of a life and publishes it.
func (p *Process) await(l *life) {
	exit := l.await(p.supervisor.scanner)
	p.output.flush()
	state := StateStopped
	if isClosed(p.kept) && !isClosed(p.stopped) {
		state = StateBackingOff
	}
	p.record(state, exit)
	if !p.oneOff {
		p.remark("ended: %s", exit.Reason)
	}
	close(l.exited)
}

// pause waits before a restart and reports whether there is to be one.
func (p *Process) pause(wait time.Duration) bool {
	p.record(StateBackingOff, p.Exit())
	p.tell(StateBackingOff, wait)
	p.remark("starts again in %s", wait.Round(100*time.Millisecond))
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-p.stopped:
		p.record(StateStopped, p.Exit())
		return false
	}
}

func (p *Process) record(state State, exit Exit) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state, p.lastExit = state, exit
}

func (p *Process) tell(state State, wait time.Duration) {
	p.mu.Lock()
	event := Event{Process: p, State: state, Exit: p.lastExit, Restarts: p.restarts, Wait: wait}
	notify := p.notify
	p.mu.Unlock()
	if notify != nil {
		notify(event)
	}
}

// keepLine takes a line that the process wrote.
func (p *Process) keepLine(line []byte) {
	p.recent.add(line)
	p.supervisor.hub(p.spec.Key).write(p.spec.App, p.name, line)
}

// remark adds a line of our own to the app's log.
func (p *Process) remark(format string, args ...any) {
	line := p.name + " " + fmt.Sprintf(format, args...)
	p.supervisor.hub(p.spec.Key).write(p.spec.App, "aloft", []byte(line))
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

package supervise

import (
	"context"
	"io"
	"sync"
	"time"
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
	spec = s.Limited(spec)
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
		l.kill(reason, "")
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

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

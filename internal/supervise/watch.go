package supervise

import (
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// Back-off between restarts.
const (
	firstPause  = 500 * time.Millisecond
	longPause   = 30 * time.Second
	healthyLife = time.Minute // a life this long makes the pauses short again
)

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
	defer p.finish()
	pauses := &backoff.ExponentialBackOff{InitialInterval: firstPause, Multiplier: 2, MaxInterval: longPause}
	pauses.Reset()
	for l != nil {
		p.await(l)
		select {
		case <-p.stopped:
			return
		case <-p.kept:
		}
		if isClosed(p.stopped) { // a select takes either of two that are ready
			return
		}
		if l.lasted() >= healthyLife {
			pauses.Reset()
		}
		l = p.revive(pauses)
	}
}

// revive starts the process again, as often as it takes. It returns nil when
// the process is stopped instead.
func (p *Process) revive(pauses *backoff.ExponentialBackOff) *life {
	for p.pause(pauses.NextBackOff()) {
		l, err := p.restart()
		if err != nil { // its program is gone, or the machine is out of something
			p.record(StateBackingOff, Exit{Code: -1, Reason: err.Error(), At: time.Now()})
			continue
		}
		if l != nil {
			p.mu.Lock()
			p.restarts++
			p.mu.Unlock()
			p.remark("started again, process %d", l.pid)
			p.tell(StateRunning, 0)
		}
		return l
	}
	return nil
}

// finish marks the end of the last life that there will be.
func (p *Process) finish() {
	p.record(StateStopped, p.Exit())
	p.supervisor.remove(p)
	close(p.done)
}

// await waits for the end of a life and publishes it.
func (p *Process) await(l *life) {
	exit := l.await(p.supervisor)
	p.output.flush()
	state := StateStopped
	if isClosed(p.kept) && !isClosed(p.stopped) {
		state = StateBackingOff
	}
	p.record(state, exit)
	if !p.oneOff {
		p.remark("ended: %s", exit)
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

package store

import (
	"sync"
	"time"
)

// timers are calls that are due later, unless they are stopped before.
type timers struct {
	mu      sync.Mutex
	stopped bool
	pending map[*time.Timer]bool
	running sync.WaitGroup
}

func (t *timers) after(d time.Duration, call func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stopped {
		return
	}
	if t.pending == nil {
		t.pending = map[*time.Timer]bool{}
	}
	var timer *time.Timer
	timer = time.AfterFunc(d, func() {
		if t.begin(timer) {
			defer t.running.Done()
			call()
		}
	})
	t.pending[timer] = true
}

func (t *timers) begin(timer *time.Timer) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.pending[timer] {
		return false
	}
	delete(t.pending, timer)
	t.running.Add(1)
	return true
}

// stop calls off what is not due yet and waits for what has begun.
func (t *timers) stop() {
	t.mu.Lock()
	t.stopped = true
	for timer := range t.pending {
		timer.Stop()
	}
	clear(t.pending)
	t.mu.Unlock()
	t.running.Wait()
}

package build

import (
	"context"
	"sync"
)

// locks are locks by name that can be waited for with a context.
type locks struct {
	mu   sync.Mutex
	held map[string]*lock
}

type lock struct {
	free  chan struct{} // holds a value while nobody has the lock
	users int           // who have it or wait for it
}

// lock takes the lock of a name. It calls waiting before it waits.
func (l *locks) lock(ctx context.Context, name string, waiting func()) (unlock func(), err error) {
	entry := l.enter(name)
	select {
	case <-entry.free:
	default:
		waiting()
		select {
		case <-entry.free:
		case <-ctx.Done():
			l.leave(name)
			return nil, context.Cause(ctx)
		}
	}
	return func() { entry.free <- struct{}{}; l.leave(name) }, nil
}

// try takes the lock of a name if nobody has it.
func (l *locks) try(name string) (unlock func(), ok bool) {
	entry := l.enter(name)
	select {
	case <-entry.free:
		return func() { entry.free <- struct{}{}; l.leave(name) }, true
	default:
		l.leave(name)
		return nil, false
	}
}

func (l *locks) enter(name string) *lock {
	l.mu.Lock()
	defer l.mu.Unlock()
	entry, ok := l.held[name]
	if !ok {
		entry = &lock{free: make(chan struct{}, 1)}
		entry.free <- struct{}{}
		l.held[name] = entry
	}
	entry.users++
	return entry
}

func (l *locks) leave(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held[name].users--; l.held[name].users == 0 {
		delete(l.held, name)
	}
}

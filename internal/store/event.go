package store

import (
	"context"
	"slices"
	"sync"

	"github.com/aloft-dev/aloft"
)

// Event tells that something changed: an environment, or one of its runs.
type Event struct {
	Key   aloft.EnvironmentKey // Environment "" = the project itself
	RunID int64                // 0 = the environment itself
}

// Subscribe returns a channel of the changes made through this Store, from now
// on and until ctx ends, when it is closed. A slow receiver holds nobody up:
// what changes several times meanwhile is told once.
func (s *Store) Subscribe(ctx context.Context) <-chan Event {
	subscriber := &subscriber{signal: make(chan struct{}, 1)}
	s.events.add(subscriber)
	out := make(chan Event)
	go func() {
		defer close(out)
		defer s.events.remove(subscriber)
		subscriber.deliver(ctx, out)
	}()
	return out
}

type events struct {
	mu          sync.Mutex
	subscribers []*subscriber
}

func (e *events) add(s *subscriber) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.subscribers = append(e.subscribers, s)
}

func (e *events) remove(s *subscriber) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.subscribers = slices.DeleteFunc(e.subscribers, func(other *subscriber) bool { return other == s })
}

func (e *events) publish(list []Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range e.subscribers {
		s.put(list)
	}
}

// subscriber holds the events that its receiver has not taken yet.
type subscriber struct {
	mu      sync.Mutex
	pending []Event
	signal  chan struct{}
}

func (s *subscriber) put(list []Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, event := range list {
		if !slices.Contains(s.pending, event) {
			s.pending = append(s.pending, event)
		}
	}
	select {
	case s.signal <- struct{}{}:
	default:
	}
}

func (s *subscriber) take() (Event, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.pending) == 0 {
		return Event{}, false
	}
	event := s.pending[0]
	s.pending = s.pending[1:]
	return event, true
}

func (s *subscriber) deliver(ctx context.Context, out chan<- Event) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.signal:
		}
		for event, ok := s.take(); ok; event, ok = s.take() {
			select {
			case <-ctx.Done():
				return
			case out <- event:
			}
		}
	}
}

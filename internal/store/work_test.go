package store_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/store"
)

// work runs Work in the background; stop ends it and waits.
func work(t *testing.T, s *store.Store, o store.WorkOptions) (stop func()) {
	t.Helper()
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Work(ctx, o) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(20 * time.Second):
			t.Error("Work did not stop")
		}
	}
	t.Cleanup(stop)
	return stop
}

// receive waits for a value, but not for ever.
func receive[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case value, ok := <-c:
		if !ok {
			t.Fatal("the channel is closed")
		}
		return value
	case <-time.After(20 * time.Second):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

func TestWake(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		s := shop(t, dsn)
		seen := make(chan aloft.EnvironmentKey, 10)
		work(t, s, store.WorkOptions{Reconcile: func(_ context.Context, key aloft.EnvironmentKey) error {
			seen <- key
			return nil
		}})
		for range 3 {
			began := time.Now()
			if err := s.Wake(t.Context(), key); err != nil {
				t.Fatal(err)
			}
			if got := receive(t, seen); got != key {
				t.Errorf("reconciled %s, want %s", got, key)
			}
			t.Logf("woken and reconciled after %s", time.Since(began))
		}
	})
}

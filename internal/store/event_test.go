package store_test

import (
	"context"
	"testing"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/store"
)

func TestSubscribe(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		s := shop(t, dsn)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		idle := s.Subscribe(ctx) // is never received from, and holds nobody up
		changes := s.Subscribe(ctx)
		run := accept(t, s, aloft.Run{})
		for range 300 {
			become(t, s, aloft.EnvironmentCreating)
			if err := s.PutStep(ctx, aloft.Step{RunID: run.ID, Name: "read"}); err != nil {
				t.Fatal(err)
			}
		}
		become(t, s, aloft.EnvironmentReady)
		if err := s.PutGroup(ctx, aloft.EnvironmentKey{Project: "shop", Environment: "last"}, ""); err != nil {
			t.Fatal(err)
		}
		seen := map[store.Event]int{}
		last := store.Event{Key: aloft.EnvironmentKey{Project: "shop", Environment: "last"}}
		for seen[last] == 0 {
			seen[receive(t, changes)]++
		}
		if seen[store.Event{Key: key}] == 0 || seen[store.Event{Key: key, RunID: run.ID}] == 0 {
			t.Errorf("events are missing: %v", seen)
		}
		cancel()
		for range changes {
		}
		for range idle {
		}
		finish(t, s, run.ID, aloft.RunRunning) // nobody listens any more
	})
}

func TestRefusedChangesTellNothing(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		s := shop(t, dsn)
		run := accept(t, s, aloft.Run{})
		changes := s.Subscribe(t.Context())
		_, err := s.UpdateRun(t.Context(), run.ID, func(r *aloft.Run) error {
			r.Status = aloft.RunSucceeded
			return nil
		})
		wantCode(t, err, aloft.CodeConflict)
		become(t, s, aloft.EnvironmentReady)
		if got := receive(t, changes); got != (store.Event{Key: key}) {
			t.Errorf("told %v", got)
		}
	})
}

package store_test

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
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
	stop = sync.OnceFunc(func() {
		cancel()
		if err := receive(t, done); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// receive waits for a value, but not for ever.
func receive[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case value, ok := <-c:
		if !ok {
			t.Error("the channel is closed")
		}
		return value
	case <-time.After(30 * time.Second):
		panic("nothing came")
	}
}

func wake(t *testing.T, s *store.Store, key aloft.EnvironmentKey) {
	t.Helper()
	if err := s.Wake(t.Context(), key); err != nil {
		t.Fatal(err)
	}
}

func TestWakeReachesTheReconciler(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		s := shop(t, dsn)
		seen := make(chan aloft.EnvironmentKey, 10)
		unknown := aloft.EnvironmentKey{Project: "none", Environment: "bob"}
		wake(t, s, key) // before anybody works
		work(t, s, store.WorkOptions{Reconcile: func(_ context.Context, key aloft.EnvironmentKey) error {
			seen <- key
			return nil
		}})
		for _, want := range []aloft.EnvironmentKey{key, unknown, key, key} {
			if got := receive(t, seen); got != key && got != unknown {
				t.Errorf("reconciled %s, want %s", got, want)
			}
			wake(t, s, want)
		}
		wantCode(t, s.Wake(t.Context(), aloft.EnvironmentKey{Project: "shop"}), aloft.CodeInvalid)
	})
}

func TestWakeDuringReconcileIsFollowedByAnother(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		s := shop(t, dsn)
		entered, leave := make(chan struct{}), make(chan error)
		work(t, s, store.WorkOptions{Reconcile: func(context.Context, aloft.EnvironmentKey) error {
			entered <- struct{}{}
			return <-leave
		}})
		wake(t, s, key)
		receive(t, entered)
		for range 3 {
			wake(t, s, key)
		}
		leave <- nil
		receive(t, entered)
		leave <- nil
		wake(t, s, key) // it has ended, or is about to
		receive(t, entered)
		wake(t, s, key)
		jobs := countJobs(t, dsn)
		leave <- errors.New("fails once")
		receive(t, entered)
		if now := countJobs(t, dsn); now != jobs {
			t.Errorf("the wake-up waited for the back-off of a failure: %d jobs, then %d", jobs, now)
		}
		leave <- nil
	})
}

func countJobs(t *testing.T, dsn string) (n int) {
	t.Helper()
	if err := raw(t, dsn).QueryRowContext(t.Context(), `SELECT COUNT(*) FROM river_job`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestNoWakeIsLost hammers a few environments; when all is quiet, every run
// was seen by a reconciliation that began after it was accepted.
func TestNoWakeIsLost(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		s := shop(t, dsn)
		const requests, senders, environments = 500, 25, 5
		var working [environments]atomic.Int32
		keyOf := func(i int) aloft.EnvironmentKey {
			return aloft.EnvironmentKey{Project: "shop", Environment: string(rune('a' + i))}
		}
		var reconciled atomic.Int64
		quiet := make(chan struct{}, 1)
		reconcile := func(ctx context.Context, key aloft.EnvironmentKey) error {
			i := int(key.Environment[0] - 'a')
			if working[i].Add(1) != 1 {
				t.Errorf("%s is reconciled twice at the same time", key)
			}
			defer working[i].Add(-1)
			reconciled.Add(1)
			runs, err := s.Runs(ctx, aloft.RunFilter{Project: key.Project, Environment: key.Environment, Statuses: []aloft.RunStatus{aloft.RunQueued}})
			if err != nil {
				return err
			}
			for _, run := range runs {
				for _, status := range []aloft.RunStatus{aloft.RunRunning, aloft.RunSucceeded} {
					_, err := s.UpdateRun(ctx, run.ID, func(r *aloft.Run) error {
						r.Status = status
						return nil
					})
					if aloft.ErrorCode(err) == aloft.CodeConflict {
						break // superseded a moment ago
					}
					if err != nil {
						return err
					}
				}
			}
			select {
			case quiet <- struct{}{}:
			default:
			}
			return nil
		}
		work(t, s, store.WorkOptions{Reconcile: reconcile})
		var wg sync.WaitGroup
		for sender := range senders {
			wg.Go(func() {
				for i := range requests / senders {
					key := keyOf((sender + i) % environments)
					if i%3 == 0 {
						if err := s.Wake(t.Context(), key); err != nil {
							t.Error(err)
						}
						continue
					}
					if _, _, err := s.AcceptRun(t.Context(), aloft.Run{EnvironmentKey: key, Operation: aloft.OperationUp}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		for {
			open, err := s.Runs(t.Context(), aloft.RunFilter{Statuses: []aloft.RunStatus{aloft.RunQueued, aloft.RunRunning}})
			if err != nil {
				t.Fatal(err)
			}
			if len(open) == 0 {
				break
			}
			receive(t, quiet)
		}
		t.Logf("%d requests, %d reconciliations", requests, reconciled.Load())
	})
}

func TestFailedReconcileIsTriedAgain(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		s := shop(t, dsn)
		attempts := make(chan time.Time, 10)
		count := 0
		work(t, s, store.WorkOptions{Reconcile: func(context.Context, aloft.EnvironmentKey) error {
			attempts <- time.Now()
			switch count++; count {
			case 1:
				return errors.New("broken")
			case 2:
				panic("broken")
			default:
				return nil
			}
		}})
		wake(t, s, key)
		first, second, third := receive(t, attempts), receive(t, attempts), receive(t, attempts)
		if wait := second.Sub(first); wait < 900*time.Millisecond {
			t.Errorf("tried again after %s", wait)
		}
		if wait := third.Sub(second); wait < 1900*time.Millisecond {
			t.Errorf("tried a third time after %s", wait)
		}
	})
}

func TestWakeBringsARetryForward(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		s := shop(t, dsn)
		db := raw(t, dsn)
		attempts := make(chan struct{}, 10)
		work(t, s, store.WorkOptions{Reconcile: func(context.Context, aloft.EnvironmentKey) error {
			attempts <- struct{}{}
			return errors.New("broken")
		}})
		wake(t, s, key)
		receive(t, attempts)
		for failures := range 5 { // without the wake-ups: 1 s, 2 s, 4 s, 8 s, 16 s
			awaitScheduled(t, db)
			began := time.Now()
			wake(t, s, key)
			receive(t, attempts)
			if waited := time.Since(began); failures == 4 && waited > 12*time.Second {
				t.Errorf("a wake-up waited %s after %d failures", waited, failures+1)
			}
		}
	})
}

// awaitScheduled returns when a job waits for its time.
func awaitScheduled(t *testing.T, db *sql.DB) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		var n int
		if err := db.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM river_job WHERE state = 'scheduled'`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			return
		}
		select {
		case <-deadline:
			t.Fatal("no next attempt is on record")
		case <-tick.C:
		}
	}
}

func TestQueuedRunLeftBehindIsAFailure(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		s := shop(t, dsn)
		attempts := make(chan struct{}, 10)
		work(t, s, store.WorkOptions{Reconcile: func(context.Context, aloft.EnvironmentKey) error {
			attempts <- struct{}{}
			return nil
		}})
		accept(t, s, aloft.Run{})
		receive(t, attempts)
		receive(t, attempts)
	})
}

func TestApprovedRunWakes(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		s := shop(t, dsn)
		run := accept(t, s, aloft.Run{})
		finish(t, s, run.ID, aloft.RunRunning, aloft.RunWaiting)
		attempts := make(chan struct{}, 10)
		work(t, s, store.WorkOptions{Reconcile: func(context.Context, aloft.EnvironmentKey) error {
			attempts <- struct{}{}
			return nil
		}})
		receive(t, attempts)
		finish(t, s, run.ID, aloft.RunQueued)
		receive(t, attempts)
	})
}

func TestStopCancelsAndTheNextWorkTakesItUp(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		s := shop(t, dsn)
		entered := make(chan struct{})
		stop := work(t, s, store.WorkOptions{Reconcile: func(ctx context.Context, _ aloft.EnvironmentKey) error {
			entered <- struct{}{}
			<-ctx.Done()
			return ctx.Err()
		}})
		wake(t, s, key)
		receive(t, entered)
		stop()
		seen := make(chan aloft.EnvironmentKey, 1)
		work(t, s, store.WorkOptions{Reconcile: func(_ context.Context, key aloft.EnvironmentKey) error {
			seen <- key
			return nil
		}})
		if got := receive(t, seen); got != key {
			t.Errorf("took up %s", got)
		}
	})
}

func TestWorkersAreLimited(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		s := shop(t, dsn)
		var now, most atomic.Int32
		entered, leave := make(chan struct{}, 6), make(chan struct{})
		work(t, s, store.WorkOptions{Workers: 2, Reconcile: func(context.Context, aloft.EnvironmentKey) error {
			if n := now.Add(1); n > most.Load() {
				most.Store(n)
			}
			defer now.Add(-1)
			entered <- struct{}{}
			<-leave
			return nil
		}})
		for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
			wake(t, s, aloft.EnvironmentKey{Project: "shop", Environment: name})
		}
		for range 6 {
			receive(t, entered)
			leave <- struct{}{}
		}
		if most.Load() > 2 {
			t.Errorf("%d at the same time", most.Load())
		}
	})
}

func TestOneWorkAtATime(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		s := shop(t, dsn)
		swept := make(chan struct{}, 1)
		nothing := func(context.Context, aloft.EnvironmentKey) error { return nil }
		stop := work(t, s, store.WorkOptions{Reconcile: nothing, Sweep: func(context.Context) error {
			swept <- struct{}{}
			return nil
		}})
		receive(t, swept)
		wantCode(t, s.Work(t.Context(), store.WorkOptions{Reconcile: nothing}), aloft.CodeConflict)
		stop()
		if err := s.Work(t.Context(), store.WorkOptions{}); err == nil {
			t.Error("works without a Reconcile")
		}
	})
}

func TestSweep(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		s := shop(t, dsn)
		var now atomic.Int32
		sweeps, seen := make(chan struct{}, 10), make(chan struct{}, 10)
		count := 0
		work(t, s, store.WorkOptions{
			Reconcile: func(context.Context, aloft.EnvironmentKey) error {
				seen <- struct{}{}
				return nil
			},
			Every: time.Second,
			Sweep: func(ctx context.Context) error {
				if now.Add(1) != 1 {
					t.Error("two sweeps at the same time")
				}
				defer now.Add(-1)
				sweeps <- struct{}{}
				switch count++; count {
				case 1:
					return errors.New("broken")
				case 2:
					panic("broken")
				}
				return nil
			},
		})
		receive(t, sweeps) // at the start
		lose(t, dsn)
		receive(t, sweeps)
		receive(t, sweeps)
		receive(t, seen) // what had lost its worker
		var clocks int
		due := `SELECT COUNT(*) FROM river_job WHERE kind = 'sweep' AND CAST(scheduled_at AS TEXT) NOT LIKE '2000%'`
		if err := raw(t, dsn).QueryRowContext(t.Context(), due).Scan(&clocks); err != nil || clocks != 0 {
			t.Errorf("%d sweeps are due by some clock only: %v", clocks, err)
		}
	})
}

// lose records a job as running that no worker has.
func lose(t *testing.T, dsn string) {
	t.Helper()
	_, err := raw(t, dsn).ExecContext(t.Context(), `INSERT INTO river_job (kind, queue, args, max_attempts, state)
		VALUES ('reconcile', 'reconcile', '{"project": "shop", "environment": "alice"}', 25, 'running')`)
	if err != nil {
		t.Fatal(err)
	}
}

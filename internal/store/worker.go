package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/aloft-dev/aloft"
)

// worker works the jobs of one Work.
type worker struct {
	store     *Store
	reconcile func(context.Context, aloft.EnvironmentKey) error
	sweep     func(context.Context) error
	logger    *slog.Logger
	timers    timers
	orphans   orphans
}

type reconcileJob = river.Job[reconcileArgs]

// reconcileJob reconciles an environment until nothing newer is left to do. The
// last look and the completion of the job are one transaction, so that no
// wake-up falls between.
func (w *worker) reconcileJob(ctx context.Context, job *reconcileJob) error {
	w.orphans.begin(job.ID)
	defer w.orphans.end(job.ID)
	key := job.Args.key()
	for failures := 0; ; {
		seen, err := counter(ctx, w.store.db.read, key, counterWake)
		if err != nil {
			return err
		}
		held, release, err := w.store.db.lease.during(ctx)
		if err != nil {
			return err
		}
		err = w.guarded(func() error { return w.reconcile(held, key) })
		paused := held.Err() != nil
		release(nil)
		if err != nil && ctx.Err() != nil {
			return ctx.Err() // River makes the job available again
		}
		if err != nil && paused {
			continue // as soon as it is known whose the records are
		}
		if err != nil {
			failures++
			w.logger.Log(ctx, severity(err), "cannot reconcile", "project", key.Project, "environment", key.Environment, "error", err)
		}
		over, err := w.end(context.WithoutCancel(ctx), job, ending{seen: seen, failures: failures, failed: err != nil})
		if over || err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// severity of a failed reconciliation: in a conflict somebody was faster, which
// is no defect.
func severity(err error) slog.Level {
	if aloft.ErrorCode(err) == aloft.CodeConflict {
		return slog.LevelInfo
	}
	return slog.LevelError
}

// ending is how a reconciliation went.
type ending struct {
	seen     int64 // the wake counter before it
	failures int   // of this job so far
	failed   bool
}

// end completes the job, unless the environment was woken meanwhile. After a
// failure a later job takes its place. Being woken cuts the wait short: to
// nothing after the first failure, to the shortest after more, since a
// reconciliation that wakes itself and fails must not spin.
func (w *worker) end(ctx context.Context, job *reconcileJob, e ending) (over bool, err error) {
	key := job.Args.key()
	var next *rivertype.JobRow
	again := job.Args.Failures + 1
	err = w.store.change(ctx, func(c *change) error {
		count, err := counter(ctx, c, key, counterWake)
		if err != nil {
			return err
		}
		woken := count != e.seen
		if woken && (!e.failed || e.failures == 1) {
			return nil
		}
		if woken {
			again = 1
		}
		if _, err := river.JobCompleteTx[*bellDriver](ctx, c.Tx, job); err != nil {
			return err
		}
		over = true
		left, err := w.left(ctx, c, key)
		if err != nil || !e.failed && !left {
			return err
		}
		next, err = w.retry(ctx, c.Tx, key, again)
		return err
	})
	if err != nil {
		return false, err
	}
	if next != nil {
		w.timers.after(retryAfter(again), func() { w.punctual(ctx, next.ID) })
	}
	return over, nil
}

// left reports whether a run is queued that the reconciler did not take.
func (w *worker) left(ctx context.Context, c *change, key aloft.EnvironmentKey) (bool, error) {
	runs, err := listRuns(ctx, c, aloft.RunFilter{
		Project: key.Project, Environment: key.Environment, Statuses: []aloft.RunStatus{aloft.RunQueued}, Limit: 1,
	})
	return len(runs) > 0, err
}

func (w *worker) retry(ctx context.Context, tx *sql.Tx, key aloft.EnvironmentKey, failures int) (*rivertype.JobRow, error) {
	inserted, err := w.store.queue.InsertTx(ctx, tx,
		reconcileArgs{Project: key.Project, Environment: key.Environment, Failures: failures},
		&river.InsertOpts{ScheduledAt: time.Now().Add(retryAfter(failures))})
	if err != nil {
		return nil, err
	}
	return inserted.Job, nil
}

// punctual makes a job that is due available now, where River's own schedule,
// which remains if this fails, is some seconds late.
func (w *worker) punctual(ctx context.Context, id int64) {
	err := w.store.change(ctx, func(c *change) error {
		due, err := count(ctx, c, `SELECT COUNT(*) FROM river_job WHERE id = $1 AND state = 'scheduled'`, id)
		if err != nil || due == 0 {
			return err
		}
		c.woken = true
		_, err = w.store.queue.JobRetryTx(ctx, c.Tx, id)
		return err
	})
	if err != nil {
		w.logger.Warn("cannot try again in time", "job", id, "error", err)
	}
}

// sweepJob sweeps. What fails is tried again when the next sweep is due.
func (w *worker) sweepJob(ctx context.Context, _ *river.Job[sweepArgs]) error {
	w.store.db.reserve.keep()
	held, release, err := w.store.db.lease.during(ctx)
	if err != nil {
		return err
	}
	err = errors.Join(w.adopt(held), w.guarded(func() error { return w.sweep(held) }))
	release(nil)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		w.logger.Error("cannot sweep", "error", err)
	}
	return nil
}

// guarded turns a panic into an error.
func (w *worker) guarded(do func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = errors.Join(err, fmt.Errorf("panic: %v\n%s", value, debug.Stack()))
		}
	}()
	return do()
}

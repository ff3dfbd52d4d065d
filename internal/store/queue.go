package store

import (
	"context"
	"math"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/aloft-dev/aloft"
)

// The queues of River.
const (
	queueReconcile = "reconcile"
	queueSweep     = "sweep"
)

// active are the states of a job that is still to be worked or being worked.
var active = []rivertype.JobState{
	rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning,
	rivertype.JobStateRetryable, rivertype.JobStateScheduled,
}

// reconcileArgs ask to reconcile an environment. There is at most one active
// job for each.
type reconcileArgs struct {
	Project     string `json:"project" river:"unique"`
	Environment string `json:"environment" river:"unique"`
	Failures    int    `json:"failures,omitempty"` // attempts in a row that failed
}

func (reconcileArgs) Kind() string { return "reconcile" }

func (reconcileArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{
		Queue:       queueReconcile,
		MaxAttempts: math.MaxInt16, // the greatest that River's column holds
		UniqueOpts:  river.UniqueOpts{ByArgs: true, ByState: active},
	}
}

func (a reconcileArgs) key() aloft.EnvironmentKey {
	return aloft.EnvironmentKey{Project: a.Project, Environment: a.Environment}
}

// sweepArgs ask for a sweep. There is at most one active job.
type sweepArgs struct{}

func (sweepArgs) Kind() string { return "sweep" }

// longAgo makes a job due by every clock. River asks the clock of this machine
// when a periodic job becomes due, and that of the database whether it is: were one
// of them wrong, or set back, nothing would be swept for as long.
var longAgo = time.Date(2000, 1, 2, 0, 0, 0, 0, time.UTC)

func (sweepArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{
		ScheduledAt: longAgo,
		Queue:       queueSweep,
		MaxAttempts: math.MaxInt16,
		UniqueOpts:  river.UniqueOpts{ByState: active},
	}
}

// Wake makes the reconciler look at the environment soon. It never blocks on a
// running reconciliation and is never lost: one that began before it is
// followed by another.
func (s *Store) Wake(ctx context.Context, key aloft.EnvironmentKey) error {
	if err := key.Validate(); err != nil {
		return err
	}
	err := s.change(ctx, func(c *change) error { return s.wake(ctx, c, key) })
	return fail(err, "wake the reconciler of %s", key)
}

// wake counts the wake-up and makes sure that there is a job. A running
// reconciliation sees that the count has moved; one that waits for its next
// attempt is brought forward.
func (s *Store) wake(ctx context.Context, c *change, key aloft.EnvironmentKey) error {
	if _, err := c.next(ctx, key, counterWake); err != nil {
		return err
	}
	c.woken = true
	inserted, err := s.queue.InsertTx(ctx, c.Tx, reconcileArgs{Project: key.Project, Environment: key.Environment}, nil)
	if err != nil || !inserted.UniqueSkippedAsDuplicate {
		return err
	}
	_, err = s.queue.JobRetryTx(ctx, c.Tx, inserted.Job.ID) // leaves a running job alone
	return err
}

package store

import (
	"context"
	"fmt"

	"github.com/aloft-dev/aloft"
)

// AcceptRun records a queued run, in one transaction with all that follows from
// it: an up creates its environment when there is none, the queued and waiting
// runs of the environment are superseded, its reconciler is woken.
//
// Plans stand beside the others: they supersede nothing and are superseded by
// nothing. A run that Aloft itself asks for (drift, expiry) never takes the
// place of one that a person asked for: while there is any queued or waiting
// it is CodeConflict. An unknown project is CodeNotFound, and so is an
// environment that is not there for any operation but up and plan.
func (s *Store) AcceptRun(ctx context.Context, run aloft.Run) (accepted aloft.Run, superseded []aloft.Run, err error) {
	if err := run.EnvironmentKey.Validate(); err != nil {
		return aloft.Run{}, nil, err
	}
	err = s.change(ctx, func(c *change) error {
		if _, err := readProject(ctx, c, run.Project); err != nil {
			return err
		}
		if err := c.createEnvironment(ctx, run); err != nil {
			return err
		}
		if run.ID, err = c.next(ctx, aloft.EnvironmentKey{}, counterRun); err != nil {
			return err
		}
		if superseded, err = c.supersede(ctx, run); err != nil {
			return err
		}
		if accepted, err = c.enqueue(ctx, run); err != nil {
			return err
		}
		return s.wake(ctx, c, run.EnvironmentKey)
	})
	if err != nil {
		return aloft.Run{}, nil, fail(err, "accept a run of %s", run.EnvironmentKey)
	}
	return accepted, superseded, nil
}

// supersede ends the runs whose place the run takes, and returns them, newest first.
func (c *change) supersede(ctx context.Context, by aloft.Run) ([]aloft.Run, error) {
	if by.Operation == aloft.OperationPlan {
		return nil, nil
	}
	old, err := list(ctx, c, scanRun, `SELECT `+runColumns+` FROM runs
		WHERE project = $1 AND environment = $2 AND status IN ($3, $4) AND operation <> $5 ORDER BY id DESC`,
		by.Project, by.Environment, aloft.RunQueued, aloft.RunWaiting, aloft.OperationPlan)
	if err != nil {
		return nil, err
	}
	own := by.Trigger == aloft.TriggerDrift || by.Trigger == aloft.TriggerExpiry
	if own && len(old) > 0 {
		return nil, aloft.Errorf(aloft.CodeConflict, "run %d of %s is already %s", old[0].ID, by.EnvironmentKey, old[0].Status)
	}
	for i := range old {
		old[i].Status, old[i].FinishedAt = aloft.RunSuperseded, c.now
		old[i].Error, old[i].ErrorCode = fmt.Sprintf("superseded by run %d", by.ID), aloft.CodeConflict
		if err := c.putRun(ctx, old[i]); err != nil {
			return nil, err
		}
	}
	return old, nil
}

// enqueue records the run, which has its number, as a new one.
func (c *change) enqueue(ctx context.Context, run aloft.Run) (aloft.Run, error) {
	run.Status, run.CreatedAt = aloft.RunQueued, c.now
	run.StartedAt, run.FinishedAt = whole(run.StartedAt), whole(run.FinishedAt)
	return run, c.putRun(ctx, run)
}

package store

import (
	"context"

	"github.com/aloft-dev/aloft"
)

// PutStep records a step; one of that name of the run is replaced and keeps its place.
func (s *Store) PutStep(ctx context.Context, step aloft.Step) error {
	err := s.change(ctx, func(c *change) error {
		run, err := readRun(ctx, c, step.RunID)
		if err != nil {
			return err
		}
		c.tell(Event{Key: run.EnvironmentKey, RunID: run.ID})
		return c.exec(ctx, `
			INSERT INTO steps (run_id, name, position, status, reason, started_at, finished_at)
			VALUES ($1, $2, (SELECT COUNT(*) + 1 FROM steps WHERE run_id = $1), $3, $4, $5, $6)
			ON CONFLICT (run_id, name) DO UPDATE SET status = excluded.status, reason = excluded.reason,
				started_at = excluded.started_at, finished_at = excluded.finished_at`,
			step.RunID, step.Name, step.Status, text(step.Reason), millis(step.StartedAt), millis(step.FinishedAt))
	})
	return fail(err, "record step %s of run %d", step.Name, step.RunID)
}

// Steps returns the steps of a run in the order in which they were first recorded.
func (s *Store) Steps(ctx context.Context, runID int64) ([]aloft.Step, error) {
	steps, err := list(ctx, s.db.read, scanStep,
		`SELECT run_id, name, status, reason, started_at, finished_at FROM steps WHERE run_id = $1 ORDER BY position`, runID)
	if err == nil && len(steps) == 0 {
		_, err = readRun(ctx, s.db.read, runID)
	}
	return steps, fail(err, "read the steps of run %d", runID)
}

func scanStep(r row) (aloft.Step, error) {
	var step aloft.Step
	var started, finished int64
	err := r.Scan(&step.RunID, &step.Name, &step.Status, &step.Reason, &started, &finished)
	step.StartedAt, step.FinishedAt = instant(started), instant(finished)
	return step, err
}

package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aloft-dev/aloft"
)

const runColumns = `id, project, environment, operation, status, triggered_by, actor, revision, title, options,
	release_number, error, error_code, hint, plan_digest, approved, approver, created_at, started_at, finished_at`

const defaultRuns = 50

var unfinished = []aloft.RunStatus{aloft.RunQueued, aloft.RunRunning, aloft.RunWaiting}

// Run returns a run.
func (s *Store) Run(ctx context.Context, id int64) (aloft.Run, error) {
	run, err := readRun(ctx, s.db.read, id)
	return run, fail(err, "read run %d", id)
}

// Runs returns the newest runs that filter lets through, newest first.
func (s *Store) Runs(ctx context.Context, filter aloft.RunFilter) ([]aloft.Run, error) {
	runs, err := listRuns(ctx, s.db.read, filter)
	return runs, fail(err, "list the runs")
}

// UpdateRun loads a run, lets change alter it and saves it, in one transaction.
// What change does to ID, key and CreatedAt does not count. It must not use the
// Store. Its error is returned, and nothing is saved. A run that becomes queued
// again wakes the reconciler.
func (s *Store) UpdateRun(ctx context.Context, id int64, alter func(*aloft.Run) error) (aloft.Run, error) {
	var after aloft.Run
	err := s.change(ctx, func(c *change) error {
		before, err := readRun(ctx, c, id)
		if err != nil {
			return err
		}
		after = before
		if err := alter(&after); err != nil {
			return err
		}
		if !before.Status.CanBecome(after.Status) {
			return aloft.Errorf(aloft.CodeConflict, "run %d is %s and cannot become %s", id, before.Status, after.Status)
		}
		after.ID, after.EnvironmentKey, after.CreatedAt = id, before.EnvironmentKey, before.CreatedAt
		after.StartedAt, after.FinishedAt = whole(after.StartedAt), whole(after.FinishedAt)
		if after == before {
			return nil
		}
		if err := c.putRun(ctx, after); err != nil {
			return err
		}
		if after.Status == aloft.RunQueued && before.Status != aloft.RunQueued {
			return s.wake(ctx, c, after.EnvironmentKey)
		}
		return nil
	})
	if err != nil {
		return aloft.Run{}, fail(err, "update run %d", id)
	}
	return after, nil
}

func (c *change) putRun(ctx context.Context, r aloft.Run) error {
	c.tell(Event{Key: r.EnvironmentKey, RunID: r.ID})
	return c.exec(ctx, `INSERT INTO runs (`+runColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
		ON CONFLICT (id) DO UPDATE SET operation = excluded.operation, status = excluded.status,
			triggered_by = excluded.triggered_by, actor = excluded.actor, revision = excluded.revision,
			title = excluded.title, options = excluded.options, release_number = excluded.release_number,
			error = excluded.error, error_code = excluded.error_code, hint = excluded.hint,
			plan_digest = excluded.plan_digest, approved = excluded.approved, approver = excluded.approver,
			started_at = excluded.started_at, finished_at = excluded.finished_at`,
		r.ID, r.Project, r.Environment, r.Operation, r.Status, r.Trigger, text(r.Actor), text(r.Revision), text(r.Title),
		toJSON(r.Options), r.Release, text(r.Error), r.ErrorCode, text(r.Hint), text(r.PlanDigest), text(r.Approved),
		text(r.Approver), millis(r.CreatedAt), millis(r.StartedAt), millis(r.FinishedAt))
}

func readRun(ctx context.Context, q querier, id int64) (aloft.Run, error) {
	run, err := scanRun(q.QueryRowContext(ctx, `SELECT `+runColumns+` FROM runs WHERE id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return run, missing("run %d", id)
	}
	return run, err
}

func listRuns(ctx context.Context, q querier, filter aloft.RunFilter) ([]aloft.Run, error) {
	var where conditions
	if filter.Project != "" {
		where.add("project = ?", filter.Project)
	}
	if filter.Environment != "" {
		where.add("environment = ?", filter.Environment)
	}
	oneOf(&where, "status", filter.Statuses)
	limit := filter.Limit
	if limit <= 0 {
		limit = defaultRuns
	}
	return list(ctx, q, scanRun,
		fmt.Sprintf(`SELECT %s FROM runs%s ORDER BY id DESC LIMIT %d`, runColumns, where.String(), limit), where.args...)
}

func scanRun(r row) (aloft.Run, error) {
	var run aloft.Run
	var options string
	var created, started, finished int64
	err := r.Scan(&run.ID, &run.Project, &run.Environment, &run.Operation, &run.Status, &run.Trigger, &run.Actor,
		&run.Revision, &run.Title, &options, &run.Release, &run.Error, &run.ErrorCode, &run.Hint,
		&run.PlanDigest, &run.Approved, &run.Approver, &created, &started, &finished)
	if err != nil {
		return run, err
	}
	run.CreatedAt, run.StartedAt, run.FinishedAt = instant(created), instant(started), instant(finished)
	return run, json.Unmarshal([]byte(options), &run.Options)
}

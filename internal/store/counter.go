package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/aloft-dev/aloft"
)

// The counters. They only ever grow, whatever becomes of the things they count.
const (
	counterRun   = "run"   // of the whole store: the newest run's id
	counterWake  = "wake"  // of an environment: how often it was woken
	counterState = "state" // of an environment: its newest state's version
)

// next increments a counter and returns it; the first value is 1.
func (c *change) next(ctx context.Context, key aloft.EnvironmentKey, name string) (int64, error) {
	return count(ctx, c, `
		INSERT INTO counters (project, environment, name, value) VALUES ($1, $2, $3, 1)
		ON CONFLICT (project, environment, name) DO UPDATE SET value = counters.value + 1
		RETURNING value`, key.Project, key.Environment, name)
}

// counter returns a counter as it is; 0 before its first increment.
func counter(ctx context.Context, q querier, key aloft.EnvironmentKey, name string) (int64, error) {
	value, err := count(ctx, q, `SELECT value FROM counters WHERE project = $1 AND environment = $2 AND name = $3`,
		key.Project, key.Environment, name)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return value, err
}

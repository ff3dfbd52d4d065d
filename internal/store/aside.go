package store

import (
	"context"
	"errors"

	"github.com/aloft-dev/aloft"
)

const asideColumns = stateColumns + `, reason, aside_at`

// StatesAside returns the versions that were deleted or refused, newest first.
func (s *Store) StatesAside(ctx context.Context, key aloft.EnvironmentKey) ([]aloft.StateVersion, error) {
	versions, err := list(ctx, s.db.read, scanAside,
		`SELECT `+asideColumns+` FROM states_aside WHERE project = $1 AND environment = $2 ORDER BY version DESC`, key.Project, key.Environment)
	return versions, fail(err, "list the states of %s", key)
}

// DeleteState puts every version of a state aside, and forgets its lock. None is
// fine. When the newest holds resources it is CodeConflict. Numbers go on from
// where they were: a version is never used again.
func (s *Store) DeleteState(ctx context.Context, key aloft.EnvironmentKey) error {
	return s.deleteState(ctx, key, false)
}

// DiscardState is DeleteState whatever the state holds.
func (s *Store) DiscardState(ctx context.Context, key aloft.EnvironmentKey) error {
	return s.deleteState(ctx, key, true)
}

func (s *Store) deleteState(ctx context.Context, key aloft.EnvironmentKey, discard bool) error {
	err := s.change(ctx, func(c *change) error {
		newest, err := newestState(ctx, c, key)
		if err != nil {
			return err
		}
		if newest.Resources > 0 && !discard {
			return aloft.Errorf(aloft.CodeConflict, "the state of %s is not deleted: its newest version, %d, holds %d resources", key, newest.Version, newest.Resources).
				WithHint("destroy them, or take them out of the state: aloft terraform %s -- state rm ADDRESS", key.Environment)
		}
		c.tell(Event{Key: key})
		return errors.Join(
			c.exec(ctx, `INSERT INTO states_aside (`+asideColumns+`, sealed)
				SELECT `+stateColumns+`, CAST($3 AS TEXT), CAST($4 AS BIGINT), sealed FROM states WHERE project = $1 AND environment = $2`,
				key.Project, key.Environment, aloft.StateDeleted, millis(c.now)),
			c.exec(ctx, `DELETE FROM states WHERE project = $1 AND environment = $2`, key.Project, key.Environment),
			c.exec(ctx, `DELETE FROM state_locks WHERE project = $1 AND environment = $2`, key.Project, key.Environment),
			c.pruneStates(ctx))
	})
	return fail(err, "delete the state of %s", key)
}

// refuseState keeps a write aside.
func (c *change) refuseState(ctx context.Context, v aloft.StateVersion, sealed []byte, reason string) (aloft.StateVersion, error) {
	var err error
	if v.Version, err = c.next(ctx, v.EnvironmentKey, counterState); err != nil {
		return v, err
	}
	v.CreatedAt, v.Aside, v.AsideAt = c.now, reason, c.now
	c.tell(Event{Key: v.EnvironmentKey})
	return v, errors.Join(
		c.exec(ctx, `INSERT INTO states_aside (`+asideColumns+`, sealed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
			v.Project, v.Environment, v.Version, v.Serial, text(v.Lineage), v.Resources, v.SizeBytes, v.RunID, millis(v.CreatedAt),
			text(reason), millis(v.AsideAt), sealed),
		c.exec(ctx, `DELETE FROM states_aside WHERE project = $1 AND environment = $2 AND reason <> $3 AND version <= (
			SELECT version FROM states_aside WHERE project = $1 AND environment = $2 AND reason <> $3 ORDER BY version DESC LIMIT 1 OFFSET $4)`,
			v.Project, v.Environment, aloft.StateDeleted, aloft.RefusedStatesKept),
		c.pruneStates(ctx))
}

// PruneStates forgets the states that were put aside longer ago than
// aloft.DeletedStatesKept.
func (s *Store) PruneStates(ctx context.Context) error {
	err := s.change(ctx, func(c *change) error { return c.pruneStates(ctx) })
	return fail(err, "forget states that were deleted")
}

func (c *change) pruneStates(ctx context.Context) error {
	return c.exec(ctx, `DELETE FROM states_aside WHERE aside_at < $1`, millis(c.now.Add(-aloft.DeletedStatesKept)))
}

func scanAside(r row) (aloft.StateVersion, error) {
	var reason string
	var at int64
	v, err := scanState(followedBy{r, []any{&reason, &at}})
	v.Aside, v.AsideAt = reason, instant(at)
	return v, err
}

// followedBy is a row with columns after those that are scanned.
type followedBy struct {
	row
	more []any
}

func (r followedBy) Scan(dest ...any) error { return r.row.Scan(append(dest, r.more...)...) }

package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/aloft-dev/aloft"
)

const stateColumns = `project, environment, version, serial, lineage, resources, size_bytes, run_id, created_at`

// PutState adds a version and prunes those beyond aloft.StateVersionsKept. When
// the state is locked by another lockID it is CodeConflict and keeps nothing.
func (s *Store) PutState(ctx context.Context, v aloft.StateVersion, sealed []byte, lockID string) (aloft.StateVersion, error) {
	err := s.change(ctx, func(c *change) error {
		lock, err := readLock(ctx, c, v.EnvironmentKey)
		if err == nil && lock.ID != lockID {
			return lockedState(v.EnvironmentKey, lock)
		}
		if err != nil && aloft.ErrorCode(err) != aloft.CodeNotFound {
			return err
		}
		if v.Version, err = c.next(ctx, v.EnvironmentKey, counterState); err != nil {
			return err
		}
		v.CreatedAt = c.now
		c.tell(Event{Key: v.EnvironmentKey})
		err = c.exec(ctx, `INSERT INTO states (`+stateColumns+`, sealed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			v.Project, v.Environment, v.Version, v.Serial, text(v.Lineage), v.Resources, v.SizeBytes, v.RunID, millis(v.CreatedAt), sealed)
		if err != nil {
			return err
		}
		return c.exec(ctx, `DELETE FROM states WHERE project = $1 AND environment = $2 AND version <= $3`,
			v.Project, v.Environment, v.Version-aloft.StateVersionsKept)
	})
	if err != nil {
		return aloft.StateVersion{}, fail(err, "keep the state of %s", v.EnvironmentKey)
	}
	return v, nil
}

// State returns a version of a state, still sealed; 0 = the newest.
func (s *Store) State(ctx context.Context, key aloft.EnvironmentKey, version int64) (aloft.StateVersion, []byte, error) {
	var sealed []byte
	v, err := scanState(withData{s.db.read.QueryRowContext(ctx, `SELECT `+stateColumns+`, sealed FROM states
		WHERE project = $1 AND environment = $2 AND ($3 = 0 OR version = $3) ORDER BY version DESC LIMIT 1`,
		key.Project, key.Environment, version), &sealed})
	if errors.Is(err, sql.ErrNoRows) && version == 0 {
		err = missing("a state of %s", key)
	} else if errors.Is(err, sql.ErrNoRows) {
		err = missing("version %d of the state of %s", version, key)
	}
	return v, sealed, fail(err, "read the state of %s", key)
}

// StateVersions returns the versions that are kept, newest first.
func (s *Store) StateVersions(ctx context.Context, key aloft.EnvironmentKey) ([]aloft.StateVersion, error) {
	versions, err := list(ctx, s.db.read, scanState,
		`SELECT `+stateColumns+` FROM states WHERE project = $1 AND environment = $2 ORDER BY version DESC`, key.Project, key.Environment)
	return versions, fail(err, "list the states of %s", key)
}

// DeleteState forgets every version of a state, and its lock. None is fine.
// Numbers go on from where they were: a version is never used again.
func (s *Store) DeleteState(ctx context.Context, key aloft.EnvironmentKey) error {
	err := s.change(ctx, func(c *change) error {
		c.tell(Event{Key: key})
		return errors.Join(
			c.exec(ctx, `DELETE FROM states WHERE project = $1 AND environment = $2`, key.Project, key.Environment),
			c.exec(ctx, `DELETE FROM state_locks WHERE project = $1 AND environment = $2`, key.Project, key.Environment))
	})
	return fail(err, "delete the state of %s", key)
}

// DiscardState is DeleteState, whatever is in the state.
func (s *Store) DiscardState(ctx context.Context, key aloft.EnvironmentKey) error {
	return s.DeleteState(ctx, key)
}

// withData is a row whose last column is the sealed state.
type withData struct {
	row
	sealed *[]byte
}

func (r withData) Scan(dest ...any) error { return r.row.Scan(append(dest, r.sealed)...) }

func scanState(r row) (aloft.StateVersion, error) {
	var v aloft.StateVersion
	var created int64
	err := r.Scan(&v.Project, &v.Environment, &v.Version, &v.Serial, &v.Lineage, &v.Resources, &v.SizeBytes, &v.RunID, &created)
	v.CreatedAt = instant(created)
	return v, err
}

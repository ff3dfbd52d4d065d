package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/aloft-dev/aloft"
)

const stateColumns = `project, environment, version, serial, lineage, resources, size_bytes, run_id, created_at`

// PutState adds a version and prunes those beyond aloft.StateVersionsKept. What
// does not follow from the lock that is held and from the newest version is
// CodeConflict and kept aside.
func (s *Store) PutState(ctx context.Context, v aloft.StateVersion, sealed []byte, lockID string) (aloft.StateVersion, error) {
	var refused *aloft.Error
	err := s.change(ctx, func(c *change) error {
		if _, err := readProject(ctx, c, v.Project); err != nil {
			return noProject(err, v.Project)
		}
		lock, err := heldLock(ctx, c, v.EnvironmentKey)
		if err != nil {
			return err
		}
		newest, err := newestState(ctx, c, v.EnvironmentKey)
		if err != nil {
			return err
		}
		if refused, _ = errors.AsType[*aloft.Error](v.CheckWrite(lockID, lock, newest)); refused != nil {
			v, err = c.refuseState(ctx, v, sealed, refused.Message)
			return err
		}
		v, err = c.addState(ctx, v, sealed)
		return err
	})
	if err != nil {
		return aloft.StateVersion{}, fail(err, "keep the state of %s", v.EnvironmentKey)
	}
	if refused != nil {
		return v, aloft.Errorf(refused.Code, "%s; what was written is kept aside as version %d", refused.Message, v.Version).
			WithHint("Aloft goes on from the newest version: push again, or look at both: aloft state list %s --all", v.Environment)
	}
	return v, nil
}

// RestoreState adds a version, whatever its serial and lineage. When the state is
// locked by another lockID it is CodeConflict.
func (s *Store) RestoreState(ctx context.Context, v aloft.StateVersion, sealed []byte, lockID string) (aloft.StateVersion, error) {
	err := s.change(ctx, func(c *change) error {
		lock, err := heldLock(ctx, c, v.EnvironmentKey)
		if err == nil {
			err = v.CheckWrite(lockID, lock, aloft.StateVersion{})
		}
		if err != nil {
			return err
		}
		v, err = c.addState(ctx, v, sealed)
		return err
	})
	if err != nil {
		return aloft.StateVersion{}, fail(err, "restore the state of %s", v.EnvironmentKey)
	}
	return v, nil
}

// addState makes a version the newest.
func (c *change) addState(ctx context.Context, v aloft.StateVersion, sealed []byte) (aloft.StateVersion, error) {
	var err error
	if v.Version, err = c.next(ctx, v.EnvironmentKey, counterState); err != nil {
		return v, err
	}
	v.CreatedAt = c.now
	c.tell(Event{Key: v.EnvironmentKey})
	return v, errors.Join(
		c.exec(ctx, `INSERT INTO states (`+stateColumns+`, sealed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			v.Project, v.Environment, v.Version, v.Serial, text(v.Lineage), v.Resources, v.SizeBytes, v.RunID, millis(v.CreatedAt), sealed),
		c.exec(ctx, `DELETE FROM states WHERE project = $1 AND environment = $2 AND version <= (
			SELECT version FROM states WHERE project = $1 AND environment = $2 ORDER BY version DESC LIMIT 1 OFFSET $3)`,
			v.Project, v.Environment, aloft.StateVersionsKept))
}

// State returns a version of a state, still sealed; 0 = the newest in the history.
func (s *Store) State(ctx context.Context, key aloft.EnvironmentKey, version int64) (aloft.StateVersion, []byte, error) {
	var sealed []byte
	v, err := scanState(withData{s.db.read.QueryRowContext(ctx, `SELECT `+stateColumns+`, sealed FROM states
		WHERE project = $1 AND environment = $2 AND ($3 = 0 OR version = $3) ORDER BY version DESC LIMIT 1`,
		key.Project, key.Environment, version), &sealed})
	if errors.Is(err, sql.ErrNoRows) && version != 0 {
		v, err = scanAside(withData{s.db.read.QueryRowContext(ctx, `SELECT `+asideColumns+`, sealed FROM states_aside
			WHERE project = $1 AND environment = $2 AND version = $3`, key.Project, key.Environment, version), &sealed})
	}
	if errors.Is(err, sql.ErrNoRows) && version == 0 {
		err = missing("a state of %s", key)
	} else if errors.Is(err, sql.ErrNoRows) {
		err = missing("version %d of the state of %s", version, key)
	}
	return v, sealed, fail(err, "read the state of %s", key)
}

// StateVersions returns the versions in the history, newest first.
func (s *Store) StateVersions(ctx context.Context, key aloft.EnvironmentKey) ([]aloft.StateVersion, error) {
	versions, err := list(ctx, s.db.read, scanState,
		`SELECT `+stateColumns+` FROM states WHERE project = $1 AND environment = $2 ORDER BY version DESC`, key.Project, key.Environment)
	return versions, fail(err, "list the states of %s", key)
}

// newestState returns the newest version, the zero value when there is none.
func newestState(ctx context.Context, q querier, key aloft.EnvironmentKey) (aloft.StateVersion, error) {
	v, err := scanState(q.QueryRowContext(ctx, `SELECT `+stateColumns+` FROM states
		WHERE project = $1 AND environment = $2 ORDER BY version DESC LIMIT 1`, key.Project, key.Environment))
	if errors.Is(err, sql.ErrNoRows) {
		return aloft.StateVersion{}, nil
	}
	return v, err
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

// noProject says what to do when a project that is written to does not exist.
func noProject(err error, project string) error {
	if aloft.ErrorCode(err) != aloft.CodeNotFound {
		return err
	}
	return aloft.Errorf(aloft.CodeNotFound, "project %s does not exist", project).
		WithHint("make it first: aloft project create %s", project)
}

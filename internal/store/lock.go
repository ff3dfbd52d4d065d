package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/aloft-dev/aloft"
)

const lockColumns = `id, operation, info, who, version, created, path, run_id`

// LockState takes the lock of a state. If another has it, it returns that one
// and CodeConflict; without its project it is CodeNotFound. Taking it twice with the same ID is fine: a client whose
// answer was lost asks again.
func (s *Store) LockState(ctx context.Context, key aloft.EnvironmentKey, lock aloft.Lock) (aloft.Lock, error) {
	if lock.ID == "" {
		return aloft.Lock{}, aloft.Errorf(aloft.CodeInvalid, "cannot lock the state of %s: the lock has no ID", key)
	}
	held := lock
	err := s.change(ctx, func(c *change) error {
		if _, err := readProject(ctx, c, key.Project); err != nil {
			return noProject(err, key.Project)
		}
		existing, err := readLock(ctx, c, key)
		if err == nil {
			held = existing
			if existing.ID != lock.ID {
				return existing.Held(key)
			}
			return nil
		}
		if aloft.ErrorCode(err) != aloft.CodeNotFound {
			return err
		}
		return c.exec(ctx, `INSERT INTO state_locks (project, environment, `+lockColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			key.Project, key.Environment, lock.ID, text(lock.Operation), text(lock.Info), text(lock.Who), text(lock.Version),
			lock.Created.Format(time.RFC3339Nano), text(lock.Path), lock.RunID)
	})
	return held, fail(err, "lock the state of %s", key)
}

// UnlockState releases the lock with that ID, "" = any, for a run, 0 = a person,
// and returns it. Another ID is CodeConflict, no lock CodeNotFound. A run opens its
// own locks only, and nobody else those of a run that is running: CodeConflict.
func (s *Store) UnlockState(ctx context.Context, key aloft.EnvironmentKey, id string, runID int64) (aloft.Lock, error) {
	var lock aloft.Lock
	err := s.change(ctx, func(c *change) error {
		var err error
		if lock, err = readLock(ctx, c, key); err != nil {
			return err
		}
		if id != "" && id != lock.ID || runID != 0 && runID != lock.RunID {
			return lock.Held(key)
		}
		if lock.RunID != runID {
			if err := ended(ctx, c, key, lock); err != nil {
				return err
			}
		}
		return c.exec(ctx, `DELETE FROM state_locks WHERE project = $1 AND environment = $2`, key.Project, key.Environment)
	})
	return lock, fail(err, "unlock the state of %s", key)
}

// ended is CodeConflict while the run that holds a lock is running.
func ended(ctx context.Context, q querier, key aloft.EnvironmentKey, lock aloft.Lock) error {
	run, err := readRun(ctx, q, lock.RunID)
	if aloft.ErrorCode(err) == aloft.CodeNotFound {
		return nil
	}
	if err == nil && run.Status == aloft.RunRunning {
		return lock.Held(key)
	}
	return err
}

// StateLock returns the lock of a state.
func (s *Store) StateLock(ctx context.Context, key aloft.EnvironmentKey) (aloft.Lock, error) {
	lock, err := readLock(ctx, s.db.read, key)
	return lock, fail(err, "read the lock of the state of %s", key)
}

// UnlockRun releases every lock of a run that has ended and returns whose they
// were. Locks of people (run 0) are never released by it.
func (s *Store) UnlockRun(ctx context.Context, runID int64) ([]aloft.EnvironmentKey, error) {
	keys := []aloft.EnvironmentKey{}
	if runID == 0 {
		return keys, nil
	}
	err := s.change(ctx, func(c *change) error {
		var err error
		keys, err = list(ctx, c, scanKey, `SELECT project, environment FROM state_locks WHERE run_id = $1 ORDER BY project, environment`, runID)
		if err != nil || len(keys) == 0 {
			return err
		}
		return c.exec(ctx, `DELETE FROM state_locks WHERE run_id = $1`, runID)
	})
	return keys, fail(err, "release the locks of run %d", runID)
}

func readLock(ctx context.Context, q querier, key aloft.EnvironmentKey) (aloft.Lock, error) {
	var lock aloft.Lock
	var created string
	err := q.QueryRowContext(ctx, `SELECT `+lockColumns+` FROM state_locks WHERE project = $1 AND environment = $2`,
		key.Project, key.Environment).
		Scan(&lock.ID, &lock.Operation, &lock.Info, &lock.Who, &lock.Version, &created, &lock.Path, &lock.RunID)
	if errors.Is(err, sql.ErrNoRows) {
		return lock, missing("a lock of the state of %s", key)
	}
	if err != nil {
		return lock, err
	}
	lock.Created, err = time.Parse(time.RFC3339Nano, created)
	return lock, err
}

// heldLock is readLock with the zero value where there is none.
func heldLock(ctx context.Context, q querier, key aloft.EnvironmentKey) (aloft.Lock, error) {
	lock, err := readLock(ctx, q, key)
	if aloft.ErrorCode(err) == aloft.CodeNotFound {
		return aloft.Lock{}, nil
	}
	return lock, err
}

func scanKey(r row) (key aloft.EnvironmentKey, err error) {
	err = r.Scan(&key.Project, &key.Environment)
	return key, err
}

// Package store keeps every record: projects, environments, runs, releases, what
// Terraform declared for the local target, states and their locks, and the queue
// of environments to reconcile. Records lie in SQLite, or in PostgreSQL when
// told; secret values are sealed before they get there.
//
// It imports the root package.
package store

import (
	"context"
	"database/sql"
	"errors"
	"sync/atomic"
	"time"

	"github.com/riverqueue/river"

	"github.com/aloft-dev/aloft"
)

// The contracts that a Store keeps.
var (
	_ aloft.EnvironmentStore = (*Store)(nil)
	_ aloft.RunStore         = (*Store)(nil)
	_ aloft.ReleaseStore     = (*Store)(nil)
	_ aloft.LocalStore       = (*Store)(nil)
	_ aloft.StateStore       = (*Store)(nil)
)

// Options say where the records are.
type Options struct {
	DSN    string           // path of a SQLite file, or postgres://…
	Sealer *aloft.Sealer    // seals secret values; required
	Clock  func() time.Time // nil = time.Now
}

// Store keeps records. Its methods may be called from many goroutines. Their
// errors carry a code: CodeNotFound, CodeConflict and CodeInvalid as the
// contracts say, CodeCanceled when the context ended, CodeUnavailable when the
// database cannot be reached or written.
type Store struct {
	db      database
	sealer  *aloft.Sealer
	clock   func() time.Time
	queue   *river.Client[*sql.Tx] // inserts only; Work has its own
	bell    bell
	events  events
	working atomic.Bool
}

// database is one of the two kinds of database, opened and locked.
type database struct {
	write   *sql.DB // transactions that change something, and the queue
	read    *sql.DB
	dialect dialect
	release func() error // gives the lock back, after the pools are closed
	reserve reserve
}

func (d database) close() error {
	err := d.write.Close()
	if d.read != d.write {
		err = errors.Join(err, d.read.Close())
	}
	return errors.Join(err, d.release())
}

// Open opens the records and brings their schema up to date; a SQLite file that
// is not there is created. Only one Store at a time can have them open:
// CodeConflict otherwise, as well as for records that a newer version of Aloft
// wrote or that were sealed with another key.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Sealer == nil {
		return nil, errors.New("cannot open the records: no sealer was given")
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	open := openSQLite
	if isPostgreSQL(o.DSN) {
		open = openPostgreSQL
	}
	db, err := open(ctx, o.DSN)
	if err != nil {
		return nil, fail(err, "open the records")
	}
	db.reserve.keep()
	s := &Store{db: db, sealer: o.Sealer, clock: o.Clock, bell: newBell()}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(fail(err, "open the records"), db.close())
	}
	return s, nil
}

func (s *Store) prepare(ctx context.Context) error {
	if err := migrate(ctx, s.db); err != nil {
		return err
	}
	if err := s.checkSeal(ctx); err != nil {
		return err
	}
	queue, err := river.NewClient(s.db.driver(s.bell), &river.Config{Logger: quiet(nil)})
	s.queue = queue
	return err
}

// Close closes the records, once Work has returned.
func (s *Store) Close() error { return s.db.close() }

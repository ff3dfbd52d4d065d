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
	// Data is the data folder: artifacts in it are recorded relative to it, so that
	// it may be copied elsewhere; "" = they are recorded as they are.
	Data string
	// Lease is for how long the records are this Store's after its process was
	// killed, where they are in PostgreSQL; 0 = 8 s.
	Lease time.Duration
}

// Store keeps records. Its methods may be called from many goroutines. Their
// errors carry a code: CodeNotFound, CodeConflict and CodeInvalid as the
// contracts say, CodeCanceled when the context ended, CodeUnavailable when the
// database cannot be reached or written.
type Store struct {
	db      database
	data    string
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
	lease   *lease
	opened  func() error // lets others try to open it; nil = they cannot
	reserve reserve
}

func (d database) close() error {
	err := d.write.Close()
	if d.read != d.write {
		err = errors.Join(err, d.read.Close())
	}
	return errors.Join(err, d.lease.end())
}

// Open opens the records and brings their schema up to date; a SQLite file that
// is not there is created. Only one Store at a time can have them open:
// CodeConflict otherwise, as well as for records that a newer version of Aloft
// wrote or that were sealed with another key. A Store that another server has
// taken the records from, since it stood still for too long, can change nothing
// any more: CodeUnavailable.
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
	db, err := open(ctx, o)
	if err != nil {
		return nil, fail(err, "open the records")
	}
	db.reserve.keep()
	s := &Store{db: db, data: o.Data, sealer: o.Sealer, clock: o.Clock, bell: newBell()}
	err = s.prepare(ctx)
	if db.opened != nil {
		err = errors.Join(err, db.opened())
	}
	if err != nil {
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

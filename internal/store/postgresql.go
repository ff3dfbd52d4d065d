package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"

	"github.com/aloft-dev/aloft"
)

// Advisory locks in the PostgreSQL database.
const (
	openingLock int64 = 0x616c6f6674 << 8 // held by the one server that is opening the records
	writerLock        = openingLock + 1   // held by the one transaction that changes records
)

var postgresDialect = dialect{
	goose:  goose.DialectPostgres,
	driver: func(db *sql.DB) riverdriver.Driver[*sql.Tx] { return riverdatabasesql.New(db) },
}

const (
	connections = 16
	// openingPatience is how long to wait for another server that opens the records.
	openingPatience = 10 * time.Second
	lockInterval    = 100 * time.Millisecond
)

// openPostgreSQL takes the lease, unless a living server has it. The lease is
// older than the schema, since nobody may change that under a living server.
func openPostgreSQL(ctx context.Context, o Options) (database, error) {
	config, err := pgx.ParseConfig(o.DSN)
	if err != nil {
		return database{}, aloft.Errorf(aloft.CodeInvalid, "cannot open the records: %w", err)
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "aloft"
	}
	if o.Lease <= 0 {
		o.Lease = defaultLease
	}
	// A server that stands still in a transaction must not keep its lease by that.
	config.RuntimeParams["idle_in_transaction_session_timeout"] = strconv.FormatInt(o.Lease.Milliseconds(), 10)
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections / 2)
	opened, err := lockOpening(ctx, *config)
	if err != nil {
		return database{}, errors.Join(err, db.Close())
	}
	leases := stdlib.OpenDB(*config) // of its own, so that renewing waits for nobody
	leases.SetMaxOpenConns(2)
	holding, err := takeLease(ctx, leases, o.Lease)
	if err != nil {
		return database{}, errors.Join(err, leases.Close(), opened(), db.Close())
	}
	return database{write: db, read: db, dialect: postgresDialect, lease: keepLease(holding, o.Lease), opened: opened}, nil
}

// lockOpening makes this server the only one that opens the records, on a
// connection of its own. PostgreSQL releases it when that connection ends.
// Versions without leases hold it for as long as they run.
func lockOpening(ctx context.Context, config pgx.ConnConfig) (opened func() error, err error) {
	conn, err := pgx.ConnectConfig(ctx, &config)
	if err != nil {
		return nil, err
	}
	opened = func() error { return conn.Close(context.WithoutCancel(ctx)) }
	deadline := time.Now().Add(openingPatience)
	for {
		var locked bool
		if err := conn.QueryRow(ctx, `SELECT pg_try_advisory_lock($1)`, openingLock).Scan(&locked); err != nil {
			return nil, errors.Join(err, opened())
		}
		if locked {
			return opened, nil
		}
		if time.Now().After(deadline) {
			return nil, errors.Join(heldBy("another Aloft server"), opened())
		}
		if err := pause(ctx); err != nil {
			return nil, errors.Join(err, opened())
		}
	}
}

func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(lockInterval):
		return nil
	}
}

func heldBy(who string) error {
	return aloft.Errorf(aloft.CodeConflict, "cannot open the records: %s has them open", who).
		WithHint("stop it first, or give this one a database of its own")
}

// The lease is one row. Who takes it counts its number up; a number that is not
// the newest fences off whoever goes on with it. The time is the database's own.
const (
	createLease = `CREATE TABLE IF NOT EXISTS aloft_lease (
		number BIGINT NOT NULL PRIMARY KEY, holder TEXT NOT NULL, since BIGINT NOT NULL, expires BIGINT NOT NULL)`
	insertLease = `INSERT INTO aloft_lease SELECT 0, '', 0, 0 WHERE NOT EXISTS (SELECT 1 FROM aloft_lease)`
	leaseClock  = `(extract(epoch FROM clock_timestamp()) * 1000)::bigint`

	// One that was seen to stay as it is for its whole length counts as expired,
	// whatever the clock has done.
	takeExpired = `UPDATE aloft_lease SET number = number + 1, holder = $1, since = ` + leaseClock + `, expires = ` + leaseClock + ` + $2
		WHERE expires <= ` + leaseClock + ` OR (number = $3 AND expires = $4) RETURNING number`
	renewLease   = `UPDATE aloft_lease SET expires = ` + leaseClock + ` + $2 WHERE number = $1`
	releaseLease = `UPDATE aloft_lease SET expires = 0 WHERE number = $1`

	// The row stays locked until the transaction ends: against a change of its
	// key, which is a takeover, and not against being renewed.
	checkLease = `SELECT pg_advisory_xact_lock($1)::text FROM aloft_lease WHERE number = $2 FOR KEY SHARE`
)

// postgresHolding is a lease that was taken under a number.
type postgresHolding struct {
	db     *sql.DB
	number int64
	length time.Duration
}

// released is when a lease that was given back expires.
const released = 0

// sighting is the lease as another server has it.
type sighting struct {
	number, since, expires int64
	holder                 string
}

func (s sighting) conflict() error {
	return heldBy(fmt.Sprintf("the Aloft server %s, since %s,", s.holder, instant(s.since).Format(time.RFC3339)))
}

// takeLease takes the lease once it has expired. One that is renewed meanwhile
// is that of a living server.
func takeLease(ctx context.Context, db *sql.DB, length time.Duration) (*postgresHolding, error) {
	for _, statement := range []string{createLease, insertLease} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return nil, err
		}
	}
	h := &postgresHolding{db: db, length: length}
	var first, unchanged sighting
	for begun := time.Now(); ; {
		err := db.QueryRowContext(ctx, takeExpired, serverName(), length.Milliseconds(), unchanged.number, unchanged.expires).Scan(&h.number)
		if !errors.Is(err, sql.ErrNoRows) {
			return h, err
		}
		now, err := readLease(ctx, db)
		if err != nil {
			return nil, err
		}
		if first.holder == "" {
			first = now
		}
		if now != first && now.expires != released {
			return nil, now.conflict()
		}
		if time.Since(begun) > length {
			unchanged = now
		}
		if err := pause(ctx); err != nil {
			return nil, err
		}
	}
}

func readLease(ctx context.Context, db *sql.DB) (s sighting, err error) {
	err = db.QueryRowContext(ctx, `SELECT number, since, expires, holder FROM aloft_lease`).Scan(&s.number, &s.since, &s.expires, &s.holder)
	return s, err
}

// serverName is what people know a server by.
func serverName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "of an unknown host"
	}
	return fmt.Sprintf("%s (process %d)", host, os.Getpid())
}

func (h *postgresHolding) check(ctx context.Context, query queryRow) error {
	var nothing string
	err := query(ctx, checkLease, writerLock, h.number).Scan(&nothing)
	if errors.Is(err, sql.ErrNoRows) {
		return h.lost(ctx)
	}
	return err
}

func (h *postgresHolding) renew(ctx context.Context) error {
	result, err := h.db.ExecContext(ctx, renewLease, h.number, h.length.Milliseconds())
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n > 0 {
		return err
	}
	return h.lost(ctx)
}

// lost says who has the lease now.
func (h *postgresHolding) lost(ctx context.Context) error {
	holder := "another"
	if now, err := readLease(ctx, h.db); err == nil && now.holder != "" {
		holder = now.holder
	}
	return lostError{aloft.Errorf(aloft.CodeUnavailable, "this server has lost the records to another one: %s has them open", holder).
		WithHint("stop one of the two, or give it a database of its own")}
}

// releaseTries is how often a lease is given back: connections of the pool may have been
// cut while nothing was asked.
const releaseTries = 3

func (h *postgresHolding) release() error {
	ctx, cancel := context.WithTimeout(context.Background(), h.length)
	defer cancel()
	var err error
	for range releaseTries {
		if _, err = h.db.ExecContext(ctx, releaseLease, h.number); err == nil || ctx.Err() != nil {
			break
		}
	}
	return errors.Join(err, h.db.Close())
}

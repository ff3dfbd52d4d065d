package store

import (
	"context"
	"database/sql"
	"errors"
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
	serverLock int64 = 0x616c6f6674 << 8 // held by the one server that has the records open
	writerLock       = serverLock + 1    // held by the one transaction that changes records
)

var postgresDialect = dialect{
	goose:  goose.DialectPostgres,
	driver: func(db *sql.DB) riverdriver.Driver[*sql.Tx] { return riverdatabasesql.New(db) },
	begin: func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, writerLock)
		return err
	},
}

const (
	connections = 16
	// lockPatience is how long to wait for the lock of a server that has just died.
	lockPatience = 10 * time.Second
	lockInterval = 100 * time.Millisecond
)

func openPostgreSQL(ctx context.Context, dsn string) (database, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return database{}, aloft.Errorf(aloft.CodeInvalid, "cannot open the records: %w", err)
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "aloft"
	}
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections / 2)
	release, err := lockServer(ctx, *config)
	if err != nil {
		return database{}, errors.Join(err, db.Close())
	}
	return database{write: db, read: db, dialect: postgresDialect, release: release}, nil
}

// lockServer takes the server's lock on a connection of its own. PostgreSQL
// releases it when that connection ends, however the server ends.
func lockServer(ctx context.Context, config pgx.ConnConfig) (release func() error, err error) {
	conn, err := pgx.ConnectConfig(ctx, &config)
	if err != nil {
		return nil, err
	}
	release = func() error { return conn.Close(context.WithoutCancel(ctx)) }
	deadline := time.Now().Add(lockPatience)
	for {
		var locked bool
		if err := conn.QueryRow(ctx, `SELECT pg_try_advisory_lock($1)`, serverLock).Scan(&locked); err != nil {
			return nil, errors.Join(err, release())
		}
		if locked {
			return release, nil
		}
		if time.Now().After(deadline) {
			conflict := aloft.Errorf(aloft.CodeConflict, "cannot open the records: another Aloft server has database %s open", config.Database).
				WithHint("stop that server first, or give this one a database of its own")
			return nil, errors.Join(conflict, release())
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), release())
		case <-time.After(lockInterval):
		}
	}
}

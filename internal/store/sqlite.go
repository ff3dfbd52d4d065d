package store

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"

	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/aloft-dev/aloft"
)

var sqliteDialect = dialect{
	goose:  goose.DialectSQLite3,
	driver: func(db *sql.DB) riverdriver.Driver[*sql.Tx] { return riversqlite.New(db) },
}

// readers is how many queries read a SQLite file at the same time.
const readers = 4

// openSQLite opens the file at path, which only its owner may read.
func openSQLite(_ context.Context, o Options) (database, error) {
	path := o.DSN
	if path == "" {
		return database{}, aloft.Errorf(aloft.CodeInvalid, "cannot open the records: no file was named")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return database{}, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return database{}, err
	}
	release, err := lockFile(path + ".lock")
	if err != nil {
		return database{}, err
	}
	db, err := openPools(path)
	if err != nil {
		return database{}, errors.Join(err, release())
	}
	holding := &fileHolding{path: path, unlock: release}
	if holding.file, err = os.Stat(path); err != nil {
		return database{}, errors.Join(err, db.write.Close(), db.read.Close(), release())
	}
	db.lease, db.reserve = keepLease(holding, o.Lease), reserve{path + ".reserve"}
	return db, nil
}

// fileHolding holds a SQLite file. Its lock keeps other servers out; what has to
// be looked at is whether the file is still the one at its path. One that was
// put in its place, such as a backup, would never see what is written here.
type fileHolding struct {
	path   string
	file   os.FileInfo
	unlock func() error
}

// check needs no lock: there is one writing connection.
func (h *fileHolding) check(ctx context.Context, _ queryRow) error { return h.renew(ctx) }

func (h *fileHolding) renew(context.Context) error {
	now, err := os.Stat(h.path)
	if err == nil && os.SameFile(now, h.file) {
		return nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	what := "another file is in its place"
	if err != nil {
		what = "it is gone"
	}
	return lostError{aloft.Errorf(aloft.CodeUnavailable, "this server has lost its records: %s was moved away or replaced while it ran, %s", h.path, what).
		WithHint("start the server again on the file that is right; stop it first, the next time")}
}

func (h *fileHolding) release() error { return h.unlock() }

func openPools(path string) (database, error) {
	file, err := os.OpenFile(path, os.O_CREATE, 0o600)
	if err != nil {
		return database{}, err
	}
	if err := file.Close(); err != nil {
		return database{}, err
	}
	// A state that was acknowledged survives a loss of power: synchronous FULL.
	write, err := sql.Open("sqlite", sqliteDSN(path, "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)"))
	if err != nil {
		return database{}, err
	}
	write.SetMaxOpenConns(1)
	read, err := sql.Open("sqlite", sqliteDSN(path, "query_only(ON)"))
	if err != nil {
		return database{}, errors.Join(err, write.Close())
	}
	read.SetMaxOpenConns(readers)
	read.SetMaxIdleConns(readers)
	return database{write: write, read: read, dialect: sqliteDialect}, nil
}

func sqliteDSN(path string, pragmas ...string) string {
	query := url.Values{
		"_txlock": {"immediate"},
		"_pragma": append([]string{"busy_timeout(10000)"}, pragmas...),
	}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: query.Encode()}).String()
}

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
	begin:  func(context.Context, *sql.Tx) error { return nil }, // there is one writing connection
}

// readers is how many queries read a SQLite file at the same time.
const readers = 4

// openSQLite opens the file at path, which only its owner may read.
func openSQLite(_ context.Context, path string) (database, error) {
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
	db.release, db.reserve, db.file = release, reserve{path + ".reserve"}, path
	return db, nil
}

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

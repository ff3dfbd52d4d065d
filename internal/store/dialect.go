package store

import (
	"database/sql"

	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver"
)

// dialect is what differs between the two kinds of database.
type dialect struct {
	goose  goose.Dialect
	driver func(*sql.DB) riverdriver.Driver[*sql.Tx]
}

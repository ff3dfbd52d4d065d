package store

import (
	"context"
	"database/sql"
	"errors"
	"os"

	"github.com/aloft-dev/aloft"
)

// Copy writes a consistent copy of records in SQLite to a new file, while they
// are read and changed. Records in PostgreSQL are CodeInvalid: its own programs
// copy them.
func (s *Store) Copy(ctx context.Context, path string) error {
	if s.db.file == "" {
		return aloft.Errorf(aloft.CodeInvalid, "cannot copy the records: they are not in SQLite")
	}
	db, err := sql.Open("sqlite", sqliteDSN(s.db.file))
	if err == nil {
		_, err = db.ExecContext(ctx, `VACUUM INTO $1`, path)
		err = errors.Join(err, db.Close())
	}
	if err == nil {
		err = os.Chmod(path, 0o600)
	}
	return fail(err, "copy the records")
}

package store

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"

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

// MoveArtifacts tells the releases that the folder that holds their artifacts is
// now another.
func (s *Store) MoveArtifacts(ctx context.Context, from, to string) error {
	err := s.change(ctx, func(c *change) error {
		releases, err := list(ctx, c, scanRelease, `SELECT `+releaseColumns+` FROM releases`)
		if err != nil {
			return err
		}
		for _, r := range releases {
			below, moved := strings.CutPrefix(r.Artifact.Dir, from+string(filepath.Separator))
			if !moved {
				continue
			}
			r.Artifact.Dir = filepath.Join(to, below)
			err := c.exec(ctx, `UPDATE releases SET artifact = $1 WHERE project = $2 AND environment = $3 AND app = $4 AND number = $5`,
				toJSON(r.Artifact), r.Project, r.Environment, r.App, r.Number)
			if err != nil {
				return err
			}
		}
		return nil
	})
	return fail(err, "move the artifacts of the releases")
}

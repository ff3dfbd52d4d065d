package store

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/aloft-dev/aloft"
)

// Recorded reports whether there are records at dsn (see Options.DSN), without
// writing anything. A database that cannot be reached is CodeUnavailable.
func Recorded(ctx context.Context, dsn string) (bool, error) {
	if !isPostgreSQL(dsn) {
		info, err := os.Stat(dsn)
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		return err == nil && info.Size() > 0, fail(err, "look at the records")
	}
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return false, aloft.Errorf(aloft.CodeUnavailable, "cannot reach the database of the records: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	var there bool
	err = conn.QueryRow(ctx, `SELECT to_regclass('settings') IS NOT NULL`).Scan(&there)
	if err == nil && there {
		err = conn.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM settings WHERE name = $1)`, sealSetting).Scan(&there)
	}
	return there, fail(err, "look at the records")
}

func isPostgreSQL(dsn string) bool {
	return strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://")
}

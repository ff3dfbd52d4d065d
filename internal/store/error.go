package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlitecodes "modernc.org/sqlite/lib"

	"github.com/aloft-dev/aloft"
)

// fail says what could not be done. An error that is already fit for people
// stays as it is.
func fail(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*aloft.Error](err); ok {
		return err
	}
	doing := fmt.Sprintf(format, args...)
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return aloft.Errorf(aloft.CodeCanceled, "cannot %s: %w", doing, err)
	case full(err):
		return aloft.Errorf(aloft.CodeUnavailable, "cannot %s: %w", doing, err).WithHint("make room on the disk of the data folder")
	case damaged(err):
		return aloft.Errorf(aloft.CodeUnavailable, "cannot %s: the file of the records is damaged: %w", doing, err).
			WithHint("keep the file, and bring back the newest backup: see docs/backup.md")
	case unavailable(err):
		return aloft.Errorf(aloft.CodeUnavailable, "cannot %s: %w", doing, err)
	}
	return fmt.Errorf("cannot %s: %w", doing, err)
}

func full(err error) bool {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code()&0xff == sqlitecodes.SQLITE_FULL
	}
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && e.Code == "53100"
}

// damaged reports whether a SQLite file is not whole.
func damaged(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && (e.Code()&0xff == sqlitecodes.SQLITE_NOTADB || e.Code()&0xff == sqlitecodes.SQLITE_CORRUPT)
}

// unavailable reports whether err is about the database and not about what was
// asked of it.
func unavailable(err error) bool {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		switch e.Code() & 0xff {
		case sqlitecodes.SQLITE_BUSY, sqlitecodes.SQLITE_IOERR, sqlitecodes.SQLITE_READONLY, sqlitecodes.SQLITE_CANTOPEN:
			return true
		}
		return false
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		class := e.Code[:min(2, len(e.Code))]
		return class == "08" || class == "53" || e.Code == "25P03" || strings.HasPrefix(e.Code, "57P")
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	_, network := errors.AsType[net.Error](err)
	return network || errors.Is(err, driver.ErrBadConn)
}

// missing is the error of something that does not exist.
func missing(format string, args ...any) error {
	return aloft.Errorf(aloft.CodeNotFound, format+" does not exist", args...)
}

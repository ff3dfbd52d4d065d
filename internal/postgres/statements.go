package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/aloft-dev/aloft"
)

// putRole makes the role of a database or sets it right. A role of that name
// that is not this database's is CodeConflict.
func (c session) putRole(ctx context.Context, d aloft.Database) error {
	want := label(d.EnvironmentKey, d.Name)
	owner, err := c.labelOf(ctx, d.Username)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	verb := "ALTER"
	if errors.Is(err, pgx.ErrNoRows) {
		verb = "CREATE"
	} else if owner != want {
		return foreign(d.Username)
	}
	return pgx.BeginFunc(ctx, c, func(tx pgx.Tx) error {
		role := quoted(d.Username)
		_, err := tx.Exec(ctx, fmt.Sprintf(
			"%s ROLE %s LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION CONNECTION LIMIT %d PASSWORD %s",
			verb, role, maxRoleConnections, literal(d.Password)))
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, fmt.Sprintf("COMMENT ON ROLE %s IS %s", role, literal(want)))
		return err
	})
}

// putDatabase makes the database or sets it right. Nobody can connect to it
// before it is private to its role.
func (c session) putDatabase(ctx context.Context, d aloft.Database) error {
	name, role := quoted(d.Database), quoted(d.Username)
	var broken bool
	err := c.QueryRow(ctx, "SELECT datconnlimit = -2 FROM pg_database WHERE datname = $1", d.Database).Scan(&broken)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	var statements []string
	if broken { // an interrupted DROP DATABASE leaves one that can only be dropped
		statements = append(statements, "DROP DATABASE "+name)
	}
	if broken || errors.Is(err, pgx.ErrNoRows) {
		statements = append(statements, "CREATE DATABASE "+name+" OWNER "+role+" TEMPLATE template0 ALLOW_CONNECTIONS false")
	}
	return c.all(ctx, append(statements,
		"ALTER DATABASE "+name+" OWNER TO "+role,
		"REVOKE ALL ON DATABASE "+name+" FROM PUBLIC",
		"ALTER DATABASE "+name+" ALLOW_CONNECTIONS true"))
}

// has reports whether the database and its role are there and fit for use.
func (c session) has(ctx context.Context, d aloft.Database) (there bool, err error) {
	err = c.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1 AND datallowconn AND datconnlimit <> -2)
		AND EXISTS (SELECT FROM pg_roles WHERE rolname = $2 AND rolcanlogin)`, d.Database, d.Username).Scan(&there)
	return there, err
}

// holds reports whether the database is there, fit for use or not.
func (c session) holds(ctx context.Context, d aloft.Database) (there bool, err error) {
	err = c.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1 AND datconnlimit <> -2)", d.Database).Scan(&there)
	return there, err
}

// silenced reports whether a role is kept out, as before its database is dropped.
func (c session) silenced(ctx context.Context, role string) (out bool, err error) {
	err = c.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1 AND NOT rolcanlogin)", role).Scan(&out)
	return out, err
}

// labelOf returns the comment of a role, or pgx.ErrNoRows.
func (c session) labelOf(ctx context.Context, role string) (text string, err error) {
	err = c.QueryRow(ctx, "SELECT coalesce(shobj_description(oid, 'pg_authid'), '') FROM pg_roles WHERE rolname = $1", role).Scan(&text)
	return text, err
}

// all executes statements, each by itself.
func (c session) all(ctx context.Context, statements []string) error {
	for _, statement := range statements {
		if _, err := c.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// list returns the one text column of a query.
func (c session) list(ctx context.Context, query string, args ...any) ([]string, error) {
	rows, err := c.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

func foreign(role string) error {
	return aloft.Errorf(aloft.CodeConflict, "role %s of the PostgreSQL server was not made by Aloft for this database", role).
		WithHint("rename or drop that role")
}

// literal returns text as a string constant.
func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

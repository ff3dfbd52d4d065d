package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// drop removes a database, its role and whatever other databases that role owns,
// whatever the role has done with what is its own.
func (c session) drop(ctx context.Context, identifier, want string) error {
	owner, err := c.labelOf(ctx, identifier)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return c.dropDatabase(ctx, identifier)
	case err != nil:
		return err
	case owner != want:
		return foreign(identifier)
	}
	owned, err := c.list(ctx, `SELECT datname::text FROM pg_database JOIN pg_roles r ON datdba = r.oid
		WHERE rolname = $1 AND datname <> $1`, identifier)
	if err != nil {
		return err
	}
	databases := append(owned, identifier)
	if err := c.silence(ctx, identifier, databases); err != nil {
		return err
	}
	for _, name := range databases {
		if err := c.dropDatabase(ctx, name); err != nil {
			return err
		}
	}
	if err := c.disown(ctx, identifier); err != nil {
		return err
	}
	return c.all(ctx, []string{"DROP ROLE IF EXISTS " + quoted(identifier)})
}

// silence keeps a role out, and ends its sessions and all those in its databases:
// what they have not committed holds locks.
func (c session) silence(ctx context.Context, role string, databases []string) error {
	prepared, err := c.list(ctx, "SELECT DISTINCT database::text FROM pg_prepared_xacts WHERE owner = $1", role)
	if err != nil {
		return err
	}
	for _, database := range prepared {
		if err := c.rollBack(ctx, database, role); err != nil {
			return err
		}
	}
	return insist(ctx, "55P03", func() error { // the lock is taken by a session that is just ending
		_, err := c.Exec(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE pid <> pg_backend_pid() AND (usename = $1 OR datname = ANY($2) AND backend_type = 'client backend')`, role, databases)
		if err != nil {
			return err
		}
		return pgx.BeginFunc(ctx, c, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, "SET LOCAL lock_timeout = '1s'"); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, "ALTER ROLE "+quoted(role)+" NOLOGIN")
			return err
		})
	})
}

// insist does something again while PostgreSQL answers with that code, a few times.
func insist(ctx context.Context, code string, do func() error) error {
	var err error
	for range maxTries {
		err = do()
		if said, ok := errors.AsType[*pgconn.PgError](err); !ok || said.Code != code || ctx.Err() != nil {
			return err
		}
	}
	return err
}

// dropDatabase drops a database, if it is there, with all that would keep it.
func (c session) dropDatabase(ctx context.Context, name string) error {
	var broken bool
	err := c.QueryRow(ctx, "SELECT datconnlimit = -2 FROM pg_database WHERE datname = $1", name).Scan(&broken)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err == nil && !broken { // such a one, of an interrupted DROP DATABASE, can only be dropped
		err = c.release(ctx, name)
	}
	if err != nil {
		return err
	}
	return insist(ctx, "55006", func() error { // in use, which FORCE does not end at once
		_, err := c.Exec(ctx, `SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE database = $1 AND active_pid IS NOT NULL`, name)
		if err != nil {
			return err
		}
		_, err = c.Exec(ctx, "DROP DATABASE IF EXISTS "+quoted(name)+" WITH (FORCE)")
		return err
	})
}

// release takes from a database what no DROP DATABASE goes through: it may be a
// template, and have prepared transactions and subscriptions.
func (c session) release(ctx context.Context, name string) error {
	err := c.all(ctx, []string{
		"ALTER DATABASE " + quoted(name) + " IS_TEMPLATE false",
		"ALTER DATABASE " + quoted(name) + " RESET ALL",
	})
	if err != nil {
		return err
	}
	if err := c.rollBack(ctx, name, ""); err != nil {
		return err
	}
	subscriptions, err := c.list(ctx, `SELECT subname::text FROM pg_subscription JOIN pg_database d ON subdbid = d.oid WHERE datname = $1`, name)
	if err != nil || len(subscriptions) == 0 {
		return err
	}
	return c.within(ctx, name, func(inside session) error {
		for _, subscription := range subscriptions {
			alter := "ALTER SUBSCRIPTION " + quoted(subscription)
			err := inside.all(ctx, []string{
				alter + " DISABLE", alter + " SET (slot_name = NONE)", // nothing is asked of the other server
				"DROP SUBSCRIPTION " + quoted(subscription),
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// rollBack ends the prepared transactions in a database, those of a role or, with
// "", all.
func (c session) rollBack(ctx context.Context, database, role string) error {
	prepared, err := c.list(ctx, "SELECT gid FROM pg_prepared_xacts WHERE database = $1 AND (owner = $2 OR $2 = '')", database, role)
	if err != nil || len(prepared) == 0 {
		return err
	}
	return c.within(ctx, database, func(inside session) error {
		for _, gid := range prepared {
			if _, err := inside.Exec(ctx, "ROLLBACK PREPARED "+literal(gid)); err != nil {
				return err
			}
		}
		return nil
	})
}

// disown takes from a role what it has outside of its own databases: what others
// have let it make in theirs becomes theirs, and what it may do there ends.
func (c session) disown(ctx context.Context, role string) error {
	databases, err := c.list(ctx, `SELECT DISTINCT datname::text FROM pg_shdepend s
		JOIN pg_database d ON s.dbid = d.oid JOIN pg_roles r ON s.refobjid = r.oid
		WHERE s.refclassid = 'pg_authid'::regclass AND rolname = $1`, role)
	if err != nil {
		return err
	}
	for _, database := range databases {
		var owner string
		err := c.QueryRow(ctx, "SELECT rolname::text FROM pg_database JOIN pg_roles r ON datdba = r.oid WHERE datname = $1", database).Scan(&owner)
		if err != nil {
			return err
		}
		err = c.within(ctx, database, func(inside session) error {
			return inside.all(ctx, []string{"REASSIGN OWNED BY " + quoted(role) + " TO " + quoted(owner), "DROP OWNED BY " + quoted(role)})
		})
		if err != nil {
			return err
		}
	}
	return c.all(ctx, []string{"DROP OWNED BY " + quoted(role)}) // what it may do with databases
}

// sane are the settings of a session inside a database whose owner may have
// chosen others for it.
var sane = map[string]string{
	"local_preload_libraries": "", "role": "none", "search_path": "pg_catalog",
	"default_transaction_read_only": "off", "statement_timeout": "0", "lock_timeout": "10s",
	"session_replication_role": "replica", // without event triggers
}

// within lets work use a session of the administrator inside another database, also
// where connections are not allowed.
func (c session) within(ctx context.Context, database string, work func(session) error) (err error) {
	var allowed bool
	err = c.QueryRow(ctx, "SELECT datallowconn FROM pg_database WHERE datname = $1", database).Scan(&allowed)
	if err != nil {
		return err
	}
	allow := "ALTER DATABASE " + quoted(database) + " ALLOW_CONNECTIONS "
	if !allowed {
		if err := c.all(ctx, []string{allow + "true"}); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, c.all(context.WithoutCancel(ctx), []string{allow + "false"})) }()
	}
	config := c.Config().Copy()
	config.Database = database
	for name, value := range sane {
		config.RuntimeParams[name] = value
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return work(session{Conn: conn, port: c.port})
}

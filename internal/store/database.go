package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/aloft-dev/aloft"
)

const databaseColumns = `project, environment, name, database_name, username, host, port, secret, creation, cluster`

// secret is the sealed part of a database's record.
type secret struct {
	Password string
	URL      string
}

// PutDatabase inserts or replaces a database. Its password and URL are sealed.
func (s *Store) PutDatabase(ctx context.Context, d aloft.Database) error {
	err := s.change(ctx, func(c *change) error {
		c.tell(Event{Key: d.EnvironmentKey})
		return c.exec(ctx, `INSERT INTO databases (`+databaseColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
			ON CONFLICT (project, environment, name) DO UPDATE SET database_name = excluded.database_name,
				username = excluded.username, host = excluded.host, port = excluded.port, secret = excluded.secret,
				creation = excluded.creation, cluster = excluded.cluster`,
			d.Project, d.Environment, d.Name, text(d.Database), text(d.Username), text(d.Host), d.Port,
			s.sealed(secret{d.Password, d.URL}, databaseSeal(d.EnvironmentKey, d.Name)), text(d.Creation), text(d.Cluster))
	})
	return fail(err, "record database %s of %s", d.Name, d.EnvironmentKey)
}

// Database returns a database by the name of its add-on.
func (s *Store) Database(ctx context.Context, key aloft.EnvironmentKey, name string) (aloft.Database, error) {
	d, err := s.scanDatabase(s.db.read.QueryRowContext(ctx,
		`SELECT `+databaseColumns+` FROM databases WHERE project = $1 AND environment = $2 AND name = $3`, key.Project, key.Environment, name))
	if errors.Is(err, sql.ErrNoRows) {
		err = missing("database %s of %s", name, key)
	}
	return d, fail(err, "read database %s of %s", name, key)
}

// Databases returns the databases of an environment, by name.
func (s *Store) Databases(ctx context.Context, key aloft.EnvironmentKey) ([]aloft.Database, error) {
	databases, err := list(ctx, s.db.read, s.scanDatabase,
		`SELECT `+databaseColumns+` FROM databases WHERE project = $1 AND environment = $2 ORDER BY name`, key.Project, key.Environment)
	return databases, fail(err, "list the databases of %s", key)
}

// AllDatabases returns the databases of all environments.
func (s *Store) AllDatabases(ctx context.Context) ([]aloft.Database, error) {
	databases, err := list(ctx, s.db.read, s.scanDatabase,
		`SELECT `+databaseColumns+` FROM databases ORDER BY project, environment, name`)
	return databases, fail(err, "list all databases")
}

// ForgetClusters lets every database be made anew wherever the PostgreSQL server is.
func (s *Store) ForgetClusters(ctx context.Context) error {
	err := s.change(ctx, func(c *change) error {
		return c.exec(ctx, `UPDATE databases SET cluster = $1`, aloft.AnyCluster)
	})
	return fail(err, "forget what the databases were made in")
}

// DeleteDatabase forgets a database. None is fine.
func (s *Store) DeleteDatabase(ctx context.Context, key aloft.EnvironmentKey, name string) error {
	err := s.change(ctx, func(c *change) error {
		c.tell(Event{Key: key})
		return c.exec(ctx, `DELETE FROM databases WHERE project = $1 AND environment = $2 AND name = $3`, key.Project, key.Environment, name)
	})
	return fail(err, "delete database %s of %s", name, key)
}

func databaseSeal(key aloft.EnvironmentKey, name string) string {
	return "database " + key.String() + "/" + name
}

func (s *Store) scanDatabase(r row) (aloft.Database, error) {
	var d aloft.Database
	var sealed []byte
	err := r.Scan(&d.Project, &d.Environment, &d.Name, &d.Database, &d.Username, &d.Host, &d.Port, &sealed, &d.Creation, &d.Cluster)
	if err != nil {
		return d, err
	}
	var plain secret
	err = s.unseal(sealed, databaseSeal(d.EnvironmentKey, d.Name), &plain)
	d.Password, d.URL = plain.Password, plain.URL
	return d, err
}

package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/aloft-dev/aloft"
)

const identitySetting = "identity"

// Identity returns what tells these records from any others; "" until somebody
// has set it.
func (s *Store) Identity(ctx context.Context) (string, error) {
	var identity []byte
	err := s.db.read.QueryRowContext(ctx, `SELECT value FROM settings WHERE name = $1`, identitySetting).Scan(&identity)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return string(identity), fail(err, "read the identity of the records")
}

// Identify sets what tells these records from any others.
func (s *Store) Identify(ctx context.Context, identity string) error {
	err := s.change(ctx, func(c *change) error {
		return c.exec(ctx, `INSERT INTO settings (name, value) VALUES ($1, $2)
			ON CONFLICT (name) DO UPDATE SET value = excluded.value`, identitySetting, []byte(identity))
	})
	return fail(err, "write the identity of the records")
}

// IdentifyProject remembers which repository the records of a project are about.
func (s *Store) IdentifyProject(ctx context.Context, name, repository string) error {
	err := s.change(ctx, func(c *change) error {
		if _, err := readProject(ctx, c, name); err != nil {
			return err
		}
		return c.exec(ctx, `UPDATE projects SET repository = $2 WHERE name = $1`, name, text(repository))
	})
	return fail(err, "remember the repository of project %s", name)
}

// PassRuns makes sure that no run gets a number up to this one: those were given
// to runs that these records do not know. It reports whether they knew less.
func (s *Store) PassRuns(ctx context.Context, highest int64) (passed bool, err error) {
	err = s.change(ctx, func(c *change) error {
		newest, err := counter(ctx, c, aloft.EnvironmentKey{}, counterRun)
		if err != nil || newest >= highest {
			return err
		}
		passed = true
		return c.exec(ctx, `INSERT INTO counters (project, environment, name, value) VALUES ('', '', $1, $2)
			ON CONFLICT (project, environment, name) DO UPDATE SET value = excluded.value`, counterRun, highest)
	})
	return passed, fail(err, "pass over the numbers of earlier runs")
}

// ForgetExpiries lets every environment live until somebody says otherwise: what
// older records tell of their ends may have been taken back since.
func (s *Store) ForgetExpiries(ctx context.Context) error {
	err := s.change(ctx, func(c *change) error {
		return c.exec(ctx, `UPDATE environments SET ttl = 0, expires_at = 0 WHERE expires_at > 0`)
	})
	return fail(err, "forget when environments expire")
}

package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/aloft-dev/aloft"
)

// PutGroup records that Terraform declared the environment's group, and in which
// creation.
func (s *Store) PutGroup(ctx context.Context, key aloft.EnvironmentKey, creation string) error {
	err := s.change(ctx, func(c *change) error {
		c.tell(Event{Key: key})
		return c.exec(ctx, `INSERT INTO local_groups (project, environment, creation) VALUES ($1, $2, $3)
			ON CONFLICT (project, environment) DO UPDATE SET creation = excluded.creation`,
			key.Project, key.Environment, text(creation))
	})
	return fail(err, "record the group of %s", key)
}

// GroupCreation returns which creation of the environment's group there is.
func (s *Store) GroupCreation(ctx context.Context, key aloft.EnvironmentKey) (creation string, err error) {
	err = s.db.read.QueryRowContext(ctx, `SELECT creation FROM local_groups WHERE project = $1 AND environment = $2`,
		key.Project, key.Environment).Scan(&creation)
	if errors.Is(err, sql.ErrNoRows) {
		err = missing("the group of %s", key)
	}
	return creation, fail(err, "look for the group of %s", key)
}

// DeleteGroup forgets the group. None is fine.
func (s *Store) DeleteGroup(ctx context.Context, key aloft.EnvironmentKey) error {
	err := s.change(ctx, func(c *change) error {
		c.tell(Event{Key: key})
		return c.exec(ctx, `DELETE FROM local_groups WHERE project = $1 AND environment = $2`, key.Project, key.Environment)
	})
	return fail(err, "delete the group of %s", key)
}

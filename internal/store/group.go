package store

import (
	"context"

	"github.com/aloft-dev/aloft"
)

// PutGroup records that Terraform declared the environment's group.
func (s *Store) PutGroup(ctx context.Context, key aloft.EnvironmentKey) error {
	err := s.change(ctx, func(c *change) error {
		c.tell(Event{Key: key})
		return c.exec(ctx, `INSERT INTO local_groups (project, environment) VALUES ($1, $2)
			ON CONFLICT (project, environment) DO NOTHING`, key.Project, key.Environment)
	})
	return fail(err, "record the group of %s", key)
}

// HasGroup reports whether there is a group of the environment.
func (s *Store) HasGroup(ctx context.Context, key aloft.EnvironmentKey) (bool, error) {
	n, err := count(ctx, s.db.read, `SELECT COUNT(*) FROM local_groups WHERE project = $1 AND environment = $2`, key.Project, key.Environment)
	return n > 0, fail(err, "look for the group of %s", key)
}

// DeleteGroup forgets the group. None is fine.
func (s *Store) DeleteGroup(ctx context.Context, key aloft.EnvironmentKey) error {
	err := s.change(ctx, func(c *change) error {
		c.tell(Event{Key: key})
		return c.exec(ctx, `DELETE FROM local_groups WHERE project = $1 AND environment = $2`, key.Project, key.Environment)
	})
	return fail(err, "delete the group of %s", key)
}

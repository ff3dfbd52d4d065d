package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"maps"
	"reflect"

	"github.com/aloft-dev/aloft"
)

const environmentColumns = `project, environment, status, reason, revision, owner, urls, protected, ttl,
	expires_at, size_bytes, created_at, updated_at, provision_key, disagreement`

// Environment returns an environment, a destroyed one included.
func (s *Store) Environment(ctx context.Context, key aloft.EnvironmentKey) (aloft.Environment, error) {
	environment, err := readEnvironment(ctx, s.db.read, key)
	return environment, fail(err, "read environment %s", key)
}

// Environments returns the environments that filter lets through, by project
// and name.
func (s *Store) Environments(ctx context.Context, filter aloft.EnvironmentFilter) ([]aloft.Environment, error) {
	var where conditions
	if filter.Project != "" {
		where.add("project = ?", filter.Project)
	}
	if !filter.Destroyed {
		where.add("status <> ?", aloft.EnvironmentDestroyed)
	}
	environments, err := list(ctx, s.db.read, scanEnvironment,
		`SELECT `+environmentColumns+` FROM environments`+where.String()+` ORDER BY project, environment`, where.args...)
	return environments, fail(err, "list the environments")
}

// UpdateEnvironment loads an environment, lets change alter it and saves it, in
// one transaction. What change does to the key and to CreatedAt and UpdatedAt
// does not count, nor to Blocked. It must not use the Store. Its error is returned, and nothing
// is saved; neither is anything when it altered nothing.
func (s *Store) UpdateEnvironment(ctx context.Context, key aloft.EnvironmentKey, alter func(*aloft.Environment) error) (aloft.Environment, error) {
	var after aloft.Environment
	err := s.change(ctx, func(c *change) error {
		before, err := readEnvironment(ctx, c, key)
		if err != nil {
			return err
		}
		after = before
		after.URLs = maps.Clone(before.URLs)
		if err := alter(&after); err != nil {
			return err
		}
		if !before.Status.CanBecome(after.Status) {
			return aloft.Errorf(aloft.CodeConflict, "environment %s is %s and cannot become %s", key, before.Status, after.Status)
		}
		after.EnvironmentKey, after.CreatedAt, after.UpdatedAt = key, before.CreatedAt, before.UpdatedAt
		after.ExpiresAt, after.Blocked = whole(after.ExpiresAt), after.Disagreement != ""
		if reflect.DeepEqual(before, after) {
			return nil
		}
		after.UpdatedAt = c.now
		if before.Status == aloft.EnvironmentDestroyed && after.Status == aloft.EnvironmentCreating {
			after.CreatedAt = c.now
		}
		return c.putEnvironment(ctx, after)
	})
	if err != nil {
		return aloft.Environment{}, fail(err, "update environment %s", key)
	}
	return after, nil
}

// createEnvironment makes sure that there is an environment for a run to work on.
func (c *change) createEnvironment(ctx context.Context, run aloft.Run) error {
	environment, err := readEnvironment(ctx, c, run.EnvironmentKey)
	there := err == nil && environment.Status != aloft.EnvironmentDestroyed
	switch {
	case err != nil && aloft.ErrorCode(err) != aloft.CodeNotFound:
		return err
	case there, run.Operation == aloft.OperationPlan:
		return nil
	case run.Operation != aloft.OperationUp:
		return missing("environment %s", run.EnvironmentKey)
	}
	return c.putEnvironment(ctx, aloft.Environment{
		EnvironmentKey: run.EnvironmentKey,
		Status:         aloft.EnvironmentCreating,
		CreatedAt:      c.now,
		UpdatedAt:      c.now,
	})
}

func (c *change) putEnvironment(ctx context.Context, e aloft.Environment) error {
	c.tell(Event{Key: e.EnvironmentKey})
	return c.exec(ctx, `INSERT INTO environments (`+environmentColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
		ON CONFLICT (project, environment) DO UPDATE SET status = excluded.status, reason = excluded.reason,
			revision = excluded.revision, owner = excluded.owner, urls = excluded.urls,
			protected = excluded.protected, ttl = excluded.ttl, expires_at = excluded.expires_at,
			size_bytes = excluded.size_bytes, created_at = excluded.created_at,
			updated_at = excluded.updated_at, provision_key = excluded.provision_key,
			disagreement = excluded.disagreement`,
		e.Project, e.Environment, e.Status, text(e.Reason), text(e.Revision), text(e.Owner), toJSON(e.URLs), e.Protected, e.TTL,
		millis(e.ExpiresAt), e.SizeBytes, millis(e.CreatedAt), millis(e.UpdatedAt), text(e.ProvisionKey), text(e.Disagreement))
}

func readEnvironment(ctx context.Context, q querier, key aloft.EnvironmentKey) (aloft.Environment, error) {
	environment, err := scanEnvironment(q.QueryRowContext(ctx,
		`SELECT `+environmentColumns+` FROM environments WHERE project = $1 AND environment = $2`,
		key.Project, key.Environment))
	if errors.Is(err, sql.ErrNoRows) {
		return environment, missing("environment %s", key)
	}
	return environment, err
}

func scanEnvironment(r row) (aloft.Environment, error) {
	var e aloft.Environment
	var urls string
	var expires, created, updated int64
	err := r.Scan(&e.Project, &e.Environment, &e.Status, &e.Reason, &e.Revision, &e.Owner, &urls, &e.Protected, &e.TTL,
		&expires, &e.SizeBytes, &created, &updated, &e.ProvisionKey, &e.Disagreement)
	if err != nil {
		return e, err
	}
	e.ExpiresAt, e.CreatedAt, e.UpdatedAt = instant(expires), instant(created), instant(updated)
	e.Blocked = e.Disagreement != ""
	return e, json.Unmarshal([]byte(urls), &e.URLs)
}

package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/aloft-dev/aloft"
)

// CreateProject records a project. One of that name: CodeConflict.
func (s *Store) CreateProject(ctx context.Context, name string) (aloft.Project, error) {
	if err := aloft.ValidateProjectName(name); err != nil {
		return aloft.Project{}, err
	}
	var project aloft.Project
	err := s.change(ctx, func(c *change) error {
		if _, err := readProject(ctx, c, name); err == nil {
			return aloft.Errorf(aloft.CodeConflict, "project %s exists already", name)
		} else if aloft.ErrorCode(err) != aloft.CodeNotFound {
			return err
		}
		project = aloft.Project{Name: name, CreatedAt: c.now}
		c.tell(Event{Key: aloft.EnvironmentKey{Project: name}})
		return c.exec(ctx, `INSERT INTO projects (name, created_at) VALUES ($1, $2)`, name, millis(c.now))
	})
	return project, fail(err, "create project %s", name)
}

// Project returns a project.
func (s *Store) Project(ctx context.Context, name string) (aloft.Project, error) {
	project, err := readProject(ctx, s.db.read, name)
	return project, fail(err, "read project %s", name)
}

// Projects returns every project, by name.
func (s *Store) Projects(ctx context.Context) ([]aloft.Project, error) {
	projects, err := list(ctx, s.db.read, scanProject, `SELECT name, created_at, repository FROM projects ORDER BY name`)
	return projects, fail(err, "list the projects")
}

// projectTables hold what goes when a project goes, in this order. States that
// were put aside stay until their time is up.
var projectTables = []string{"releases", "slots", "databases", "local_groups", "states", "state_locks", "runs", "environments"}

// DeleteProject forgets a project and everything recorded of it. While it has
// environments or unfinished runs: CodeConflict.
func (s *Store) DeleteProject(ctx context.Context, name string) error {
	err := s.change(ctx, func(c *change) error {
		if _, err := readProject(ctx, c, name); err != nil {
			return err
		}
		if err := idle(ctx, c, name); err != nil {
			return err
		}
		if err := c.exec(ctx, `DELETE FROM steps WHERE run_id IN (SELECT id FROM runs WHERE project = $1)`, name); err != nil {
			return err
		}
		for _, table := range projectTables {
			if err := c.exec(ctx, `DELETE FROM `+table+` WHERE project = $1`, name); err != nil {
				return err
			}
		}
		c.tell(Event{Key: aloft.EnvironmentKey{Project: name}})
		return c.exec(ctx, `DELETE FROM projects WHERE name = $1`, name)
	})
	return fail(err, "delete project %s", name)
}

// idle is CodeConflict unless the project has neither environments nor
// unfinished runs.
func idle(ctx context.Context, q querier, project string) error {
	left, err := list(ctx, q, scanString,
		`SELECT environment FROM environments WHERE project = $1 AND status <> $2 ORDER BY environment`,
		project, aloft.EnvironmentDestroyed)
	if err != nil {
		return err
	}
	if len(left) > 0 {
		return aloft.Errorf(aloft.CodeConflict, "cannot delete project %s: it has environments: %s", project, strings.Join(left, ", ")).
			WithHint("destroy them first: aloft destroy %s", left[0])
	}
	runs, err := listRuns(ctx, q, aloft.RunFilter{Project: project, Statuses: unfinished, Limit: 1})
	if err == nil && len(runs) > 0 {
		return aloft.Errorf(aloft.CodeConflict, "cannot delete project %s: run %d is %s", project, runs[0].ID, runs[0].Status).
			WithHint("wait for it, or: aloft run cancel %d", runs[0].ID)
	}
	return err
}

func readProject(ctx context.Context, q querier, name string) (aloft.Project, error) {
	project, err := scanProject(q.QueryRowContext(ctx, `SELECT name, created_at, repository FROM projects WHERE name = $1`, name))
	if errors.Is(err, sql.ErrNoRows) {
		return project, missing("project %s", name)
	}
	return project, err
}

func scanProject(r row) (aloft.Project, error) {
	var project aloft.Project
	var created int64
	err := r.Scan(&project.Name, &created, &project.Repository)
	project.CreatedAt = instant(created)
	return project, err
}

func scanString(r row) (value string, err error) {
	err = r.Scan(&value)
	return value, err
}

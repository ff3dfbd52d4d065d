package main

import (
	"context"
	"database/sql"
	"fmt"
)

// loseState loses the state of an environment, with all versions. Where it tells
// of things outside, nothing may be made from nothing: the server says what
// disagrees, and all is well when the state is put back. What is this machine's
// alone is made good.
func loseState(ctx context.Context, r *round) (string, error) {
	if r.random.IntN(3) == 0 {
		defer func() { r.project.shape.alone = false }()
		err := r.comeHome(ctx)
		if err == nil {
			err = r.refreshThings(ctx, nil)
		}
		if err == nil {
			err = r.withoutStates(ctx, `version > 0`)
		}
		r.keep(r.project)
		return "of local resources alone", err
	}
	return "of things outside", r.withStatesGone(ctx, `version > 0`)
}

// ageState lets an older version of a state be the newest.
func ageState(ctx context.Context, r *round) (string, error) {
	if err := r.refreshThings(ctx, r.add(r.project.last.things)); err != nil {
		return "", err
	}
	return "before the last apply", r.withStatesGone(ctx, `serial = (SELECT MAX(serial) FROM states s WHERE s.project = states.project AND s.environment = states.environment)`)
}

// comeHome lets nothing of the environment be outside of this machine; the
// commits to come do not know the cloud.
func (r *round) comeHome(ctx context.Context) error {
	err := r.refreshThings(ctx, map[string]int64{})
	r.project.shape.alone = true
	return err
}

// refreshThings pushes a version with these things.
func (r *round) refreshThings(ctx context.Context, things map[string]int64) error {
	c, err := r.project.commit(things, "")
	if err == nil {
		_, err = r.project.push(ctx, c.id)
	}
	return err
}

// withStatesGone takes versions of the state away, wants the server to touch
// nothing, and puts them back.
func (r *round) withStatesGone(ctx context.Context, which string) error {
	if len(r.project.last.things) == 0 {
		if err := r.refreshThings(ctx, r.add(nil)); err != nil {
			return err
		}
	}
	newest, err := r.records.newest()
	if err != nil {
		return err
	}
	r.cloud.allowTwins(true)
	r.keep(r.project)
	if err := r.withoutStates(ctx, which); err != nil {
		return err
	}
	r.disagrees(ctx, r.project)
	r.nothingComes(ctx, newest)
	return r.changeRecords(ctx, `INSERT INTO states SELECT * FROM faults_states`, `DROP TABLE faults_states`)
}

// withoutStates removes versions of the state and keeps them in a table of the
// suite's own.
func (r *round) withoutStates(ctx context.Context, which string) error {
	key := r.project.key
	where := fmt.Sprintf(`project = '%s' AND environment = '%s' AND %s`, key.Project, key.Environment, which)
	return r.changeRecords(ctx,
		`DROP TABLE IF EXISTS faults_states`,
		`CREATE TABLE faults_states AS SELECT * FROM states WHERE `+where,
		`DELETE FROM states WHERE `+where)
}

// changeRecords changes the records behind the server's back.
func (r *round) changeRecords(ctx context.Context, statements ...string) error {
	return r.server.exclusively(ctx, func(tx *sql.Tx) error {
		for _, statement := range statements {
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				return fmt.Errorf("%s: %w", statement, err)
			}
		}
		return nil
	})
}

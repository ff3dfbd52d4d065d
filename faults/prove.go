package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
)

// wreck breaks one invariant on purpose.
type wreck struct {
	breaks string // text of the invariant
	how    func(context.Context, resting) error
}

// wrecks break every invariant there is. The last stays last: where a run has
// not ended the suite looks no further.
var wrecks = []wreck{
	{"no state is locked", func(ctx context.Context, e resting) error {
		return e.change(ctx, `INSERT INTO state_locks (project, environment, id, operation, info, who, version, created, path, run_id) VALUES ('shop', 'bob', 'x', 'apply', '', '', '', '', '', 1)`)
	}},
	{"an environment is as its runs say", func(ctx context.Context, e resting) error {
		return e.change(ctx, `UPDATE environments SET status = 'updating' WHERE environment = 'alice'`)
	}},
	{"a URL serves the commit that runs", func(_ context.Context, e resting) error {
		c := e.project.commits[e.record.Revision]
		c.version++ // as if another had been pushed
		e.project.commits[e.record.Revision] = c
		return nil
	}},
	{"a branch points at what runs", func(ctx context.Context, e resting) error {
		_, err := e.server.bare(ctx, "update-ref", "-d", "refs/heads/"+e.key.Branch())
		return err
	}},
	{"what is destroyed was deleted by somebody", func(ctx context.Context, e resting) error {
		return e.change(ctx, `CREATE TEMPORARY TABLE uncalled AS SELECT * FROM runs LIMIT 1;
			UPDATE uncalled SET id = 99, environment = 'bob', operation = 'destroy', status = 'succeeded';
			INSERT INTO runs SELECT * FROM uncalled`)
	}},
	{"a database keeps its data", func(ctx context.Context, e resting) error {
		return e.inDatabase(ctx, `UPDATE born SET id = 'another'`)
	}},
	{"nothing is made twice", func(ctx context.Context, e resting) error {
		e.cloud.allowTwins(true)
		defer e.cloud.allowTwins(false)
		_, _, err := cloudClient{e.cloud.url}.call(ctx, http.MethodPost, "/things", thing{Name: "two", Environment: e.key.Environment})
		return err
	}},
	{"nothing disagrees", func(ctx context.Context, e resting) error {
		return e.change(ctx, `UPDATE environments SET disagreement = 'on purpose' WHERE environment = 'alice'`)
	}},
	{"what a state holds exists", func(_ context.Context, e resting) error {
		e.cloud.forget(e.cloud.of(e.key.Environment)[0].ID)
		return nil
	}},
	{"what exists is in a state", func(ctx context.Context, e resting) error {
		_, _, err := cloudClient{e.cloud.url}.call(ctx, http.MethodPost, "/things", thing{Name: "stray", Environment: e.key.Environment})
		return err
	}},
	{"nothing is left of what was destroyed", func(_ context.Context, e resting) error {
		return os.MkdirAll(e.server.data("environments", projectName, "carol"), 0o700)
	}},
	{"nothing is kept for a run that has ended", func(ctx context.Context, e resting) error {
		_, err := e.server.bare(ctx, "update-ref", "refs/aloft/runs/1", e.record.Revision)
		return err
	}},
	{"no process runs but those of the apps", func(_ context.Context, e resting) error {
		command := exec.Command(filepath.Join(e.dir, "bin", appProgram))
		command.Dir, command.Env = e.project.dir, []string{"PORT=0", "ALOFT_TAG=" + e.server.tag() + "/shop/alice/web/web.1/99/"}
		command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		return command.Start()
	}},
	{"no database exists but those of the environments", func(ctx context.Context, e resting) error {
		return e.change(ctx, `DELETE FROM databases`)
	}},
	{"every run has ended, with a reason if it failed", func(ctx context.Context, e resting) error {
		return e.change(ctx, `UPDATE runs SET status = 'failed', error = ''`)
	}},
}

func (e resting) change(ctx context.Context, statement string) error {
	return e.server.exclusively(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, statement)
		return err
	})
}

// inDatabase runs a statement in the only database that an environment has.
func (e resting) inDatabase(ctx context.Context, statement string) error {
	found, err := e.server.databases(ctx)
	if err != nil || len(found) != 1 {
		return fmt.Errorf("there are %d databases, and one was to be: %w", len(found), err)
	}
	connection, err := e.server.connect(ctx, found[0])
	if err != nil {
		return err
	}
	_, err = connection.Exec(ctx, statement)
	return errors.Join(err, connection.Close(ctx))
}

// prove breaks each invariant, in a world in which all hold and which nobody
// looks after, and wants the suite to see it: a check that finds nothing has to
// be one that can find something.
func (b *bench) prove(ctx context.Context) error {
	b.sweep = "1h" // or the server would heal what is broken
	defer func() { b.sweep = sweepEvery }()
	if err := errors.Join(b.leave(), b.renew(ctx)); err != nil {
		return err
	}
	p := b.projects["alice"]
	c, err := p.commit(map[string]int64{"one": 1, "two": 2}, "")
	if err == nil {
		_, err = p.push(ctx, c.id)
	}
	if err != nil {
		return err
	}
	if violations := (&round{bench: b}).settle(ctx); len(violations) > 0 {
		return fmt.Errorf("a world is broken before anything was done to it: %s", violations[0])
	}
	e := resting{bench: b, key: p.key, project: p}
	e.record.Revision = c.id
	last := len(wrecks) - 1
	unseen := errors.Join(e.wreck(ctx, wrecks[:last]), e.wreck(ctx, wrecks[last:]))
	for _, i := range invariants {
		if !slices.ContainsFunc(wrecks, func(w wreck) bool { return w.breaks == i.text }) {
			unseen = errors.Join(unseen, fmt.Errorf("nobody has tried to break %q", i.text))
		}
	}
	return errors.Join(unseen, b.leave())
}

// wreck breaks invariants and returns an error for each that the suite does not
// find broken.
func (e resting) wreck(ctx context.Context, wrecks []wreck) error {
	for _, w := range wrecks {
		if err := w.how(ctx, e); err != nil {
			return fmt.Errorf("cannot break %q: %w", w.breaks, err)
		}
	}
	found := e.look(ctx)
	var unseen error
	for _, w := range wrecks {
		if !slices.ContainsFunc(found, func(v violation) bool { return v.text == w.breaks }) {
			unseen = errors.Join(unseen, fmt.Errorf("the suite does not see that %q is broken", w.breaks))
		}
	}
	return unseen
}

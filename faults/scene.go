package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aloft-dev/aloft"
)

// How long the suite looks whether something happens that must not, which is
// some looks of the server; and how long what has to be said may take.
const (
	quietTime = 4 * time.Second
	toldTime  = time.Minute
)

// comesToRest notes what is not in order in the middle of a scene.
func (r *round) comesToRest(ctx context.Context) {
	r.broken = append(r.broken, r.settle(ctx)...)
}

// disagrees wants the server to say of these environments that something
// disagrees.
func (r *round) disagrees(ctx context.Context, projects ...*project) {
	err := wait(ctx, toldTime, func() error {
		told, err := r.disagreements(ctx)
		for _, p := range projects {
			if err == nil && told[p.key] == "" {
				err = fmt.Errorf("nobody says that something disagrees in %s", p.key)
			}
		}
		return err
	})
	if err != nil {
		r.broke(wrong, "%v", err)
	}
}

// nothingComes wants no run to come that is newer than that one.
func (r *round) nothingComes(ctx context.Context, newest int64) {
	lookOn(ctx, quietTime)
	runs, err := r.records.lines(`SELECT operation || ' of ' || environment || ' (run ' || id || ', ' || triggered_by || ')' FROM runs WHERE id > $1`, newest)
	if err != nil {
		r.broke(wrong, "cannot read the runs: %v", err)
	}
	for _, run := range runs {
		h := wrong
		if strings.HasPrefix(run, string(aloft.OperationDestroy)) {
			h = destroyed
		}
		r.broke(h, "there was no reason for a run, and it came: %s", run)
	}
}

// lookOn lets time pass.
func lookOn(ctx context.Context, took time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(took):
	}
}

// refused wants a request to have been refused with these words.
func (r *round) refused(what string, answer error, words ...string) {
	if answer == nil {
		r.broke(wrong, "%s was not refused", what)
		return
	}
	for _, word := range words {
		if !strings.Contains(answer.Error(), word) {
			r.broke(wrong, "the refusal of %s does not name %q: %v", what, word, answer)
		}
	}
}

// stays wants an environment to have the branch and the things that it had.
func (r *round) stays(ctx context.Context, p *project, branch string, things []thing) {
	refs, err := r.refs(ctx)
	if err != nil {
		r.broke(wrong, "cannot read the branches: %v", err)
	} else if now := refs["refs/heads/"+p.key.Branch()]; now != branch {
		r.broke(destroyed, "the branch of %s was at %.8q, and is at %.8q", p.key, branch, now)
	}
	if now := r.cloud.of(p.key.Environment); len(now) != len(things) {
		r.broke(destroyed, "%s had %d things, and has %d", p.key, len(things), len(now))
	}
}

// existing returns the projects whose environments exist.
func (r *round) existing() ([]*project, error) {
	var list []*project
	var failed error
	for _, name := range environments {
		record, ok, err := r.records.environment(keyOf(name))
		if ok && record.Status != aloft.EnvironmentDestroyed {
			list = append(list, r.projects[name])
		}
		failed = errors.Join(failed, err)
	}
	return list, failed
}

// pushOrDelete goes on with an environment as somebody would who knows nothing
// of any harm, and wants that to succeed.
func (r *round) pushOrDelete(ctx context.Context) (string, error) {
	p := r.project
	what, things := "code pushed", p.last.things
	switch r.random.IntN(3) {
	case 0:
		r.aimAtNothing(p)
		_, err := p.push(ctx, "")
		return "deleted", r.orBlocked("the branch cannot be deleted", err)
	case 1:
		what, things = "Terraform pushed", r.grow(p.last.things)
	}
	c, err := p.commit(things, "")
	if err != nil {
		return what, err
	}
	r.aim(p, c)
	_, err = p.push(ctx, c.id)
	return what, r.orBlocked("a push does not succeed", err)
}

// orBlocked notes a request that has to succeed and did not.
func (r *round) orBlocked(what string, err error) error {
	if err != nil {
		r.broke(blocked, "%s: %v", what, err)
	}
	return nil
}

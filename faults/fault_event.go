package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/api"
)

// moveBranch moves the branch in the repository itself, while the server runs
// or while it is down.
func moveBranch(ctx context.Context, r *round) (string, error) {
	p := r.project
	c, err := p.commit(r.grow(p.last.things), "")
	if err == nil {
		_, err = p.git(ctx, "push", p.remote, c.id+":refs/heads/aside-"+p.key.Environment)
	}
	if err != nil {
		return "", err
	}
	r.aim(p, c)
	what, err := r.behind(ctx, "update-ref", "refs/heads/"+p.key.Branch(), c.id)
	return "moved " + what, errors.Join(err, r.noticed(ctx))
}

// behind changes the server's repository behind its back, while it runs or
// while it is down.
func (r *round) behind(ctx context.Context, change ...string) (string, error) {
	if r.random.IntN(2) == 0 {
		_, err := r.server.bare(ctx, change...)
		return "while the server runs", err
	}
	err := r.server.stop()
	_, changeErr := r.server.bare(ctx, change...)
	return "while the server is down", r.restart(ctx, errors.Join(err, changeErr))
}

// deleteBehind deletes the branch in the repository itself: that is nobody's
// wish to destroy anything. A push of the branch or a destroy settles it.
func deleteBehind(ctx context.Context, r *round) (string, error) {
	p := r.project
	what, err := r.behind(ctx, "update-ref", "-d", "refs/heads/"+p.key.Branch())
	if err != nil {
		return what, err
	}
	r.disagrees(ctx, p)
	r.nothingComes(ctx, r.since)
	if r.random.IntN(2) == 0 {
		r.aim(p, p.last)
		_, err = p.push(ctx, p.last.id)
		return what + ", pushed again", err
	}
	r.aimAtNothing(p)
	return what + ", destroyed", r.destroy(ctx, p)
}

// noticed returns when a run has come of what no event told.
func (r *round) noticed(ctx context.Context) error {
	return wait(ctx, momentTime, func() error {
		runs, err := r.records.runs(r.project.key, r.since)
		if err == nil && len(runs) == 0 {
			err = errors.New("nobody has noticed")
		}
		return err
	})
}

// doubleEvents asks for the same thing twice at once.
func doubleEvents(ctx context.Context, r *round) (string, error) {
	p := r.project
	twice := func(what string, ask func() error) (string, error) {
		first := make(chan error, 1)
		go func() { first <- ask() }()
		err := ask()
		if firstErr := <-first; err != nil && firstErr != nil {
			return what, errors.Join(err, firstErr) // at least one of them has to be heard
		}
		return what, nil
	}
	switch r.random.IntN(3) {
	case 0:
		c, err := p.commit(r.grow(p.last.things), "")
		if err != nil {
			return "", err
		}
		r.aim(p, c)
		return twice("the same push twice", func() error {
			_, err := p.push(ctx, c.id)
			return err
		})
	case 1:
		r.keep(p)
		return twice("the same retry twice", func() error {
			run, err := r.server.client.Retry(ctx, p.key)
			if err != nil {
				return err
			}
			return r.attach(ctx, run)
		})
	default:
		r.aimAtNothing(p)
		return twice("the same delete twice", func() error {
			_, err := p.push(ctx, "")
			return err
		})
	}
}

// reorderEvents asks for many things without waiting for any. The one that was
// accepted last wins.
func reorderEvents(ctx context.Context, r *round) (string, error) {
	p := r.project
	done := ""
	for range 3 + r.random.IntN(3) {
		var err error
		switch choice := r.random.IntN(4); choice {
		case 0:
			done += " delete"
			_, err = p.push(ctx, "", "detach")
		case 1:
			done += " older"
			err = r.older(ctx)
		default:
			done += " push"
			var c commit
			if c, err = p.commit(r.grow(p.last.things), ""); err == nil {
				_, err = p.push(ctx, c.id, "detach")
			}
		}
		if err != nil {
			done += " (refused)" // such as the delete of what is gone
		}
		r.pause(ctx, randomly/5)
	}
	r.aimAtLast()
	return "quickly:" + done, nil
}

// older goes to a commit that was reached before.
func (r *round) older(ctx context.Context) error {
	reached, err := r.records.lines(`SELECT revision FROM runs WHERE project = $1 AND environment = $2 AND operation = 'up' AND status = 'succeeded'
		ORDER BY id DESC LIMIT 5`, r.project.key.Project, r.project.key.Environment)
	if err != nil || len(reached) == 0 {
		return err
	}
	_, err = r.server.client.CreateRun(ctx, r.project.key, api.RunRequest{Revision: reached[len(reached)-1], Force: true})
	return err
}

// aimAtLast aims at what the run wants that was accepted last by a person.
func (r *round) aimAtLast() {
	runs, err := r.records.runs(r.project.key, r.since)
	if err != nil {
		r.note("cannot read the runs: %v", err)
		return
	}
	for _, run := range slices.Backward(runs) {
		if run.Trigger == aloft.TriggerDrift {
			continue
		}
		r.goals[r.project.key.Environment] = goal{project: r.project, commit: run.Revision}
		return
	}
	r.note("nothing was accepted: %s", fmt.Sprint(r.since))
}

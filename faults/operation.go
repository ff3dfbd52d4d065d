package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/api"
)

// Where an environment has to be before an operation.
type need int

const (
	absent  need = iota // there is none
	present             // one runs
	twice               // one runs, and another release ran before
)

// operation is what somebody does to an environment. do returns when that
// somebody has been answered; it aims, which tells what they want.
type operation struct {
	name  string
	needs need
	steps []string // of its run, as the log shows them
	do    func(context.Context, *round) error
}

var (
	upSteps      = []string{"checkout", "read", "provision", "build", "release", "deploy", "verify"}
	destroySteps = []string{"destroy", "remove", "verify"}
)

var operations = []operation{
	{"first push", absent, upSteps, pushFirst},
	{"code push", present, upSteps, pushCode},
	{"Terraform push", present, upSteps, pushTerraform},
	{"broken push", present, upSteps, pushBroken},
	{"retry", present, upSteps, retry},
	{"rollback", twice, []string{"read", "deploy", "verify"}, rollBack},
	{"branch delete", present, destroySteps, deleteBranch},
	{"push and delete", present, upSteps, pushAndDelete},
	{"two at once", absent, upSteps, pushTwo},
	{"plan", present, []string{"checkout", "read", "plan"}, plan},
}

func operationNamed(name string) operation {
	for _, o := range operations {
		if o.name == name {
			return o
		}
	}
	panic("there is no operation " + name)
}

// grow returns things with some more of them, some fewer and some of another
// size. A big round gets as many as the middle of an apply needs.
func (r *round) grow(things map[string]int64) map[string]int64 {
	grown := maps.Clone(things)
	for _, name := range slices.Sorted(maps.Keys(grown)) {
		switch chance := r.random.IntN(4); {
		case chance == 0 || len(grown) > enoughThings:
			delete(grown, name)
		case chance == 1:
			grown[name] = 1 + r.random.Int64N(9)
		}
	}
	return r.add(grown)
}

// add adds things.
func (r *round) add(things map[string]int64) map[string]int64 {
	grown := maps.Clone(things)
	if grown == nil {
		grown = map[string]int64{}
	}
	more := 1 + r.random.IntN(3)
	if r.kind.big {
		more = manyThings
	}
	for range more {
		r.names++
		grown[fmt.Sprintf("t%d-%d", r.number, r.names)] = 1 + r.random.Int64N(9)
	}
	return grown
}

const (
	manyThings   = 70 // are made in a round that needs the middle of an apply
	enoughThings = 8  // of those, the next rounds keep
)

func pushFirst(ctx context.Context, r *round) error {
	c, err := r.project.commit(r.grow(nil), "")
	if err != nil {
		return err
	}
	r.aim(r.project, c)
	_, err = r.project.push(ctx, c.id)
	return err
}

func pushCode(ctx context.Context, r *round) error {
	c, err := r.project.commit(r.project.last.things, "")
	if err != nil {
		return err
	}
	r.aim(r.project, c)
	_, err = r.project.push(ctx, c.id)
	return err
}

func pushTerraform(ctx context.Context, r *round) error {
	c, err := r.project.commit(r.grow(r.project.last.things), "")
	if err != nil {
		return err
	}
	r.aim(r.project, c)
	_, err = r.project.push(ctx, c.id)
	return err
}

// What a broken push is answered with. The second is as it should be.
var (
	errAccepted = errors.New("a broken push was accepted")
	errRefused  = errors.New("the push was refused")
)

func pushBroken(ctx context.Context, r *round) error {
	ways := []string{brokenApp, brokenTerraform, brokenCloud}
	c, err := r.project.commit(r.grow(r.project.last.things), ways[r.random.IntN(len(ways))])
	if err != nil {
		return err
	}
	r.keep(r.project)
	if _, err = r.project.push(ctx, c.id); err == nil {
		return errAccepted
	}
	return errRefused
}

func retry(ctx context.Context, r *round) error {
	r.keep(r.project)
	run, err := r.server.client.Retry(ctx, r.project.key)
	if err != nil {
		return err
	}
	return r.attach(ctx, run)
}

func rollBack(ctx context.Context, r *round) error {
	run, err := r.server.client.Rollback(ctx, r.project.key, api.RollbackRequest{})
	if err != nil {
		return err
	}
	return r.attach(ctx, run)
}

func deleteBranch(ctx context.Context, r *round) error {
	r.aimAtNothing(r.project)
	_, err := r.project.push(ctx, "")
	return err
}

func pushAndDelete(ctx context.Context, r *round) error {
	r.aimAtNothing(r.project)
	c, err := r.project.commit(r.grow(r.project.last.things), "")
	if err != nil {
		return err
	}
	if _, err := r.project.push(ctx, c.id, "detach"); err != nil {
		return err
	}
	return deleteBranch(ctx, r)
}

func pushTwo(ctx context.Context, r *round) error {
	var both errgroup.Group
	for _, p := range []*project{r.project, r.other} {
		c, err := p.commit(r.grow(p.last.things), "")
		if err != nil {
			return err
		}
		r.aim(p, c)
		both.Go(func() error {
			_, err := p.push(ctx, c.id)
			return err
		})
	}
	return both.Wait()
}

func plan(ctx context.Context, r *round) error {
	c, err := r.project.commit(r.grow(r.project.last.things), "")
	if err != nil {
		return err
	}
	r.keep(r.project)
	_, err = r.project.push(ctx, c.id, "plan")
	return err
}

// attach follows a run to its end.
func (r *round) attach(ctx context.Context, run aloft.Run) error {
	var log discarded
	if err := r.server.client.RunLog(ctx, run.ID, true, &log); err != nil {
		return err
	}
	details, err := r.server.client.Run(ctx, run.ID)
	if err == nil && details.Status != aloft.RunSucceeded {
		err = fmt.Errorf("run %d %s: %s", run.ID, details.Status, details.Error)
	}
	return err
}

type discarded struct{}

// Write takes everything.
func (discarded) Write(p []byte) (int, error) { return len(p), nil }

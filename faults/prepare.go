package main

import (
	"context"
	"fmt"

	"github.com/aloft-dev/aloft"
)

// prepare brings the environments to where the operation needs them.
func (r *round) prepare(ctx context.Context) error {
	needs := r.operation.needs
	if r.kind.scene != nil {
		needs = twice
	}
	if err := r.bring(ctx, r.project, needs); err != nil {
		return err
	}
	if r.operation.name == "two at once" || r.kind.scene != nil {
		return r.bring(ctx, r.other, min(needs, present))
	}
	return nil
}

func (r *round) bring(ctx context.Context, p *project, needs need) error {
	record, ok, err := r.records.environment(p.key)
	if err != nil {
		return err
	}
	exists := ok && record.Status != aloft.EnvironmentDestroyed
	if needs == absent {
		if exists {
			return r.remove(ctx, p)
		}
		return nil
	}
	many := r.operation.name == "branch delete" && r.kind.big && len(p.last.things) < manyThings
	switch {
	case many:
		err = r.refreshWith(ctx, p, r.grow(p.last.things))
	case record.Status != aloft.EnvironmentReady:
		err = r.refresh(ctx, p)
	}
	if err != nil {
		return err
	}
	if needs != twice {
		return nil
	}
	earlier, err := r.records.lines(`SELECT DISTINCT revision FROM releases WHERE project = $1 AND environment = $2 AND status <> 'failed'`,
		p.key.Project, p.key.Environment)
	if err != nil || len(earlier) > 1 {
		return err
	}
	return r.refresh(ctx, p)
}

// refresh pushes a new version and wants it to succeed.
func (r *round) refresh(ctx context.Context, p *project) error {
	return r.refreshWith(ctx, p, p.last.things)
}

func (r *round) refreshWith(ctx context.Context, p *project, things map[string]int64) error {
	c, err := p.commit(things, "")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	if _, err := p.push(ctx, c.id); err != nil {
		return err
	}
	if g, ok := r.goals[p.key.Environment]; ok && !g.any {
		r.aim(p, c)
	}
	return nil
}

// remove deletes the environment's branch and wants that to succeed. One whose
// first run failed has no branch.
func (r *round) remove(ctx context.Context, p *project) error {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	refs, err := r.refs(ctx)
	if err != nil {
		return err
	}
	if refs["refs/heads/"+p.key.Branch()] != "" {
		_, err := p.push(ctx, "")
		return err
	}
	return r.destroy(ctx, p)
}

// destroy asks for the environment's end without its branch.
func (r *round) destroy(ctx context.Context, p *project) error { return r.destroyWith(ctx, p, false) }

// destroyWith is destroy; force removes also what the engine refuses to.
func (r *round) destroyWith(ctx context.Context, p *project, force bool) error {
	return p.asks(func() error {
		run, err := r.server.client.DestroyEnvironment(ctx, p.key, force)
		if err != nil {
			return err
		}
		return r.attach(ctx, run)
	})
}

// clear destroys everything and proves that nothing is left, in the records and
// beside them.
func (b *bench) clear(ctx context.Context) []violation {
	r := &round{bench: b, goals: map[string]goal{}}
	for _, name := range environments {
		p := b.projects[name]
		if err := r.bring(ctx, p, absent); err != nil {
			return r.failed(blocked, "cannot destroy "+name, err)
		}
	}
	violations := r.settle(ctx)
	if len(violations) > 0 {
		return violations
	}
	for _, t := range b.cloud.of("") {
		violations = append(violations, violation{invariant{text: "nothing is left at the end", harm: orphan}, fmt.Sprintf("%s (%s of %s)", t.ID, t.Name, t.Environment)})
	}
	return violations
}

package main

import (
	"context"
	"errors"
	"net/http"

	"github.com/aloft-dev/aloft"
)

// engineRefuses asks for the end of an environment whose Terraform says that its
// database must not be destroyed: what the engine refuses is refused. Once a
// push has taken that out, the same succeeds; or a person forces it.
func engineRefuses(ctx context.Context, r *round) (string, error) {
	p := r.project
	what, wanted := "with things outside", r.grow(p.last.things)
	if r.random.IntN(3) > 0 {
		what, wanted = "of local resources alone", nil
		if err := r.comeHome(ctx); err != nil {
			return "", err
		}
		defer func() { p.shape.alone = false }()
	}
	p.shape.keeps = true
	kept, err := p.commit(wanted, "")
	p.shape.keeps = false
	if err == nil {
		_, err = p.push(ctx, kept.id)
	}
	if err != nil {
		return "", err
	}
	things := r.cloud.of(p.key.Environment)
	if r.random.IntN(3) == 0 {
		what += ", destroyed"
		r.refused("a destroy that the engine refuses", r.destroy(ctx, p))
	} else {
		what += ", branch deleted"
		_, answer := p.push(ctx, "")
		r.refused("a delete that the engine refuses", answer, "prevent_destroy")
	}
	r.comesToRest(ctx)
	r.stays(ctx, p, kept.id, things)
	record, _, err := r.records.environment(p.key)
	if err != nil || record.Status != aloft.EnvironmentDegraded {
		r.broke(wrong, "%s is %s after its destroy was refused: %v", p.key, record.Status, err)
	}
	if p.shape.alone && r.random.IntN(3) == 0 {
		r.aimAtNothing(p)
		return what + ", then forced", r.orBlocked("a forced destroy does not succeed", r.destroyWith(ctx, p, true))
	}
	free, err := p.commit(p.last.things, "")
	if err != nil {
		return what, err
	}
	r.aim(p, free)
	if _, err := p.push(ctx, free.id); err != nil || r.random.IntN(3) == 0 {
		return what + ", then it may stay", r.orBlocked("a push after a refused destroy does not succeed", err)
	}
	r.aimAtNothing(p)
	_, err = p.push(ctx, "")
	return what + ", then it is allowed", r.orBlocked("a destroy that is allowed does not succeed", err)
}

// renameLabel renames the label of a resource. With a moved block nothing may be
// lost. Without, the plan says that the one is destroyed and the other made:
// that may be refused, and is then healed by the block; what must not be is an
// environment that is ready without its database.
func renameLabel(ctx context.Context, r *round) (string, error) {
	p := r.project
	resources := []string{"aloft_postgresql", "aloft_app", "aloft_environment"}
	resource := resources[r.random.IntN(len(resources))]
	renamed, moved := p.shape.renamed(resource)
	told := renamed
	told.moved = []string{moved}
	defer func() { p.shape = renamed }()
	if r.random.IntN(3) == 0 {
		return resource + ", moved", r.pushShape(ctx, told)
	}
	p.shape = renamed
	p.born = "" // the plan says that it goes
	c, err := p.commit(p.last.things, "")
	if err != nil {
		return resource, err
	}
	r.aim(p, c)
	_, refusal := p.push(ctx, c.id)
	r.comesToRest(ctx)
	if refusal == nil {
		return resource + ", accepted", nil
	}
	return resource + ", refused, then moved", r.pushShape(ctx, told)
}

// pushShape pushes the project's Terraform in another shape, which has to
// succeed.
func (r *round) pushShape(ctx context.Context, s shape) error {
	p := r.project
	p.shape = s
	c, err := p.commit(p.last.things, "")
	if err != nil {
		return err
	}
	r.aim(p, c)
	_, err = p.push(ctx, c.id)
	return r.orBlocked("a push of a renamed resource does not succeed", err)
}

// encryptedState kills everything while an apply makes things whose state
// OpenTofu encrypts: neither the server nor the suite can read it. Nothing may
// be in the way of the next push, nor of the end.
func encryptedState(ctx context.Context, r *round) (string, error) {
	p := r.project
	if err := r.bring(ctx, p, absent); err != nil {
		return "", err
	}
	var err error
	if r.since, err = r.records.newest(); err != nil {
		return "", err
	}
	p.shape.encrypts = true
	defer func() { p.shape.encrypts = false }()
	c, err := p.commit(r.grow(nil), "")
	if err != nil {
		return "", err
	}
	r.aim(p, c)
	pushed := make(chan error, 1)
	go func() {
		_, err := p.push(ctx, c.id)
		pushed <- err
	}()
	moment, err := killEverything(ctx, r)
	if <-pushed; err != nil {
		return moment, err
	}
	r.comesToRest(ctx)
	r.broken = append(r.broken, r.fulfil(ctx)...)
	grown, err := p.commit(r.grow(p.last.things), "")
	if err != nil {
		return moment, err
	}
	r.aim(p, grown)
	_, err = p.push(ctx, grown.id)
	_ = r.orBlocked("a push over an encrypted state does not succeed", err)
	r.comesToRest(ctx)
	r.aimAtNothing(p)
	_, err = p.push(ctx, "")
	return moment + ", pushed again, deleted", r.orBlocked("what has an encrypted state cannot be destroyed", err)
}

// appClings lets the app do what it may do to its own things, and wants all of
// it to go all the same.
func appClings(ctx context.Context, r *round) (string, error) {
	p := r.project
	e := resting{bench: r.bench, key: p.key, project: p}
	status, body, err := e.call(ctx, http.MethodPost, "/cling")
	if err == nil && status != http.StatusOK {
		err = errors.New("the app cannot cling: " + body)
	}
	if err != nil {
		return "", err
	}
	r.aimAtNothing(p)
	_, err = p.push(ctx, "")
	return "and is deleted", r.orBlocked("what an app does to its own things is in the way of its end", err)
}

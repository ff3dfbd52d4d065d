package main

import (
	"context"
	"errors"
)

// pushMirror pushes in ways that delete more than one environment, or delete one
// and make another: refused as a whole, unless that is said to be meant.
func pushMirror(ctx context.Context, r *round) (string, error) {
	c, err := r.project.commit(r.project.last.things, "")
	if err != nil {
		return "", err
	}
	one, two := r.project, r.other
	branches, err := r.refs(ctx)
	if err != nil {
		return "", err
	}
	things := map[*project][]thing{one: r.cloud.of(one.key.Environment), two: r.cloud.of(two.key.Environment)}
	deletes := []string{":refs/heads/" + one.key.Branch(), ":refs/heads/" + two.key.Branch()}
	what, args := "a mirror", []string{"push", "--mirror", one.remote}
	switch r.random.IntN(3) {
	case 0:
		what, args = "two deletions", append([]string{"push", one.remote}, deletes...)
	case 1:
		what, args = "a renamed branch", []string{"push", one.remote, deletes[0], c.id + ":refs/heads/env-renamed"}
	}
	_, answer := one.git(ctx, args...)
	r.refused(what, answer, "destroy")
	r.nothingComes(ctx, r.since)
	for _, p := range []*project{one, two} {
		r.stays(ctx, p, branches["refs/heads/"+p.key.Branch()], things[p])
	}
	if len(r.broken) > 0 || r.random.IntN(2) == 0 {
		r.keep(one)
		return what, nil
	}
	r.aimAtNothing(one)
	r.aimAtNothing(two)
	err = one.asks(func() error {
		return two.asks(func() error {
			_, err := one.git(ctx, append([]string{"push", "-o", "destroy", one.remote}, deletes...)...)
			return err
		})
	})
	return what + ", then two deletions that are meant", r.orBlocked("two deletions that are meant do not succeed", errors.Join(err, ctx.Err()))
}

package main

import (
	"context"
	"errors"
	"os"
)

// ageRecords puts an older aloft.db back. What was applied since is known to the
// world and not to the records: nothing may be made from them, until the newer
// ones are back. What was only deployed since may be deployed again, under new
// numbers.
func ageRecords(ctx context.Context, r *round) (string, error) {
	const file = "aloft.db*"
	old, err := r.records.newest()
	if err != nil {
		return "", err
	}
	err = r.whileDown(ctx, func() error {
		return r.withoutRecords(func() error { return r.server.copyAway(file) })
	})
	if err != nil {
		return "", err
	}
	what, things := "before an apply", r.add(r.project.last.things)
	deployed := r.random.IntN(3) == 0
	if deployed {
		what, things = "before a deploy", r.project.last.things
	}
	if err := r.refreshThings(ctx, things); err != nil {
		return what, err
	}
	given, err := r.records.newest()
	if err != nil {
		return what, err
	}
	r.keep(r.project)
	r.cloud.allowTwins(true)
	err = r.whileDown(ctx, func() error {
		return r.withoutRecords(func() error { return r.server.putOlder(file) })
	})
	if err != nil {
		return what, err
	}
	if !deployed {
		r.disagrees(ctx, r.project)
		r.nothingComes(ctx, old)
	} else {
		lookOn(ctx, quietTime)
	}
	r.numbersAreNew(old, given)
	told, err := r.disagreements(ctx)
	if err != nil || told[r.project.key] == "" {
		return what + ", taken as they are", errors.Join(err, os.RemoveAll(r.server.newer()))
	}
	return what + ", then the newer ones", r.whileDown(ctx, func() error {
		return r.withoutRecords(func() error { return r.server.putNewer(file) })
	})
}

// numbersAreNew wants no run after old to have a number up to given.
func (r *round) numbersAreNew(old, given int64) {
	again, err := r.records.lines(`SELECT 'run ' || id || ' of ' || environment FROM runs WHERE id > $1 AND id <= $2`, old, given)
	if err != nil {
		r.broke(wrong, "cannot read the runs: %v", err)
	}
	for _, run := range again {
		r.broke(twin, "%s has a number that was given before", run)
	}
}

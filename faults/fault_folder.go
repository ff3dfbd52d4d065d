package main

import (
	"context"
	"errors"
	"os"
	"strings"
)

// loseEnvironments loses what the server keeps beside the records of each
// environment, or puts back what it kept before the last apply: pushes and
// destroys work all the same.
func loseEnvironments(ctx context.Context, r *round) (string, error) {
	what, harm := "lost", func() error { return r.server.takeAway("environments") }
	if r.random.IntN(3) == 0 {
		err := r.server.copyAway("environments")
		if err == nil {
			err = r.refreshThings(ctx, r.add(r.project.last.things))
		}
		if err != nil {
			return "", err
		}
		what, harm = "older", func() error { return r.server.putBack("environments") }
	}
	if err := r.whileDown(ctx, harm); err != nil {
		return what, err
	}
	r.comesToRest(ctx)
	then, err := r.pushOrDelete(ctx)
	return what + ", " + then, err
}

// loseArtifacts loses what was built: what runs has to come back by itself.
func loseArtifacts(ctx context.Context, r *round) (string, error) {
	r.keep(r.project)
	err := r.whileDown(ctx, func() error { return r.server.takeAway("artifacts") })
	if err != nil {
		return "", err
	}
	r.comesToRest(ctx)
	then, err := r.pushOrDelete(ctx)
	return "built again, " + then, err
}

// loseRuns loses the logs and journals of runs that have ended.
func loseRuns(ctx context.Context, r *round) (string, error) {
	err := r.whileDown(ctx, func() error { return r.server.takeAway("runs") })
	if err != nil {
		return "", err
	}
	r.comesToRest(ctx)
	return r.pushOrDelete(ctx)
}

// loseRepositories loses all repositories, or finds others in their place, or
// those of yesterday: that is nobody's wish to destroy anything. All is as before
// when they are back.
func loseRepositories(ctx context.Context, r *round) (string, error) {
	if r.random.IntN(3) == 0 {
		return "older", r.ageRepositories(ctx)
	}
	harmed, err := r.existing()
	if err != nil {
		return "", err
	}
	r.keep(r.project)
	what, repositories := "lost", r.server.data("repositories")
	replace := func() error { return nil }
	if r.random.IntN(2) == 0 {
		what = "replaced"
		replace = func() error {
			return errors.Join(os.Mkdir(repositories, 0o700),
				mustRun("git", "clone", "--quiet", "--bare", r.project.dir, r.server.data("repositories", projectName+".git")))
		}
	}
	err = r.whileDown(ctx, func() error { return errors.Join(r.server.takeAway("repositories"), replace()) })
	if err != nil {
		return what, err
	}
	r.disagrees(ctx, harmed...)
	r.nothingComes(ctx, r.since)
	back := func() error { return r.server.putBack("repositories") }
	if r.random.IntN(2) == 0 {
		return what + ", put back while the server runs", back()
	}
	return what + ", put back while the server is down", r.whileDown(ctx, back)
}

// losePostgreSQL loses the databases of all environments: none is made anew, empty, and
// all is as before when they are back.
func losePostgreSQL(ctx context.Context, r *round) (string, error) {
	const folder = "postgresql"
	r.keep(r.project)
	// A killed server would leave its PostgreSQL at work on what is moved.
	if err := r.restart(ctx, errors.Join(r.server.stop(), r.server.takeAway(folder))); err != nil {
		return "", err
	}
	r.disagrees(ctx, r.project)
	r.nothingComes(ctx, r.since)
	_, err := os.Stat(r.server.data(folder))
	if err == nil {
		r.broke(lost, "another %s/ was made", folder)
	}
	return "put back", r.whileDown(ctx, func() error { return r.server.putBack(folder) })
}

// ageRepositories puts the repositories back that were there before the last
// push: they lack the commit that runs.
func (r *round) ageRepositories(ctx context.Context) error {
	const folder = "repositories"
	err := r.server.copyAway(folder)
	if err == nil {
		err = r.refreshThings(ctx, r.add(r.project.last.things))
	}
	if err != nil {
		return err
	}
	r.keep(r.project)
	newest, err := r.records.newest()
	if err != nil {
		return err
	}
	if err := r.whileDown(ctx, func() error { return r.server.putOlder(folder) }); err != nil {
		return err
	}
	r.disagrees(ctx, r.project)
	r.nothingComes(ctx, newest)
	return r.whileDown(ctx, func() error { return r.server.putNewer(folder) })
}

// loseKey loses the key that everything is sealed with: a server that has data
// refuses to start without, and makes no other.
func loseKey(ctx context.Context, r *round) (string, error) {
	return "put back", r.refusedWithout(ctx, "seal.key", "seal.key", "bring it back")
}

// loseRecords loses the records: a server that has data refuses to start
// without.
func loseRecords(ctx context.Context, r *round) (string, error) {
	return "put back", r.withoutRecords(func() error { return r.refusedWithout(ctx, "aloft.db*", "aloft.db", "--forget") })
}

// refusedWithout wants the server to refuse to start without a file, to say what
// to do, and to write no other; then it puts the file back.
func (r *round) refusedWithout(ctx context.Context, pattern, file, remedy string) error {
	r.keep(r.project)
	return r.whileDown(ctx, func() error {
		if err := r.server.takeAway(pattern); err != nil {
			return err
		}
		said, refusal := r.server.refuses(ctx, r.server.address)
		switch {
		case refusal != nil:
			r.broke(lost, "without %s: %v", file, refusal)
		case !strings.Contains(said, remedy):
			r.broke(wrong, "the refusal without %s does not say %q: %s", file, remedy, said)
		}
		if _, err := os.Stat(r.server.data(file)); err == nil {
			r.broke(lost, "another %s was written", file)
		}
		return r.server.putBack(pattern)
	})
}

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// leaseTime is how long two servers may believe that the records are theirs.
const leaseTime = 30 * time.Second

// twoOnPostgres runs a server whose records are in PostgreSQL, restarts that, and
// starts another server with the same records: one of the two goes on, and only
// one. The PostgreSQL is that of the world's own server, which starts it again.
func twoOnPostgres(ctx context.Context, r *round) (string, error) {
	r.keep(r.project)
	name := fmt.Sprintf("records%d", r.number)
	dir := filepath.Join(r.server.dir, name)
	if err := r.inPostgres(ctx, "CREATE DATABASE "+name); err != nil {
		return "", err
	}
	first, err := r.onPostgres(filepath.Join(dir, "one"), name)
	if err == nil {
		err = first.start(ctx)
	}
	if err != nil {
		return "", err
	}
	defer func() { _ = first.stop() }() // it may have ended by itself
	second, err := r.onPostgres(filepath.Join(dir, "two"), name)
	if err == nil {
		err = mustRun("cp", "--", first.data("seal.key"), second.data())
	}
	if err != nil {
		return "", err
	}
	if said, refusal := second.refuses(ctx, second.address); refusal != nil {
		r.broke(wrong, "a second server on the same records was not refused: %v: %s", refusal, said)
	}
	err = r.restartRecords(ctx)
	startErr := second.start(ctx)
	defer func() { _ = second.stop() }()
	what := "the first goes on"
	if startErr == nil {
		what = "the second takes over"
	}
	living, aloneErr := r.alone(ctx, first, second)
	if aloneErr != nil || err != nil {
		return what, err
	}
	p, err := newProject(filepath.Join(dir, "work"), "alice", living, func() (int64, error) { return 0, nil }, r.cloud.url)
	if err != nil {
		return what, err
	}
	c, err := p.commit(map[string]int64{}, "")
	if err != nil {
		return what, err
	}
	_, err = p.push(ctx, c.id)
	_ = r.orBlocked("the server that goes on takes no push", err)
	_, err = p.push(ctx, "")
	_ = r.orBlocked("the server that goes on destroys nothing", err)
	return what, errors.Join(first.stop(), second.stop(), r.dropRecords(ctx, name))
}

// onPostgres prepares a server with records in a database of the world's
// PostgreSQL.
func (r *round) onPostgres(dir, name string) (*server, error) {
	url, err := r.server.databaseURL(name)
	if err == nil {
		err = os.MkdirAll(filepath.Join(dir, "data"), 0o700)
	}
	if err != nil {
		return nil, err
	}
	s, err := newServer(r.program, dir, r.sweep, r.environ())
	if err != nil {
		return nil, err
	}
	s.env = append(s.env, "ALOFT_DATABASE="+url)
	return s, nil
}

func (r *round) inPostgres(ctx context.Context, statement string) error {
	connection, err := r.server.connect(ctx, "postgres")
	if err != nil {
		return err
	}
	_, err = connection.Exec(ctx, statement)
	return errors.Join(err, connection.Close(ctx))
}

func (r *round) dropRecords(ctx context.Context, name string) error {
	return r.inPostgres(ctx, "DROP DATABASE "+name+" WITH (FORCE)")
}

// restartRecords shuts PostgreSQL down and returns when it is back.
func (r *round) restartRecords(ctx context.Context) error {
	before, err := r.server.postmaster()
	if err != nil {
		return err
	}
	if err := syscall.Kill(before.pid, syscall.SIGINT); err != nil {
		return err
	}
	return wait(ctx, settleTime, func() error {
		if now, err := r.server.postmaster(); err != nil || now.pid == before.pid {
			return errors.Join(err, errNoPostgres)
		}
		return r.inPostgres(ctx, "SELECT 1")
	})
}

// alone wants one of two servers to end, and returns the other.
func (r *round) alone(ctx context.Context, first, second *server) (*server, error) {
	err := wait(ctx, leaseTime, func() error {
		switch {
		case first.alive() && second.alive():
			return errors.New("two servers live on the same records")
		case !first.alive() && !second.alive():
			return stop{errors.New("no server lives on the records")}
		}
		return nil
	})
	if err != nil {
		r.broke(wrong, "%v", err)
	}
	if second.alive() {
		return second, err
	}
	return first, err
}

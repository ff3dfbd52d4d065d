package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// exclusively runs do while the records are locked for everybody else.
func (s *server) exclusively(ctx context.Context, do func(*sql.Tx) error) error {
	db, err := sql.Open("sqlite", recordsDSN(s.data("aloft.db"), url.Values{"_txlock": {"exclusive"}}))
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("cannot lock the records: %w", err)
	}
	if err := do(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// lockDatabase locks the records for some seconds; one time in four for longer
// than the server waits for them.
func lockDatabase(ctx context.Context, r *round) (string, error) {
	took := r.pause(ctx, randomly)
	stands := 500*time.Millisecond + time.Duration(r.random.Int64N(int64(3*time.Second)))
	if r.random.IntN(4) == 0 {
		stands = 12 * time.Second
	}
	stands = stands.Round(time.Millisecond)
	err := r.server.exclusively(ctx, func(*sql.Tx) error {
		select {
		case <-time.After(stands):
		case <-ctx.Done():
		}
		return nil
	})
	return fmt.Sprintf("%s after the start, for %s", took, stands), err
}

// loseEvents kills the server as soon as a run is accepted and removes its
// queue: nothing but the records tells that there is something to do.
func loseEvents(ctx context.Context, r *round) (string, error) {
	err := r.awaitStep(ctx, stepAccepted)
	moment := r.at("after accepted", err)
	err = errors.Join(unless(err), r.server.kill(), r.server.exclusively(ctx, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, `DELETE FROM river_job`)
		if err == nil {
			n, _ := result.RowsAffected()
			moment += fmt.Sprintf(", %d jobs", n)
		}
		return err
	}))
	return moment, r.restart(ctx, err)
}

// jumpClock moves the clock by hours; it goes back when the operation is over.
func jumpClock(ctx context.Context, r *round) (string, error) {
	took := r.pause(ctx, randomly)
	hours := time.Duration(1+r.random.IntN(12)) * time.Hour
	if r.random.IntN(2) == 0 {
		hours = -hours
	}
	r.mended = func() error { return r.clock.set(0) }
	err := errors.Join(r.clock.set(hours), r.server.hasTime(ctx, time.Now().Add(hours)))
	return fmt.Sprintf("%s after the start, by %.0f h", took, hours.Hours()), err
}

// expireAll lets the time of all environments be up at once, because the clock
// jumps: that ends none of them. They live on when the clock is right again.
func expireAll(ctx context.Context, r *round) (string, error) {
	r.keep(r.project)
	all, err := r.existing()
	setAll := func(ttl time.Duration) error {
		var failed error
		for _, p := range all {
			_, err := r.server.client.SetTTL(ctx, p.key, ttl)
			failed = errors.Join(failed, err)
		}
		return failed
	}
	const ttl, jump = 3 * time.Hour, 12 * time.Hour
	r.mended = func() error { return errors.Join(r.clock.set(0), setAll(0)) }
	if err := errors.Join(err, setAll(ttl), r.clock.set(jump), r.server.hasTime(ctx, time.Now().Add(jump))); err != nil {
		return "", err
	}
	r.disagrees(ctx, all...)
	r.nothingComes(ctx, r.since)
	return fmt.Sprintf("of %d", len(all)), nil
}

// hasTime wants the server's clock to show about that time.
func (s *server) hasTime(ctx context.Context, want time.Time) error {
	response, err := healthz(ctx, s.address)
	if err != nil {
		return err
	}
	has, err := http.ParseTime(response.Header.Get("Date"))
	if err == nil && has.Sub(want).Abs() > time.Minute {
		err = fmt.Errorf("the clock of the server shows %s, and was to show %s", has, want)
	}
	return err
}

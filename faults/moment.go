package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// momentTime is how long a moment may take to come.
const momentTime = time.Minute

// errOver tells that the operation ended before the moment came.
var errOver = errors.New("the operation was over before")

// await returns when check is content, or the operation is over.
func (r *round) await(ctx context.Context, check func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, momentTime)
	defer cancel()
	for over := false; ; {
		ok, err := check()
		if ok || err != nil {
			return err
		}
		if over {
			return errOver
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the moment did not come: %w", ctx.Err())
		case <-r.over:
			over = true // one more look
		case <-time.After(time.Millisecond):
		}
	}
}

// awaitStep returns when a run of the operation has taken a step.
func (r *round) awaitStep(ctx context.Context, step string) error {
	return r.await(ctx, func() (bool, error) {
		runs, err := r.records.runs(r.project.key, r.since)
		if err != nil || len(runs) == 0 {
			return false, err
		}
		if step == stepAccepted {
			return true, nil
		}
		log, err := os.ReadFile(r.logPath(runs[0].ID))
		if err != nil {
			return false, nil // it has not begun
		}
		if step == stepBegun {
			return strings.Contains(string(log), "=====> "), nil
		}
		for line := range strings.Lines(string(log)) {
			rest, ok := strings.CutPrefix(line, "-----> "+step)
			if ok && strings.HasPrefix(strings.TrimLeft(rest, ":"), " ") {
				return true, nil
			}
		}
		return false, nil
	})
}

// awaitThings returns when that many things have been made, or deleted, since
// the call.
func (r *round) awaitThings(ctx context.Context, many int) error {
	before := len(r.cloud.of(r.project.key.Environment))
	return r.await(ctx, func() (bool, error) {
		now := len(r.cloud.of(r.project.key.Environment))
		return now-before >= many || before-now >= many, nil
	})
}

// pause lets a random time pass, up to longest, and returns it.
func (r *round) pause(ctx context.Context, longest time.Duration) time.Duration {
	took := time.Duration(r.random.Int64N(int64(longest))).Round(time.Millisecond)
	select {
	case <-time.After(took):
	case <-ctx.Done():
	}
	return took
}

// at words a moment, and what came before it.
func (r *round) at(moment string, err error) string {
	if errors.Is(err, errOver) {
		return moment + ", which did not come: after the end"
	}
	return moment
}

// unless returns err, when it is another than that the operation is over.
func unless(err error) error {
	if errors.Is(err, errOver) {
		return nil
	}
	return err
}

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"
)

// randomly is the time in which most operations are over.
const randomly = 1500 * time.Millisecond

// restart starts a killed server again, as whatever watches over it would.
func (r *round) restart(ctx context.Context, err error) error {
	return errors.Join(err, r.server.start(ctx))
}

func killAtStep(ctx context.Context, r *round) (string, error) {
	err := r.awaitStep(ctx, r.step)
	moment := r.at("after "+r.step, err)
	return moment, r.restart(ctx, errors.Join(unless(err), r.server.kill()))
}

func killAtRandom(ctx context.Context, r *round) (string, error) {
	moment := fmt.Sprintf("%s after the start", r.pause(ctx, randomly))
	return moment, r.restart(ctx, r.server.kill())
}

// some is how many things are in the middle of many.
func (r *round) some() int { return 5 + r.random.IntN(manyThings-20) }

// inApply waits for the middle of an apply.
func (r *round) inApply(ctx context.Context) (string, error) {
	many := r.some()
	err := r.awaitThings(ctx, many)
	return r.at(fmt.Sprintf("%d things made", many), err), unless(err)
}

func killInApply(ctx context.Context, r *round) (string, error) {
	moment, err := r.inApply(ctx)
	return moment, r.restart(ctx, errors.Join(err, r.server.kill()))
}

func killInDestroy(ctx context.Context, r *round) (string, error) {
	many := r.some()
	err := r.awaitThings(ctx, many)
	moment := r.at(fmt.Sprintf("%d things deleted", many), err)
	return moment, r.restart(ctx, errors.Join(unless(err), r.server.kill()))
}

func termInApply(ctx context.Context, r *round) (string, error) {
	moment, err := r.inApply(ctx)
	return moment, r.restart(ctx, errors.Join(err, r.server.stop()))
}

// frozenInApply waits for the middle of an apply, at which the cloud freezes.
func (r *round) frozenInApply(ctx context.Context) (string, error) {
	many := r.some()
	r.cloud.freezeAfter(r.project.key.Environment, many)
	err := r.await(ctx, func() (bool, error) { return r.cloud.isFrozen(), nil })
	return r.at(fmt.Sprintf("%d things made", many), err), errors.Join(unless(err), r.hush(ctx))
}

// hush lets no further thing be made, and returns when the engine has told of
// all that were. What is made while the engine that asked for it is killed is
// known to nobody: no tool can heal that, and no fault is aimed there.
func (r *round) hush(ctx context.Context) error {
	r.cloud.freeze()
	made := r.cloud.of(r.project.key.Environment)
	err := r.await(ctx, func() (bool, error) {
		runs, err := r.records.runs(r.project.key, r.since)
		if err != nil || len(runs) == 0 {
			return false, err
		}
		told, _ := os.ReadFile(r.server.data("runs", fmt.Sprint(runs[0].ID), "apply.ndjson"))
		for _, t := range made {
			if strings.HasPrefix(t.Name, fmt.Sprintf("t%d-", r.number)) && !strings.Contains(string(told), t.ID) {
				return false, nil
			}
		}
		return true, nil
	})
	return unless(err)
}

func killEverything(ctx context.Context, r *round) (string, error) {
	moment, err := r.frozenInApply(ctx)
	err = errors.Join(err, r.server.kill())
	left, leftErr := r.server.processes()
	for _, p := range left {
		_ = p.kill() // it may have ended by itself
	}
	r.cloud.thaw()
	return moment, r.restart(ctx, errors.Join(err, leftErr))
}

var errNoEngine = errors.New("there is no engine to kill")

func killEngine(ctx context.Context, r *round) (string, error) {
	moment, err := r.frozenInApply(ctx)
	found, foundErr := r.server.processes()
	killed := 0
	for _, p := range found {
		if p.engine() && p.kill() == nil {
			killed++
		}
	}
	r.cloud.thaw()
	if killed == 0 && foundErr == nil && !strings.Contains(moment, "after the end") {
		foundErr = errNoEngine
	}
	return moment, errors.Join(err, foundErr)
}

func killPostgres(ctx context.Context, r *round) (string, error) {
	moment := fmt.Sprintf("%s after the start", r.pause(ctx, randomly))
	p, err := r.server.postmaster()
	if err != nil {
		r.note("PostgreSQL did not run")
		return moment, nil
	}
	return moment, p.kill()
}

func killApp(ctx context.Context, r *round) (string, error) {
	moment := fmt.Sprintf("%s after the start", r.pause(ctx, randomly))
	found, err := r.server.processes()
	if err != nil {
		return moment, err
	}
	for _, p := range found {
		if strings.Contains(p.tag, "/"+r.project.key.Environment+"/") && strings.Contains(p.command, appProgram) {
			return moment + ", process " + fmt.Sprint(p.pid), p.kill()
		}
	}
	r.note("no app ran")
	return moment, nil
}

// killClient kills the pusher. What it had asked for goes on.
func killClient(ctx context.Context, r *round) (string, error) {
	moment := fmt.Sprintf("%s after the start", r.pause(ctx, randomly/2))
	r.client()
	<-r.over
	runs, err := r.runsSince()
	if err == nil && len(runs) > 0 {
		return moment + ", accepted", nil
	}
	return moment + ", not accepted", err
}

func freezeServer(ctx context.Context, r *round) (string, error) {
	took := r.pause(ctx, randomly)
	if err := r.server.signal(syscall.SIGSTOP); err != nil {
		return "", err
	}
	stood := r.pause(ctx, 4*time.Second)
	return fmt.Sprintf("%s after the start, for %s", took, stood), r.server.signal(syscall.SIGCONT)
}

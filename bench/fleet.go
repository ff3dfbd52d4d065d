package main

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	fleetSize   = 50
	scriptFleet = 10 // environments that the script makes, half before and half after ours
)

func measureFleet(ctx context.Context, l *lab) (map[string]reading, error) {
	readings := map[string]reading{}
	s, err := l.serve(ctx, "fleet")
	if err != nil {
		return readings, err
	}
	defer s.stop()
	ours, err := s.remote(ctx, "bench-fleet", goApp.name)
	if err != nil {
		return readings, err
	}
	theirs, err := l.script(ctx, "script-fleet", goApp, "aloft", s)
	if err != nil {
		return readings, err
	}
	defer theirs.stop()
	if err := warm(ctx, ours, theirs); err != nil {
		return readings, err
	}
	before, err := theirs.makeFleet(ctx, "before", scriptFleet/2)
	if err != nil {
		return readings, err
	}
	fleets := []*fleet{{remote: ours, prefix: "a", push: ours.pushEach}, {remote: ours, prefix: "b", push: ours.pushAll}}
	for _, f := range fleets {
		if err := f.make(ctx); err != nil {
			return readings, err
		}
	}
	after, err := theirs.makeFleet(ctx, "after", scriptFleet/2)
	if err != nil {
		return readings, err
	}
	each := (before + after) / scriptFleet
	for i, name := range []string{"50 pushes", "one push"} {
		readings["50 at once, "+name+": throughput"] = fleets[i].throughput(each)
		readings["50 at once, "+name+": not ready"] = fleets[i].notReady(ctx)
	}
	readings["50 destroyed: left"], err = destroyFleet(ctx, ours, append(fleets[0].names, fleets[1].names...))
	return readings, err
}

// warm lets both sides build the app once.
func warm(ctx context.Context, ours *remote, theirs *script) error {
	if _, err := ours.push(ctx, "warm", "warm"); err != nil {
		return err
	}
	if _, err := theirs.push(ctx, "warm", "warm"); err != nil {
		return err
	}
	return ours.destroyAll(ctx, []string{"warm"})
}

// makeFleet makes environments one after the other and returns how many seconds
// all of them took.
func (s *script) makeFleet(ctx context.Context, prefix string, count int) (float64, error) {
	total := 0.0
	for i := range count {
		name := fmt.Sprintf("%s%d", prefix, i)
		took, err := s.push(ctx, name, name)
		if err != nil {
			return total, err
		}
		total += took
	}
	return total, nil
}

// fleet is environments that are pushed at once, each with code of its own.
type fleet struct {
	remote *remote
	prefix string
	push   func(ctx context.Context, environments []string) error
	names  []string
	took   float64 // seconds
	failed error   // of the push
}

// make pushes the fleet. A push that fails is a matter of what is ready.
func (f *fleet) make(ctx context.Context) error {
	var err error
	if f.names, err = f.remote.branches(ctx, f.prefix, fleetSize); err != nil {
		return err
	}
	began := time.Now()
	f.failed = f.push(ctx, f.names)
	f.took = since(began)
	if f.failed != nil {
		f.remote.server.lab.say("%v", f.failed)
	}
	return nil
}

// pushEach pushes every branch with a git of its own, all at the same time.
func (r *remote) pushEach(ctx context.Context, environments []string) error {
	var group errgroup.Group
	for _, name := range environments {
		group.Go(func() error {
			_, err := finish(r.git(ctx, "push", "aloft", "env-"+name))
			return err
		})
	}
	return group.Wait()
}

// throughput compares with a script that takes so many seconds for each.
func (f *fleet) throughput(each float64) reading {
	return reading{
		Value: each * float64(len(f.names)) / f.took,
		Note: fmt.Sprintf("%d in %s : %d in %s, each %s", len(f.names), quantity(f.took, "s"),
			scriptFleet, quantity(each*scriptFleet, "s"), quantity(each, "s")),
	}
}

// notReady counts the environments that do not answer with their own version.
func (f *fleet) notReady(ctx context.Context) reading {
	var r reading
	for _, name := range f.names {
		if !f.remote.server.visit(f.remote.name, name, name+".").answers(ctx) {
			r.Value++
		}
	}
	return r
}

package main

import (
	"context"
	"fmt"
)

// pushRounds is how many environments each side makes and updates.
const pushRounds = 9

// pushed are the comparisons: which app, and which Terraform the script applies.
var pushed = []struct {
	app       app
	terraform string
	what      string
}{
	{goApp, "aloft", "Go app"},
	{plainApp, "aloft", "app without a build"},
	{goApp, "nothing", "Go app, the script makes nothing"},
}

func measurePush(ctx context.Context, l *lab) (map[string]reading, error) {
	readings := map[string]reading{}
	for _, p := range pushed {
		first, code, err := pushes(ctx, l, p.app, p.terraform)
		if err != nil {
			return readings, err
		}
		readings["first push, "+p.what] = first.ratio("s")
		readings["code-only push, "+p.what] = code.ratio("s")
	}
	return readings, nil
}

// pushes measures first pushes, and pushes that change nothing but the code.
func pushes(ctx context.Context, l *lab, a app, terraform string) (first, code pairs, err error) {
	name := a.name + "-" + terraform
	s, err := l.serve(ctx, "push-"+name)
	if err != nil {
		return first, code, err
	}
	defer s.stop()
	ours, err := s.remote(ctx, "bench-"+name, a.name)
	if err != nil {
		return first, code, err
	}
	theirs, err := l.script(ctx, "script-"+name, a, terraform, s)
	if err != nil {
		return first, code, err
	}
	defer theirs.stop()
	first, err = alternate(pushRounds, version(ctx, ours.push, "first"), version(ctx, theirs.push, "first"))
	if err != nil {
		return first, code, err
	}
	code, err = alternate(pushRounds, version(ctx, ours.push, "second"), version(ctx, theirs.push, "second"))
	return first, code, err
}

// version makes a round of pushing a version to the round's own environment.
func version(ctx context.Context, push func(context.Context, string, string) (float64, error), name string) func(int) (float64, error) {
	return func(round int) (float64, error) {
		environment := fmt.Sprintf("e%d", round)
		return push(ctx, environment, environment+"-"+name)
	}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// What measureBefore takes: differences are small, so that many pairs are needed.
const (
	beforeFirst = 60
	beforeCode  = 200
)

// measureBefore compares pushes to this build's server with pushes to that of an
// earlier revision.
func measureBefore(ctx context.Context, l *lab) (map[string]reading, error) {
	if l.before == "" {
		return nil, errors.New("--before names no revision")
	}
	tree, earlier := l.path("before"), l.path("aloft-before")
	root, err := l.run(ctx, "", "go", "list", "-m", "-f", "{{.Dir}}")
	if err != nil {
		return nil, err
	}
	if _, err := l.run(ctx, strings.TrimSpace(root), "git", "worktree", "add", "--quiet", "--detach", tree, l.before); err != nil {
		return nil, err
	}
	defer func() {
		_, _ = l.run(context.WithoutCancel(ctx), strings.TrimSpace(root), "git", "worktree", "remove", "--force", tree)
	}()
	if _, err := l.run(ctx, tree, "go", "build", "-o", earlier, "./cmd/aloft"); err != nil {
		return nil, err
	}
	now, err := l.sideOf(ctx, "now", l.aloft)
	if err != nil {
		return nil, err
	}
	defer now.server.stop()
	then, err := l.sideOf(ctx, "then", earlier)
	if err != nil {
		return nil, err
	}
	defer then.server.stop()
	first, err := alternate(beforeFirst, version(ctx, now.push, "first"), version(ctx, then.push, "first"))
	if err != nil {
		return nil, err
	}
	code, err := alternate(beforeCode, again(ctx, now), again(ctx, then))
	return map[string]reading{
		"first push, by the build before":     first.ratio("s"),
		"code-only push, by the build before": code.ratio("s"),
	}, err
}

// sideOf starts a server of a program and makes a project for it.
func (l *lab) sideOf(ctx context.Context, name, program string) (*remote, error) {
	s, err := l.serveProgram(ctx, name, program)
	if err != nil {
		return nil, err
	}
	r, err := s.remote(ctx, "bench-"+name, plainApp.name)
	if err != nil {
		s.stop()
	}
	return r, err
}

// again makes a round of pushing a further version to one environment.
func again(ctx context.Context, r *remote) func(int) (float64, error) {
	return func(round int) (float64, error) { return r.push(ctx, "e1", fmt.Sprintf("version-%d", round)) }
}

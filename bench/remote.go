package main

import (
	"context"
	"fmt"
	"os/exec"

	"golang.org/x/sync/errgroup"
)

// remote is our side: a project that is pushed to a server.
type remote struct {
	server *server
	clone  *project
	name   string
}

// remote makes a clone whose remote "aloft" is the server.
func (s *server) remote(ctx context.Context, name, app string) (*remote, error) {
	r := &remote{server: s, name: name}
	var err error
	if r.clone, err = s.lab.project(ctx, name, app, "aloft"); err != nil {
		return nil, err
	}
	_, err = s.lab.run(ctx, r.clone.dir, "git", "remote", "add", "aloft", "http://"+s.address+"/"+name+".git")
	return r, err
}

// git prepares git as a user of the server runs it.
func (r *remote) git(ctx context.Context, args ...string) *exec.Cmd {
	return r.server.lab.command(ctx, r.clone.dir, r.server.variables(), "git", args...)
}

// push pushes a new version and returns after how many seconds that answered.
func (r *remote) push(ctx context.Context, environment, version string) (float64, error) {
	if err := r.clone.commit(ctx, version); err != nil {
		return 0, err
	}
	return untilAnswer(ctx, r.git(ctx, "push", "aloft", "HEAD:refs/heads/env-"+environment), r.server.visit(r.name, environment, version))
}

// branches makes a branch env-<prefix><n> with a version of its own for each of
// count environments and returns their names.
func (r *remote) branches(ctx context.Context, prefix string, count int) ([]string, error) {
	var names []string
	for i := range count {
		name := fmt.Sprintf("%s%d", prefix, i)
		if err := r.clone.commit(ctx, name+"."); err != nil {
			return nil, err
		}
		if _, err := finish(r.git(ctx, "branch", "env-"+name)); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, nil
}

// pushAll pushes the branches of environments in one push.
func (r *remote) pushAll(ctx context.Context, environments []string) error {
	args := []string{"push", "aloft"}
	for _, name := range environments {
		args = append(args, "env-"+name)
	}
	_, err := finish(r.git(ctx, args...))
	return err
}

// destroyAll deletes the branches of environments, all at the same time, each with
// a git of its own: one push that destroys several has to say that it means it.
func (r *remote) destroyAll(ctx context.Context, environments []string) error {
	var group errgroup.Group
	for _, name := range environments {
		group.Go(func() error {
			_, err := finish(r.git(ctx, "push", "aloft", ":env-"+name))
			return err
		})
	}
	return group.Wait()
}

package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/git"
	"github.com/aloft-dev/aloft/internal/nubesgen"
	"github.com/aloft-dev/aloft/internal/server"
)

// withoutServer takes the steps here: the project's own backend keeps the
// state, and nothing of Aloft needs to run anywhere.
func withoutServer(command *cobra.Command, o *options, t tree, environment string, asked order) (subject, error) {
	ctx := command.Context()
	s := subject{about: asked.operation}
	if err := asked.withoutServer(); err != nil {
		return s, err
	}
	key, err := o.keyIn(ctx, t, environment)
	if err != nil {
		return s, err
	}
	s.key = key
	dir, err := os.MkdirTemp("", "aloft-run-")
	if err != nil {
		return s, fmt.Errorf("cannot make a folder for the run: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	remote, err := mirror(ctx, dir, t, key.Project)
	if err != nil {
		return s, err
	}
	defer remote.Close()
	pipeline, stop, err := server.Here(dir, remote)
	if err != nil {
		return s, err
	}
	defer stop()
	request := aloft.Run{
		ID: 1, EnvironmentKey: key, Operation: asked.operation, Options: asked.options, Trigger: aloft.TriggerAPI, Revision: t.revision, StartedAt: time.Now(),
	}
	taken, err := pipeline.Take(ctx, request, command.OutOrStdout())
	s.here = &taken
	switch {
	case err == nil:
		return s, nil
	case ctx.Err() != nil:
		return s, ctx.Err()
	}
	return s, exitCode(exitFailed) // the run has told why
}

// order is what a command was asked for.
type order struct {
	operation aloft.Operation
	options   aloft.RunOptions
}

// withoutServer refuses what only a server can do.
func (a order) withoutServer() error {
	for flag, given := range map[string]bool{"--ttl": a.options.TTL > 0, "--detach": a.options.Detach} {
		if given {
			return misuse{aloft.Errorf(aloft.CodeInvalid, "%s needs a server: without one nothing goes on when the command ends", flag).
				WithHint("leave %s out, or name a server with --server", flag)}
		}
	}
	if key, given := server.BackendSettings(os.Environ())["key"]; given && !strings.Contains(key, server.EnvironmentPart) {
		return misuse{aloft.Errorf(aloft.CodeInvalid, "%sKEY is %q: without %s all environments would share a state", server.BackendVariable, key, server.EnvironmentPart).
			WithHint("%sKEY='%s.terraform.tfstate'", server.BackendVariable, server.EnvironmentPart)}
	}
	return nil
}

// keyIn is key for a working tree. Without a server, the name in NubesGen's Terraform
// is the project's, since resources that are there have it, or else the folder's will do.
func (o *options) keyIn(ctx context.Context, t tree, environment string) (aloft.EnvironmentKey, error) {
	key, err := o.key(ctx, environment)
	if err == nil || t.onServer() || o.project != "" {
		return key, err
	}
	name := aloft.NearestName(filepath.Base(t.root), aloft.MaxProjectName)
	if before, known, unread := nubesgen.FromSource(os.DirFS(t.root)); known && unread == nil {
		name = before.Choices.Name
	}
	if name == "" {
		return key, err
	}
	return (&options{project: name}).key(ctx, environment)
}

// mirror makes a repository of its own with the working tree's commit, so that
// what is not committed plays no part.
func mirror(ctx context.Context, dir string, t tree, project string) (*git.Remote, error) {
	remote, err := git.Open(git.Options{
		Dir: filepath.Join(dir, "repositories"), Hook: []string{"false"}, Receiver: nobody{},
		Authorize: func(*http.Request, string) (string, error) { return "", nil },
	})
	if err != nil {
		return nil, err
	}
	if err := remote.CreateRepository(ctx, project); err != nil {
		return nil, err
	}
	// A CI job often has a shallow clone, which is enough here.
	push := exec.CommandContext(ctx, "git", "push", "--quiet", "--no-verify",
		"--receive-pack=git -c receive.shallowUpdate=true receive-pack",
		filepath.Join(dir, "repositories", project+".git"), t.revision+":refs/heads/work")
	push.Dir = t.root
	if output, err := push.CombinedOutput(); err != nil {
		return nil, aloft.Errorf(aloft.CodeFailed, "cannot copy commit %.8s: %w: %s", t.revision, err, output)
	}
	return remote, nil
}

// nobody receives pushes where none can come.
type nobody struct{}

func (nobody) Admit(context.Context, aloft.Push) error { return nil }

func (nobody) Receive(context.Context, aloft.Push, io.Writer) []aloft.RefResult { return nil }

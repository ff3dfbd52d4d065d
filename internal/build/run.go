package build

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/aloft-dev/aloft"
)

// Process is a command of a build as whoever runs it gets it.
type Process struct {
	Project string
	App     string
	Args    []string // the program is to be looked for on Env's PATH
	Dir     string
	Env     []string           // NAME=value, complete
	Confine *aloft.Confinement // what it may reach; nil for the client of a container engine, which confines by itself
}

// Exit tells how a process ended.
type Exit struct {
	Code   int    // exit status
	Reason string // for people
	Hint   string // how to change the limit that ended it; "" when none did
}

// execution is one command of a build.
type execution struct {
	request Request
	command aloft.Command
	dir     string
	env     []string
	confine *aloft.Confinement
}

// run runs a command to its end, its output going to the log.
func (b *Builder) run(ctx context.Context, e execution) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	if e.command.Empty() {
		return nil
	}
	if _, ok := lookPath(e.command.Args[0], b.options.Path, e.dir); !ok {
		return aloft.Errorf(aloft.CodeUnavailable, "cannot build %s: there is no program %s%s",
			e.request.App.Name, e.command.Args[0], e.command.Source).
			WithHint("install it, or set apps.%s.build in aloft.yaml", e.request.App.Name)
	}
	fmt.Fprintf(e.request.Log, "$ %s\n", e.command)
	ended := e.request.Timing.Begin(e.command.String(), "")
	exit, err := b.execute(ctx, e)
	ended(failureOf(ctx, exit, err))
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return aloft.Errorf(aloft.CodeFailed, "cannot run %q to build %s: %w", e.command, e.request.App.Name, err)
	case exit.Hint != "":
		return aloft.Errorf(aloft.CodeFailed, "the build of %s was stopped: %q was %s%s",
			e.request.App.Name, e.command, exit.Reason, e.command.Source).WithHint("%s", exit.Hint)
	case exit.Code != 0:
		return aloft.Errorf(aloft.CodeFailed, "the build of %s failed: %q ended with %s%s",
			e.request.App.Name, e.command, exit.Reason, e.command.Source).
			WithHint("the output above tells why; the same command should fail in a fresh clone as well")
	}
	return nil
}

// failureOf is how a command failed, for its timing; nil = it did not.
func failureOf(ctx context.Context, exit Exit, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil && exit.Code != 0:
		return errors.New(exit.Reason)
	}
	return err
}

// execute returns how the command ended, by itself or with ctx.
func (b *Builder) execute(ctx context.Context, e execution) (Exit, error) {
	output := &indented{w: e.request.Log}
	defer output.flush()
	return b.start(ctx, e, output)
}

// start runs the command and hands its output on as it is.
func (b *Builder) start(ctx context.Context, e execution, w io.Writer) (Exit, error) {
	return b.options.Run(ctx, Process{
		Project: e.request.Project, App: e.request.App.Name, Args: e.command.Args, Dir: e.dir, Env: e.env, Confine: e.confine,
	}, w)
}

// ask runs a command whose output is not for the log, and reports whether it did well.
func (b *Builder) ask(ctx context.Context, e execution, w io.Writer) bool {
	exit, err := b.start(ctx, e, w)
	return err == nil && exit.Code == 0
}

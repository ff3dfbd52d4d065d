package local

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"strings"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/supervise"
)

// Release runs the release command of an app, such as migrations, with the
// variables of its slot and the new artifact; its output goes to the log. A
// command that fails is CodeFailed, without one there is nothing to do.
func (l *Target) Release(ctx context.Context, r Request) error {
	if r.App.Release.Empty() {
		return nil
	}
	x, err := l.launchOf(ctx, r.releaseOf(), r.Log)
	if err != nil {
		return err
	}
	x.say("$ %s", r.App.Release)
	output := &tail{w: x.log}
	x.log = output
	exit, err := l.once(ctx, x, part{process: "release", instance: 1, command: r.App.Release})
	if err != nil {
		return err
	}
	if exit.Code != 0 {
		failed := aloft.Errorf(aloft.CodeFailed, "the release command of %s failed: %q ended with %s%s",
			x.App, r.App.Release, exit.Reason, r.App.Release.Source)
		return failed.WithHint("%s", cmp.Or(exit.Hint, x.confinedHint(output.lines()), "its output is above; nothing was swapped"))
	}
	return nil
}

// Run runs a command in the environment of an app, in the folder of its active
// release, and returns its exit status; both its outputs go to w. Without an
// active release it is CodeNotFound.
func (l *Target) Run(ctx context.Context, key aloft.EnvironmentKey, app string, args []string, w io.Writer) (exitCode int, err error) {
	if len(args) == 0 {
		return 0, aloft.Errorf(aloft.CodeInvalid, "cannot run nothing in %s: name a command", key)
	}
	releases, err := l.options.Store.Releases(ctx, key)
	if err != nil {
		return 0, err
	}
	release, ok := active(releases, app)
	if !ok {
		return 0, aloft.Errorf(aloft.CodeNotFound, "cannot run a command: %s has no active release of %s", key, app).
			WithHint("push %s first", key.Branch())
	}
	x, err := l.launchOf(ctx, release, w)
	if err != nil {
		return 0, err
	}
	exit, err := l.once(ctx, x, part{process: "run", instance: 1, command: aloft.Command{Args: args}})
	return exit.Code, err
}

// once runs a process to its end.
func (l *Target) once(ctx context.Context, x launch, p part) (supervise.Exit, error) {
	if err := l.makePrivateDir(x.EnvironmentKey); err != nil {
		return supervise.Exit{}, err
	}
	spec, err := l.spec(x, p, 0)
	if err != nil {
		return supervise.Exit{}, err
	}
	defer l.removeContainer(context.WithoutCancel(ctx), spec)
	return l.options.Supervisor.Run(ctx, spec, x.log)
}

// tail hands output on and keeps the end of it.
type tail struct {
	w    io.Writer
	kept []byte
}

func (t *tail) Write(data []byte) (int, error) {
	const most = 8 << 10 // bytes
	t.kept = append(t.kept, data...)
	t.kept = t.kept[max(0, len(t.kept)-most):]
	return t.w.Write(data)
}

func (t *tail) lines() []string { return strings.Split(string(bytes.ToValidUTF8(t.kept, nil)), "\n") }

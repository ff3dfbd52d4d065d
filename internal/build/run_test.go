package build_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/build"
	"github.com/aloft-dev/aloft/internal/confine"
	"github.com/aloft-dev/aloft/internal/supervise"
)

// runner runs commands as the server does, unconfined.
func runner(t *testing.T, change ...func(*supervise.Options)) func(context.Context, build.Process, io.Writer) (build.Exit, error) {
	t.Helper()
	options := supervise.Options{Dir: t.TempDir()}
	options.Tag = options.Dir
	for _, change := range change {
		change(&options)
	}
	s, err := supervise.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(context.Background()) })
	return func(ctx context.Context, p build.Process, w io.Writer) (build.Exit, error) {
		exit, err := s.Run(ctx, supervise.Spec{
			Key: aloft.EnvironmentKey{Project: p.Project}, App: p.App, Process: "build", Instance: 1,
			Args: p.Args, Dir: p.Dir, Env: p.Env, Confine: p.Confine,
		}, w)
		return build.Exit{Code: exit.Code, Reason: exit.Reason, Hint: exit.Hint}, err
	}
}

func TestALimitOfACommandIsNamed(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(o *build.Options) {
		o.Run = runner(t, func(o *supervise.Options) { o.Processes = supervise.Limit{Max: 5, Hint: "allow more"} })
	})
	_, err := b.Build(t.Context(), request(write(t, nil), "for i in 1 2 3 4 5 6 7 8; do sleep 1000 & done; wait"))
	if aloft.ErrorCode(err) != aloft.CodeFailed || !strings.Contains(err.Error(), "over the limit of 5") || aloft.ErrorHint(err) != "allow more" {
		t.Errorf("%v, hint %q", err, aloft.ErrorHint(err))
	}
	if left := b.artifacts(t); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestWhatABuildMayReach(t *testing.T) {
	t.Parallel()
	registry := write(t, map[string]string{"wheel": "text"})
	outside := write(t, map[string]string{"token": "secret"})
	var asked []aloft.Confinement
	b := newBench(t, func(o *build.Options) {
		o.Environ = func(name string) string {
			return map[string]string{"PIP_FIND_LINKS": registry, "GOPROXY": "file://" + registry, "HTTPS_PROXY": "http://proxy"}[name]
		}
		run := runner(t, func(o *supervise.Options) {
			o.Confine = confine.New(confine.Options{Path: os.Getenv("PATH"), Home: os.Getenv("HOME")}).Apply
		})
		o.Run = func(ctx context.Context, p build.Process, w io.Writer) (build.Exit, error) {
			asked = append(asked, *p.Confine)
			return run(ctx, p, w)
		}
	})
	result := mustBuild(t, b, request(write(t, map[string]string{"file": ""}),
		"cat $PIP_FIND_LINKS/wheel && mkdir $npm_config_cache && touch new $TMPDIR/x $HOME/y"))
	for _, c := range asked {
		if want := []string{result.Artifact.Dir, result.Artifact.Dir + ".tmp", filepath.Join(b.options.CacheDir, "shop")}; !slices.Equal(c.Write, want) {
			t.Errorf("it writes %q, want %q", c.Write, want)
		}
		if !slices.Contains(c.Read, registry) || slices.ContainsFunc(c.Read, func(path string) bool { return path != registry }) {
			t.Errorf("it reads %q", c.Read)
		}
	}
	if confine.Support() == 0 {
		return
	}
	for _, command := range []string{"cat " + outside + "/token", "ls " + b.options.CacheDir, "ls " + b.options.ArtifactDir, "touch " + registry + "/x"} {
		if _, err := b.Build(t.Context(), request(write(t, nil), command)); aloft.ErrorCode(err) != aloft.CodeFailed {
			t.Errorf("%q: %v", command, err)
		}
	}
}

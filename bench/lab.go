package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft/internal/terraform"
)

// lab is where everything is measured: a folder of its own, the programs, and
// an environment in which nothing of the user's settings disturbs.
type lab struct {
	dir      string
	aloft    string // the program, built for this run
	engine   *terraform.Engine
	env      []string
	progress io.Writer
	before   string // the revision whose build is compared; "" = none
}

// openLab builds what is measured.
func openLab(ctx context.Context, progress io.Writer) (*lab, error) {
	dir, err := os.MkdirTemp("", "aloft-bench-")
	if err != nil {
		return nil, err
	}
	l := &lab{dir: dir, progress: progress}
	if err := l.equip(ctx); err != nil {
		_ = os.RemoveAll(dir)
		return nil, err
	}
	return l, nil
}

func (l *lab) equip(ctx context.Context) error {
	programs := l.path("bin")
	if err := os.MkdirAll(programs, 0o700); err != nil {
		return err
	}
	l.env = cleanEnvironment(os.Environ(), programs, l.path("gitconfig"))
	l.aloft = filepath.Join(programs, "aloft")
	l.say("building aloft")
	if _, err := l.run(ctx, "", "go", "build", "-o", l.aloft, "github.com/aloft-dev/aloft/cmd/aloft"); err != nil {
		return err
	}
	itself, err := os.Executable()
	if err != nil {
		return err
	}
	program, err := os.ReadFile(itself)
	if err != nil {
		return err
	}
	for role := range roles {
		if err := os.WriteFile(filepath.Join(programs, role), program, 0o700); err != nil {
			return err
		}
	}
	for _, setting := range [][2]string{
		{"user.name", "Alice"}, {"user.email", "alice@example.com"}, {"init.defaultBranch", "main"}, {"gc.auto", "0"},
		{"credential.helper", "!aloft git-credential"},
	} {
		if _, err := l.run(ctx, "", "git", "config", "--global", setting[0], setting[1]); err != nil {
			return err
		}
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return err
	}
	l.engine, err = terraform.Find(ctx, terraform.FindOptions{
		CacheDir: filepath.Join(cache, "aloft"), Path: os.Getenv("PATH"), Install: true, Progress: l.progress,
	})
	return err
}

// cleanEnvironment is the environment of all children: ours, with the programs
// on the PATH, git's settings from one file, and no setting of Aloft or of the engine.
func cleanEnvironment(environ []string, programs, gitConfig string) []string {
	env := slices.DeleteFunc(slices.Clone(environ), func(pair string) bool {
		name, _, _ := strings.Cut(pair, "=")
		return name == "PATH" || strings.HasPrefix(name, "ALOFT_") || strings.HasPrefix(name, "TF_") || strings.HasPrefix(name, "GIT_")
	})
	return append(env,
		"PATH="+programs+string(filepath.ListSeparator)+os.Getenv("PATH"),
		"GIT_CONFIG_GLOBAL="+gitConfig, "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0",
		"CHECKPOINT_DISABLE=1", "TF_CLI_CONFIG_FILE="+os.DevNull,
	)
}

func (l *lab) path(parts ...string) string {
	return filepath.Join(append([]string{l.dir}, parts...)...)
}

func (l *lab) say(format string, args ...any) {
	_, _ = fmt.Fprintf(l.progress, format+"\n", args...)
}

// machine says where the figures were measured.
func (l *lab) machine() string {
	return fmt.Sprintf("%d cores, %s/%s, %s, %s %s",
		runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version(), l.engine.Kind, l.engine.Version)
}

// command prepares a program with the lab's environment; further variables win.
func (l *lab) command(ctx context.Context, dir string, variables []string, name string, args ...string) *exec.Cmd {
	if found := l.program(name); found != "" {
		name = found
	}
	command := exec.CommandContext(ctx, name, args...)
	command.Dir = dir
	command.Env = append(slices.Clone(l.env), variables...)
	return command
}

// program is the path of a program of the lab's own, "" for any other.
func (l *lab) program(name string) string {
	if path := l.path("bin", name); !strings.ContainsRune(name, filepath.Separator) {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return ""
}

// run runs a program to its end and returns its standard output.
func (l *lab) run(ctx context.Context, dir, name string, args ...string) (string, error) {
	return finish(l.command(ctx, dir, nil, name, args...))
}

// finish runs a command to its end; an error has the last of what it said.
func finish(command *exec.Cmd) (string, error) {
	var out, said bytes.Buffer
	command.Stdout, command.Stderr = &out, &said
	if err := command.Run(); err != nil {
		return out.String(), fmt.Errorf("%s: %w\n%s%s", strings.Join(command.Args, " "), err, tail(out.String()), tail(said.String()))
	}
	return out.String(), nil
}

const tailSize = 4000

func tail(text string) string { return text[max(0, len(text)-tailSize):] }

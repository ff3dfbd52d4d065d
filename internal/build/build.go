// Package build makes artifacts from sources: it copies a checkout to the place
// where its processes will run, runs the build commands of an app there, and
// keeps the result under a key of everything that went in, so that unchanged
// inputs are not built again.
//
// It imports the root package only.
package build

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/dustin/go-humanize"
)

// Options say where a Builder works and what its commands may use.
type Options struct {
	ArtifactDir string                                                          // artifacts, by project and key
	CacheDir    string                                                          // caches of the tools, by project, shared by its environments
	Path        string                                                          // PATH of the build commands, where toolchains are looked for
	Environ     func(string) string                                             // looks up network and toolchain settings of the server's environment; nil = none
	Run         func(ctx context.Context, p Process, w io.Writer) (Exit, error) // runs a process to its end, or to ctx's; both its outputs go to w
	Timeout     time.Duration                                                   // for one build; 0 = 30 minutes
	MaxBytes    int64                                                           // on disk, for one artifact; 0 = 5 GiB
	KeepFor     time.Duration                                                   // how long Collect spares an artifact after Build returned it; 0 = 1 hour, negative = not
}

// Builder builds artifacts. Its methods may be called from any goroutine.
type Builder struct {
	options Options
	busy    locks // by artifact folder
}

// Request says what to build.
type Request struct {
	Project string
	App     aloft.App
	Source  string                 // root of the checkout; not changed
	Foreign func(name string) bool // tells by its path what lies in Source, put there meanwhile, and is none of it; nil = nothing does
	Inputs  string                 // git's id of the tree of App.Path: equal ids are equal sources
	Log     io.Writer              // receives commands and their output, line by line; nil = nothing
	Timing  aloft.Timing           // told of every command, and what there is to do before; nil = nobody
}

// Result is what a build yields.
type Result struct {
	Artifact aloft.Artifact
	Skipped  bool // it was there already
}

// New returns a builder. Its folders are made when they are needed.
func New(options Options) *Builder {
	if options.Environ == nil {
		options.Environ = func(string) string { return "" }
	}
	if options.Timeout == 0 {
		options.Timeout = 30 * time.Minute
	}
	if options.MaxBytes == 0 {
		options.MaxBytes = 5 << 30
	}
	if options.KeepFor == 0 {
		options.KeepFor = time.Hour
	}
	options.ArtifactDir, options.CacheDir = absolute(options.ArtifactDir), absolute(options.CacheDir)
	return &Builder{options: options, busy: locks{held: map[string]*lock{}}}
}

// absolute is for the commands, whose own working directory is another.
func absolute(folder string) string {
	path, err := filepath.Abs(folder)
	if err != nil {
		return folder
	}
	return path
}

// Build returns the artifact of an app, made now unless there is one of the
// same inputs; one that is being made is waited for. A toolchain that is not
// installed is CodeUnavailable, a build that fails, takes too long or yields
// too much is CodeFailed, the end of ctx CodeCanceled; each leaves nothing.
func (b *Builder) Build(ctx context.Context, r Request) (Result, error) {
	if err := r.complete(); err != nil {
		return Result{}, err
	}
	tools, err := b.toolchains(r)
	if err != nil {
		return Result{}, err
	}
	moved, err := b.moved()
	if err != nil {
		return Result{}, err
	}
	id, err := key(r, tools, moved)
	if err != nil {
		return Result{}, err
	}
	folder := filepath.Join(b.options.ArtifactDir, r.Project, id)
	waited := func(error) {}
	unlock, err := b.busy.lock(ctx, folder, func() {
		fmt.Fprintln(r.Log, "waiting for another environment that builds the same")
		waited = r.Timing.Begin("wait", "another environment builds the same")
	})
	waited(err)
	if err != nil {
		return Result{}, r.canceled(err)
	}
	defer unlock()

	result := Result{Artifact: aloft.Artifact{ID: id, App: r.App.Name, Dir: filepath.Join(folder, r.App.Path)}}
	if r.docker() {
		result.Artifact.Dir = folder
	}
	if handOut(folder) {
		result.Skipped = true
		return result, nil
	}
	if err := b.build(ctx, r, folder); err != nil {
		return Result{}, errors.Join(err, removeAll(folder))
	}
	return result, nil
}

// complete checks a request and fills in what it leaves open.
func (r *Request) complete() error {
	if err := aloft.ValidateProjectName(r.Project); err != nil {
		return err
	}
	if r.App.Path == "" {
		r.App.Path = "."
	}
	if !filepath.IsLocal(r.App.Path) {
		return aloft.Errorf(aloft.CodeInvalid, "cannot build %s: its path %q leads outside of the repository", r.App.Name, r.App.Path)
	}
	if r.Source == "" || r.Inputs == "" {
		return errors.New("cannot build without a source and the id of its inputs")
	}
	if r.Log == nil {
		r.Log = io.Discard
	}
	return nil
}

func (r Request) docker() bool { return r.App.Runtime.Value == "docker" }

func (r Request) canceled(cause error) error {
	return aloft.Errorf(aloft.CodeCanceled, "the build of %s was stopped: %w", r.App.Name, cause)
}

// The causes that end a build from the inside.
var (
	errTooLong  = errors.New("too long")
	errTooLarge = errors.New("too large")
)

// build makes the artifact in folder, within its limits.
func (b *Builder) build(ctx context.Context, r Request, folder string) error {
	if err := removeAll(folder); err != nil { // what a crash left
		return err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("cannot make the folder of an artifact: %w", err)
	}
	timed, cancel := context.WithTimeoutCause(ctx, b.options.Timeout, errTooLong)
	defer cancel()
	err := b.fill(timed, r, folder)
	switch cause := context.Cause(timed); {
	case ctx.Err() != nil:
		return r.canceled(context.Cause(ctx))
	case errors.Is(err, errTooLarge):
		return aloft.Errorf(aloft.CodeFailed, "the build of %s was stopped: it made more than %s, the limit of an artifact",
			r.App.Name, humanize.IBytes(uint64(b.options.MaxBytes))).
			WithHint("keep what the app does not need at run time out of the build, or: aloft serve --limit build-size=%s", strings.NewReplacer(".0", "", " ", "").Replace(humanize.IBytes(uint64(2*b.options.MaxBytes))))
	case err != nil && errors.Is(cause, errTooLong):
		return aloft.Errorf(aloft.CodeFailed, "the build of %s was stopped: it took longer than %s, the limit of a build",
			r.App.Name, b.options.Timeout).
			WithHint("the output above shows where it stood; a command that asks a question or serves never ends. For more time: aloft serve --limit build-time=%s", 2*b.options.Timeout)
	case errors.Is(err, syscall.ENOSPC):
		return aloft.Errorf(aloft.CodeUnavailable, "cannot build %s: %w", r.App.Name, err).
			WithHint("free some disk space under %s", b.options.ArtifactDir)
	case err != nil:
		return err
	}
	return seal(folder)
}

// fill puts everything into the artifact but the mark that it is complete.
func (b *Builder) fill(ctx context.Context, r Request, folder string) error {
	if r.docker() {
		return b.image(ctx, r, folder)
	}
	watched, stop := b.watchSize(ctx, folder)
	copied := r.Timing.Begin("copy", "the source")
	err := r.copy(watched, ".", folder)
	copied(err)
	if err == nil {
		err = b.commands(watched, r, folder)
	}
	if grown := stop(); err == nil || grown != nil {
		err = grown
	}
	if err != nil {
		return err
	}
	return checkResult(r, folder)
}

// commands runs the build commands of the app in its folder of the artifact.
func (b *Builder) commands(ctx context.Context, r Request, folder string) error {
	dir := filepath.Join(folder, r.App.Path)
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return aloft.Errorf(aloft.CodeInvalid, "cannot build %s: the repository has no folder %s", r.App.Name, r.App.Path)
	}
	release, err := b.useCaches(r.Project)
	if err != nil {
		return err
	}
	defer release()
	temp := folder + tempSuffix
	defer removeAll(temp) //nolint:errcheck // Collect takes it later
	env, err := b.environment(r, dir, temp)
	if err != nil {
		return err
	}
	confine := b.confinement(r, folder, temp)
	b.checkVersion(ctx, r, dir, env, confine)
	if len(r.App.Build) == 0 {
		return nil
	}
	if err := prepare(r, dir); err != nil {
		return err
	}
	for _, command := range r.App.Build {
		if err := b.run(ctx, execution{r, command, dir, env, confine}); err != nil {
			return err
		}
	}
	return nil
}

// prepare makes gems part of the artifact: Bundler reads the place from a file,
// at run time too.
func prepare(r Request, dir string) error {
	if r.App.Runtime.Value != "ruby" {
		return nil
	}
	file := filepath.Join(dir, ".bundle", "config")
	if _, err := os.Lstat(file); err == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return fmt.Errorf("cannot prepare the build: %w", err)
	}
	return os.WriteFile(file, []byte("---\nBUNDLE_PATH: \"vendor/bundle\"\n"), 0o644)
}

// checkResult finds what deploy would stumble over.
func checkResult(r Request, folder string) error {
	static := r.App.Static
	if static.Value == "" {
		return nil
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer root.Close()
	if info, err := root.Stat(filepath.Join(r.App.Path, static.Value)); err != nil || !info.IsDir() {
		return aloft.Errorf(aloft.CodeFailed, "the build of %s made no folder %s to serve%s", r.App.Name, static.Value, static.Source).
			WithHint("set apps.%s.static in aloft.yaml to the folder that the build makes", r.App.Name)
	}
	return nil
}

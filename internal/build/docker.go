package build

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft"
)

// A container artifact consists of these files, each of one line.
const (
	ImageFile  = "image"  // the image: "aloft/shop:0123…"
	EngineFile = "engine" // the engine that has it, "docker" or "podman"
)

// engineVariables are what the client of a container engine needs of the
// server's environment to find its engine.
var engineVariables = []string{
	"HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME",
	"DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY", "CONTAINER_HOST",
}

// image builds a container image from the app's Dockerfile. The artifact only
// names it.
func (b *Builder) image(ctx context.Context, r Request, folder string) error {
	env := b.engineEnvironment()
	engine := b.engine(ctx, r, env)
	if engine == "" {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return aloft.Errorf(aloft.CodeUnavailable, "cannot build %s%s: neither Docker nor Podman answers on this machine",
			r.App.Name, r.App.Runtime.Source).
			WithHint("start Docker or Podman (`docker info` must work), or set apps.%s.runtime in aloft.yaml to build without a container", r.App.Name)
	}
	tag := fmt.Sprintf("aloft/%s:%s", r.Project, filepath.Base(folder))
	command := aloft.Command{Args: []string{engine, "build", "--tag", tag, "."}, Source: r.App.Runtime.Source}
	dir, done, err := r.context(ctx, folder)
	if err != nil {
		return err
	}
	defer done()
	if err := b.run(ctx, execution{request: r, command: command, dir: dir, env: env}); err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(folder, ImageFile), []byte(tag+"\n"), 0o600),
		os.WriteFile(filepath.Join(folder, EngineFile), []byte(engine+"\n"), 0o600),
	)
}

// context returns the folder that the engine builds from: that of the app, or a copy
// of it where something lies in the source that is none of it.
func (r Request) context(ctx context.Context, folder string) (dir string, done func(), err error) {
	if r.Foreign == nil {
		return filepath.Join(r.Source, r.App.Path), func() {}, nil
	}
	dir = folder + tempSuffix
	done = func() { _ = removeAll(dir) } // else Collect takes it later
	if err = errors.Join(removeAll(dir), os.Mkdir(dir, 0o700)); err == nil {
		copied := r.Timing.Begin("copy", "the source")
		err = r.copy(ctx, r.App.Path, dir)
		copied(err)
	}
	if err != nil {
		done()
	}
	return dir, done, err
}

// removeImage removes the image of a container artifact, if folder is one and
// no container uses it.
func (b *Builder) removeImage(ctx context.Context, folder string) {
	image, err := os.ReadFile(filepath.Join(folder, ImageFile))
	engine, err2 := os.ReadFile(filepath.Join(folder, EngineFile))
	if err != nil || err2 != nil || len(image) > 200 {
		return
	}
	name, tag := strings.TrimSpace(string(engine)), strings.TrimSpace(string(image))
	if !slices.Contains(engines, name) || !strings.HasPrefix(tag, "aloft/") { // an app's own files of these names
		return
	}
	project, _, _ := strings.Cut(strings.TrimPrefix(tag, "aloft/"), ":")
	r := Request{Project: project, App: aloft.App{Name: "image"}}
	_ = b.ask(ctx, client(r, b.engineEnvironment(), name, "image", "rm", tag), io.Discard) // an image in use stays
}

// engines are the container clients that are looked for.
var engines = []string{"docker", "podman"}

func (b *Builder) engineEnvironment() []string {
	env := map[string]string{"PATH": b.options.Path, "LANG": "C.UTF-8"}
	for _, name := range slices.Concat(engineVariables, passed) {
		env[name] = b.options.Environ(name)
	}
	return pairs(env)
}

// engine returns the first container client whose engine answers, or "".
func (b *Builder) engine(ctx context.Context, r Request, env []string) string {
	for _, name := range engines {
		if b.ask(ctx, client(r, env, name, "info"), io.Discard) {
			return name
		}
	}
	return ""
}

// client is a command of the client of a container engine.
func client(r Request, env []string, args ...string) execution {
	return execution{request: r, command: aloft.Command{Args: args}, dir: "/", env: env}
}

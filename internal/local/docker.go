package local

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/supervise"
)

// An artifact of the runtime docker holds these files, each of one line.
const (
	imageFile  = "image"  // the image to run
	engineFile = "engine" // the client of the engine that has it: docker or podman
)

// containerScript runs a container in the place of one of the same name that a
// killed client has left. Its arguments: engine, name, and those of "run".
const containerScript = `engine=$1 name=$2; shift 2; "$engine" rm --force "$name" >/dev/null 2>&1; exec "$engine" run --rm --name "$name" "$@"`

// engineVariables are what the client of an engine needs to find it.
var engineVariables = []string{
	"PATH", "HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME",
	"DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY", "CONTAINER_HOST",
}

// docker reports whether the app's processes are containers.
func (x launch) docker() bool { return x.app().Runtime.Value == "docker" }

// contained turns what would be a process into a container with the same
// variables and port. The values of variables are not in its arguments.
func (l *Target) contained(x launch, spec supervise.Spec, env map[string]string) (supervise.Spec, error) {
	engine, err := l.engine(x.release.Artifact)
	if err != nil {
		return spec, err
	}
	image, err := readLine(filepath.Join(x.release.Artifact.Dir, imageFile))
	if err != nil {
		return spec, err
	}
	name := strings.Join([]string{
		"aloft", l.engineTag(), x.Project, x.Environment, x.App, spec.Process,
		strconv.Itoa(spec.Instance), strconv.FormatInt(spec.Release, 10),
	}, "-")
	args := []string{"--label", l.engineLabel(x.EnvironmentKey)}
	if spec.Port != 0 {
		args = append(args, "--publish", fmt.Sprintf("127.0.0.1:%d:%d", spec.Port, spec.Port))
	}
	limits := l.options.Supervisor.Limited(spec)
	args = append(args, "--pids-limit", strconv.FormatInt(4*limits.Processes.Max, 10)) // the engine counts threads as well
	if limits.Memory.Max > 0 {
		args = append(args, "--memory", strconv.FormatInt(limits.Memory.Max, 10))
	}
	client, base := l.engineEnvironment(), l.base(x)
	for _, variable := range slices.Sorted(maps.Keys(env)) {
		if value, ok := base[variable]; ok && value == env[variable] {
			continue
		}
		if slices.Contains(engineVariables, variable) {
			args = append(args, "--env", variable+"="+env[variable])
			continue
		}
		args = append(args, "--env", variable)
		client[variable] = env[variable]
	}
	args = slices.Concat(args, []string{image}, spec.Args)
	spec.Args = append([]string{"sh", "-c", containerScript, "aloft", engine, name}, args...)
	spec.Env, spec.Memory = pairs(client), supervise.Limit{} // the engine's own processes are no children of ours
	l.noteEngine(x.EnvironmentKey, engine)
	return spec, nil
}

// engine returns the client of the engine that has an artifact's image.
func (l *Target) engine(artifact aloft.Artifact) (string, error) {
	engine, err := readLine(filepath.Join(artifact.Dir, engineFile))
	if err == nil && engine != "docker" && engine != "podman" {
		err = fmt.Errorf("%q is no container engine", engine)
	}
	return engine, err
}

func readLine(path string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("cannot read the container artifact: %w", err)
	}
	return strings.TrimSpace(string(data)), nil
}

// checkEngine is CodeUnavailable unless the engine of a container app answers.
func (l *Target) checkEngine(ctx context.Context, x launch) error {
	engine, err := l.engine(x.release.Artifact)
	if err != nil {
		return err
	}
	if err := l.command(ctx, x.EnvironmentKey, io.Discard, engine, "info"); err != nil {
		return aloft.Errorf(aloft.CodeUnavailable, "cannot start %s: its image is in %s, which does not answer: %w", x.App, engine, err).
			WithHint("start %s (`%s info` must work) and push again", engine, engine)
	}
	return nil
}

// removeContainer removes the container of a process that was stopped, if it is
// one: a client that had to be killed leaves it running.
func (l *Target) removeContainer(ctx context.Context, spec supervise.Spec) {
	if len(spec.Args) < 6 || spec.Args[2] != containerScript {
		return
	}
	_ = l.command(ctx, spec.Key, io.Discard, spec.Args[4], "rm", "--force", spec.Args[5]) // Remains looks again
}

// containers lists the containers of an environment, as far as it ever had any.
func (l *Target) containers(ctx context.Context, key aloft.EnvironmentKey) []string {
	l.mu.Lock()
	engine := l.engines[key]
	l.mu.Unlock()
	if engine == "" {
		return nil
	}
	var names bytes.Buffer
	if err := l.command(ctx, key, &names, engine, "ps", "--all", "--filter", "label="+l.engineLabel(key), "--format", "{{.Names}}"); err != nil {
		return []string{"(" + engine + " does not answer)"}
	}
	return strings.Fields(names.String())
}

// removeContainers removes the containers of an environment by their label.
func (l *Target) removeContainers(ctx context.Context, key aloft.EnvironmentKey) {
	releases, _ := l.options.Store.Releases(ctx, key) // unknown: then by what was started since
	for _, release := range releases {
		if release.Spec.Runtime.Value == "docker" {
			if engine, err := l.engine(release.Artifact); err == nil {
				l.noteEngine(key, engine)
			}
		}
	}
	for _, name := range l.containers(ctx, key) {
		_ = l.command(ctx, key, io.Discard, l.engines[key], "rm", "--force", name)
	}
}

func (l *Target) noteEngine(key aloft.EnvironmentKey, engine string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.engines[key] = engine
}

// command runs the client of an engine to its end.
func (l *Target) command(ctx context.Context, key aloft.EnvironmentKey, w io.Writer, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	exit, err := l.options.Supervisor.Run(ctx, supervise.Spec{
		Key: key, App: "containers", Process: "engine", Instance: 1, Args: args, Dir: "/", Env: pairs(l.engineEnvironment()),
	}, w)
	if err == nil && exit.Code != 0 {
		err = fmt.Errorf("%s %s: %s", args[0], args[1], exit)
	}
	return err
}

func (l *Target) engineEnvironment() map[string]string {
	env := map[string]string{"LANG": "C.UTF-8"}
	for _, name := range engineVariables {
		if value := l.options.Environ(name); value != "" {
			env[name] = value
		}
	}
	return env
}

// engineTag tells the containers of this server from those of another one.
func (l *Target) engineTag() string { return digest(l.options.Dir)[:8] }

func (l *Target) engineLabel(key aloft.EnvironmentKey) string {
	return "aloft.environment=" + l.engineTag() + "/" + key.String()
}

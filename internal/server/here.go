package server

import (
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/build"
	"github.com/aloft-dev/aloft/internal/git"
	"github.com/aloft-dev/aloft/internal/run"
	"github.com/aloft-dev/aloft/internal/supervise"
	"github.com/aloft-dev/aloft/internal/terraform"
)

// Here returns the pipeline of a run that no server takes, on a laptop or in a CI
// job: the project's own backend keeps the state, nothing is recorded, and apps of
// clouds are built here. dir is the run's own folder, remote has its commit. The
// function ends what builds have started.
func Here(dir string, remote *git.Remote) (*run.Pipeline, func(), error) {
	supervisor, err := supervise.Open(supervise.Options{
		Dir: filepath.Join(dir, "processes"), Tag: tagOf(dir), Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, nil, err
	}
	pipeline := &run.Pipeline{
		Dir:        dir,
		Repository: func(project string) run.Repository { return RepositoryOf(remote, project) },
		Inspect:    terraform.Inspect,
		Terraform:  (&Engines{}).Open,
		Session:    sessionHere,
		Cloud:      clouds(false),
		Builder: builder{build.New(build.Options{
			ArtifactDir: filepath.Join(dir, "artifacts"), CacheDir: aloft.CacheDir("build"),
			Path: os.Getenv("PATH"), Environ: os.Getenv, Run: buildHere(supervisor),
		})},
	}
	return pipeline, func() { supervisor.Close(context.Background()) }, nil
}

// buildHere runs commands of a build as those of whoever has started the run: on
// their machine, with their own code, nothing is closed to them.
func buildHere(supervisor *supervise.Supervisor) func(context.Context, build.Process, io.Writer) (build.Exit, error) {
	return func(ctx context.Context, p build.Process, w io.Writer) (build.Exit, error) {
		exit, err := supervisor.Run(ctx, supervise.Spec{
			Key: aloft.EnvironmentKey{Project: p.Project}, App: p.App, Process: "build", Instance: 1, Args: p.Args, Dir: p.Dir, Env: p.Env,
		}, w)
		return build.Exit{Code: exit.Code, Reason: exit.Reason, Hint: exit.Hint}, err
	}
}

// sessionHere hands the engine what the environment says of its backend and clouds.
func sessionHere(_ context.Context, r aloft.Run, summary aloft.ConfigurationSummary) (run.Session, error) {
	backend := BackendFor("", "", r.EnvironmentKey, summary)
	return run.Session{Backend: backend, Env: forNubesGen(JobEnvironment(os.Environ()), backend, summary), Close: func() {}}, nil
}

// forNubesGen adds the variable that Terraform of NubesGen wants besides: the name
// of the account that keeps the state.
func forNubesGen(env map[string]string, backend aloft.Backend, summary aloft.ConfigurationSummary) map[string]string {
	const name = "terraform_storage_account"
	if account := backend.Config["storage_account_name"]; account != "" && slices.Contains(summary.Variables, name) && env["TF_VAR_"+name] == "" {
		env["TF_VAR_"+name] = account
	}
	return env
}

package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/manifest"
	"github.com/aloft-dev/aloft/internal/provider"
	"github.com/aloft-dev/aloft/internal/run"
	"github.com/aloft-dev/aloft/internal/server"
	"github.com/aloft-dev/aloft/internal/terraform"
)

func newTerraform(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "terraform ENV -- ARGUMENT...",
		Short: "Run the engine by hand on an environment: plan, state list, import…",
		Long: `Terraform runs OpenTofu or Terraform in the working tree's Terraform folder, with
the variables, the state and the provider that a run of the environment has. It
initialises first. Nothing stands between you and the engine, which looks for files in
the Terraform folder: name those of elsewhere by their whole path.

  aloft terraform alice -- plan
  aloft terraform alice -- state list

What the branch asks for stays asked for: an app or a database that is destroyed here
is made again, empty, by a repair, or, where a cloud is in the same state, asked about.
To remove an environment: aloft destroy ENV`,
		Args: func(command *cobra.Command, args []string) error {
			if len(args) < 2 {
				return misuse{aloft.Errorf(aloft.CodeInvalid, "which arguments for the engine?").WithHint("aloft terraform ENV -- plan")}
			}
			return nil
		},
		RunE: func(command *cobra.Command, args []string) error {
			ctx := command.Context()
			t, err := workingTree(ctx)
			if err != nil {
				return err
			}
			key, err := o.keyIn(ctx, t, args[0])
			if err != nil {
				return err
			}
			engine, c, stop, err := o.byHand(command, t, key, args[1:])
			if err != nil {
				return err
			}
			defer stop()
			return o.watched(command, t, c, args[1:], func() error { return runEngine(ctx, command, engine, c, args[1:]) })
		},
	}
}

// watched runs an engine, and tells what it does not about a state that is kept
// by the server.
func (o *options) watched(command *cobra.Command, t tree, c aloft.Configuration, args []string, engine func() error) error {
	ctx := command.Context()
	if !t.onServer() || c.Backend.Type != "http" {
		return engine()
	}
	client, err := o.client(ctx)
	if err != nil {
		return err
	}
	watch, err := watchState(ctx, client, c.Key, command.ErrOrStderr())
	if err != nil {
		return err
	}
	if err := watch.before(ctx, args); err != nil {
		return err
	}
	if err = engine(); err != nil {
		watch.after(ctx)
	}
	return err
}

// byHand puts together what the engine needs in the working tree.
func (o *options) byHand(command *cobra.Command, t tree, key aloft.EnvironmentKey, args []string) (*terraform.Engine, aloft.Configuration, func(), error) {
	ctx := command.Context()
	none := func() {}
	m, err := manifest.Load(os.DirFS(t.root))
	if err != nil {
		return nil, aloft.Configuration{}, none, err
	}
	engine, err := (&server.Engines{}).Find(ctx, m.Engine, command.ErrOrStderr())
	if err != nil {
		return nil, aloft.Configuration{}, none, err
	}
	c := aloft.Configuration{
		Key:     key,
		Dir:     filepath.Join(t.root, filepath.FromSlash(m.TerraformFolder())),
		Folder:  m.TerraformFolder(),
		DataDir: filepath.Join(aloft.CacheDir("terraform"), key.Project, key.Environment),
		Vars:    run.Variables(key, t.revision, m.Environment(key.Environment)),
		Env:     server.TargetEnvironment(os.Environ()),
		Log:     command.ErrOrStderr(),
	}
	file, err := run.VarFile(c.Dir, c.Folder, key.Environment)
	if err != nil {
		return nil, c, none, err
	}
	if file != "" {
		c.VarFile = filepath.Join(c.Dir, filepath.FromSlash(file))
	}
	if !t.onServer() {
		c.Backend, c.Env = server.BackendFor("", "", key, t.summary), server.JobEnvironment(os.Environ())
		return engine, c, none, nil
	}
	address := o.serverURL(ctx)
	secret, err := token(address)
	if err != nil {
		return nil, c, none, err
	}
	c.Backend = server.BackendFor(address, secret, key, t.summary)
	client, err := newClient(address, secret)
	if err != nil {
		return nil, c, none, err
	}
	if err := trustState(c.Env, address); err != nil {
		return nil, c, none, err
	}
	// By hand, too, nothing is made that no environment stands for.
	if environment, err := client.Environment(ctx, key); err != nil {
		return nil, c, none, err
	} else if environment.Status == aloft.EnvironmentDestroyed {
		return nil, c, none, aloft.Errorf(aloft.CodeNotFound, "environment %s is destroyed", key).
			WithHint("make it again with: aloft up %s", key.Environment)
	}
	reattach, stop, err := provider.Serve(provider.Options{Client: client, Version: buildVersion().Version, Destroys: destroysAll(args)})
	c.Reattach = reattach
	return engine, c, stop, err
}

// destroysAll reports whether the engine is asked to destroy, or to plan that.
func destroysAll(args []string) bool {
	command := slices.IndexFunc(args, func(a string) bool { return !strings.HasPrefix(a, "-") })
	if command < 0 {
		return false
	}
	return args[command] == "destroy" || slices.ContainsFunc(args[command:], func(a string) bool {
		name, value, _ := strings.Cut(strings.TrimPrefix(a, "-"), "=")
		return strings.TrimPrefix(name, "-") == "destroy" && strings.HasPrefix(a, "-") && value != "false"
	})
}

// trustState lets the engine trust the certificate of the server that keeps the
// state.
func trustState(env map[string]string, server string) error {
	ca, err := authorityOf(server)
	if err != nil || ca == "" {
		return err
	}
	text, err := os.ReadFile(ca)
	env["TF_HTTP_CLIENT_CA_CERTIFICATE_PEM"] = string(text)
	return err
}

func runEngine(ctx context.Context, command *cobra.Command, engine *terraform.Engine, c aloft.Configuration, args []string) error {
	if err := os.MkdirAll(c.DataDir, 0o700); err != nil {
		return err
	}
	// The engine runs in the working tree; what points it to the server's states
	// there goes when it is done.
	defer func() { _ = os.Remove(filepath.Join(c.Dir, terraform.OverrideFile)) }()
	if _, err := engine.Init(ctx, c); err != nil {
		return err
	}
	process := engine.Command(ctx, c, args...)
	process.Stdin, process.Stdout, process.Stderr = os.Stdin, command.OutOrStdout(), command.ErrOrStderr()
	err := process.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() > 0 {
		return exitCode(exit.ExitCode())
	}
	return err
}

// servePlugin is this program under the name terraform-provider-aloft: an engine
// started it, by hand, without Aloft.
func servePlugin(ctx context.Context) int {
	o := &options{}
	client, err := o.client(ctx)
	if err == nil {
		err = provider.Main(provider.Options{Client: client, Version: buildVersion().Version})
	}
	if err != nil {
		printError(os.Stderr, err)
		return exitCodeOf(err)
	}
	return exitDone
}

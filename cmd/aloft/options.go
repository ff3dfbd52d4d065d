package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/api"
	"github.com/aloft-dev/aloft/internal/manifest"
	"github.com/aloft-dev/aloft/internal/server"
	"github.com/aloft-dev/aloft/internal/worktree"
)

// options are the flags that every client command has.
type options struct {
	server  string
	project string
	json    bool
}

func (o *options) register(root *cobra.Command) {
	flags := root.PersistentFlags()
	flags.StringVar(&o.server, "server", "", "URL of the Aloft server (default $ALOFT_SERVER, the git remote \"aloft\", or "+server.DefaultURL+")")
	flags.StringVarP(&o.project, "project", "p", "", "project (default $ALOFT_PROJECT, the git remote \"aloft\", or aloft.yaml)")
	flags.BoolVar(&o.json, "json", false, "print JSON, for scripts")
}

// remote returns the URL of the git remote "aloft" of the folder, or nil.
func remote(ctx context.Context) *url.URL {
	output, err := exec.CommandContext(ctx, "git", "remote", "get-url", "aloft").Output()
	if err != nil {
		return nil
	}
	address, err := url.Parse(strings.TrimSpace(string(output)))
	if err != nil || address.Host == "" {
		return nil
	}
	return address
}

// remoteProject is the project in the URL of the git remote "aloft"; "" without one.
func remoteProject(ctx context.Context) string {
	if address := remote(ctx); address != nil {
		return strings.TrimSuffix(path.Base(address.Path), ".git")
	}
	return ""
}

// serverURL finds the server: flag, environment, git remote, default.
func (o *options) serverURL(ctx context.Context) string {
	if o.server != "" {
		return strings.TrimRight(o.server, "/")
	}
	if fromEnv := os.Getenv("ALOFT_SERVER"); fromEnv != "" {
		return strings.TrimRight(fromEnv, "/")
	}
	if address := remote(ctx); address != nil {
		return address.Scheme + "://" + address.Host
	}
	return server.DefaultURL
}

// client returns a client of the server.
func (o *options) client(ctx context.Context) (*api.Client, error) {
	server := o.serverURL(ctx)
	secret, err := token(server)
	if err != nil {
		return nil, err
	}
	return newClient(server, secret)
}

// newClient returns a client with a token. It trusts the authority that login
// was told of.
func newClient(server, secret string) (*api.Client, error) {
	ca, err := authorityOf(server)
	if err != nil {
		return nil, err
	}
	roots, err := trusted(ca)
	if err != nil {
		return nil, err
	}
	return api.NewClient(api.ClientOptions{URL: server, Token: secret, Actor: actor(), Roots: roots, Login: howToLogIn(server)}), nil
}

// actor is who calls, as far as this machine knows.
func actor() string {
	if known, err := user.Current(); err == nil {
		return known.Username
	}
	return ""
}

// projectName finds the project: flag, environment, git remote, manifest.
func (o *options) projectName(ctx context.Context) (string, error) {
	if o.project != "" {
		return o.project, aloft.ValidateProjectName(o.project)
	}
	if fromEnv := os.Getenv("ALOFT_PROJECT"); fromEnv != "" {
		return fromEnv, aloft.ValidateProjectName(fromEnv)
	}
	if name := remoteProject(ctx); name != "" {
		return name, aloft.ValidateProjectName(name)
	}
	root, err := worktree.Git(ctx, "", "rev-parse", "--show-toplevel")
	if err != nil {
		root = "."
	}
	if m, err := manifest.Load(os.DirFS(root)); err == nil && m.Project != "" {
		return m.Project, nil
	}
	return "", misuse{aloft.Errorf(aloft.CodeInvalid, "which project? This folder has no git remote \"aloft\"").
		WithHint("name it with --project, or: git remote add aloft %s/<project>.git", o.serverURL(ctx))}
}

// key returns the environment that an argument names, "alice" or "env-alice".
func (o *options) key(ctx context.Context, environment string) (aloft.EnvironmentKey, error) {
	project, err := o.projectName(ctx)
	if err != nil {
		return aloft.EnvironmentKey{}, err
	}
	key := aloft.EnvironmentKey{Project: project, Environment: strings.TrimPrefix(environment, aloft.BranchPrefix)}
	if err := key.Validate(); err != nil {
		return key, misuse{err}
	}
	return key, nil
}

// printsJSON are the commands that --json is for: those that list or show.
var printsJSON = map[string]bool{
	"aloft env list": true, "aloft env show": true, "aloft run list": true, "aloft run show": true,
	"aloft state list": true, "aloft project list": true, "aloft project create": true,
	"aloft init": true, "aloft add": true, "aloft remove": true, "aloft set": true, "aloft upgrade": true, "aloft doctor": true, "aloft version": true,
}

// checkJSON refuses --json where it would be ignored.
func (o *options) checkJSON(command *cobra.Command) error {
	if !o.json || printsJSON[command.CommandPath()] {
		return nil
	}
	return misuse{aloft.Errorf(aloft.CodeInvalid, "%s prints no JSON", command.CommandPath()).
		WithHint("`aloft run show --json` and `aloft env show --json` tell what came of it")}
}

// print writes a value as JSON, or the text that write makes of it.
func (o *options) print(w io.Writer, value any, write func(w io.Writer) error) error {
	if !o.json {
		return write(w)
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return fmt.Errorf("cannot print JSON: %w", err)
	}
	return nil
}

package run

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/manifest"
)

// Pipeline takes the steps of a run. The server, a laptop and a CI job use the
// same one; what differs is what is plugged in.
type Pipeline struct {
	Dir        string                                                       // data folder; runs/ and environments/ are kept in it
	Repository func(project string) Repository                              // the project's git repository
	Inspect    func(dir, folder string) (aloft.ConfigurationSummary, error) // reads the Terraform in dir, which is folder in the repository
	// Terraform returns the engine of that kind, "" for any, getting it first if need be.
	Terraform func(ctx context.Context, kind string, progress io.Writer) (Terraform, error)
	// Session opens what the run's Terraform talks to, given what its configuration says.
	Session func(ctx context.Context, run aloft.Run, summary aloft.ConfigurationSummary) (Session, error)
	Builder Builder
	Local   Target // the local target; nil where there is no server
	// Cloud returns what deploys to a hosting of a cloud, nil where nothing does; nil = to none.
	Cloud    func(hosting string) (Deployer, error)
	Releases aloft.ReleaseStore // nil where there is no server
	States   States             // nil where Aloft does not keep the state
	Sealer   *aloft.Sealer      // seals secrets that are remembered; nil = none are
	// Secrets returns what must not stand in a log of the environment; nil = nothing.
	Secrets func(ctx context.Context, key aloft.EnvironmentKey) ([]string, error)
	// Where tells where the local target has an environment, as far as Terraform is told
	// it: URLs, and hosts and ports of databases. nil = nowhere.
	Where func(ctx context.Context, key aloft.EnvironmentKey) (string, error)
	// Orphan reports whether a killed server has left an engine at work on the
	// environment, which was asked to end, and how to wait for that; nil = never.
	Orphan func(key aloft.EnvironmentKey) (orphan bool, await func(context.Context) error)
	// Size measures what an environment takes on this machine's disk, in bytes; nil = not measured.
	Size func(ctx context.Context, key aloft.EnvironmentKey) (int64, error)
}

// journey is one run on its way: what it is about, and where it tells and keeps
// what happens. Steps read it and never change it.
type journey struct {
	run         aloft.Run
	environment aloft.Environment // as it was when the run started
	recorder    *recorder
	mask        func(secrets ...string)
	hide        func(text string) string // masks what mask was told
	update      func(change func(*aloft.Environment)) error
	latest      func(context.Context) (string, error) // commit of the newest run; nil where there are no records
	span        *span                                 // of what is done outside of the steps; nil = not timed
}

// source is a commit as files.
type source struct {
	dir string
}

// desired is what a commit asks for.
type desired struct {
	source
	manifest  manifest.Manifest
	settings  manifest.EnvironmentSettings
	apps      []aloft.App
	terraform string                 // folder of the Terraform files
	foreign   func(name string) bool // tells what of the checkout an engine has put there
	summary   aloft.ConfigurationSummary
}

func (d desired) app(name string) (aloft.App, bool) {
	for _, app := range d.apps {
		if app.Name == name {
			return app, true
		}
	}
	return aloft.App{}, false
}

// hasApps reports whether the configuration hands apps to deploy.
func (d desired) hasApps() bool {
	for _, name := range d.summary.Outputs {
		if name == "apps" || name == "application_url" {
			return true
		}
	}
	return false
}

func (p *Pipeline) runDir(run aloft.Run) string {
	return filepath.Join(p.Dir, "runs", fmt.Sprint(run.ID))
}

func (p *Pipeline) environmentDir(key aloft.EnvironmentKey) string {
	return filepath.Join(p.Dir, "environments", key.Project, key.Environment)
}

// forget removes what a finished run no longer needs.
func (p *Pipeline) forget(run aloft.Run) error {
	if err := p.rescue(run); err != nil {
		return err
	}
	return os.RemoveAll(filepath.Join(p.runDir(run), "source"))
}

// deployer returns what deploys to a hosting.
func (p *Pipeline) deployer(app string, output aloft.AppOutput) (Deployer, error) {
	if output.Hosting == "local" && p.Local != nil {
		return p.Local, nil
	}
	if output.Hosting == "local" {
		return nil, aloft.Errorf(aloft.CodeUnavailable, "cannot deploy %s: hosting \"local\" needs an Aloft server", app).
			WithHint("start one with `aloft serve`, or name it with --server")
	}
	if p.Cloud != nil {
		if deployer, err := p.Cloud(output.Hosting); deployer != nil || err != nil {
			return deployer, err
		}
	}
	return nil, aloft.Errorf(aloft.CodeUnavailable, "cannot deploy %s: there is no deployer for hosting %q yet", app, output.Hosting).
		WithHint("its resources are there; leave output \"apps\" away for an environment of infrastructure only")
}

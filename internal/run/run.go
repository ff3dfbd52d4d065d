// Package run makes an environment what its branch says. It accepts pushes and
// other requests as runs, reconciles one environment at a time, takes the steps
// of a run in their one order (steps.go), keeps the live log, and handles
// cancel, approval, expiry and drift.
//
// It imports the root package, manifest and detect. Everything else it needs
// (git, Terraform, builds, deploys, records) reaches it through the contracts
// below, which the command wires up.
package run

import (
	"context"
	"io"
	"time"

	"github.com/aloft-dev/aloft"
)

// Repository is one project's git repository. Branch names are short: "env-alice".
type Repository interface {
	// Checkout returns what it does not fetch.
	Checkout(ctx context.Context, revision, dir string) (aloft.Absent, error)
	// Tree returns an id of the content of a folder at a commit, leaving out
	// the named entries of that folder.
	Tree(ctx context.Context, revision, path string, without ...string) (string, error)
	Commit(ctx context.Context, revision string) (aloft.Commit, error)
	// Descends reports whether a commit has another among its ancestors.
	Descends(ctx context.Context, ancestor, revision string) (bool, error)
	// Lacking returns commits that a revision has and another lacks, the newest first.
	Lacking(ctx context.Context, revision, other string, limit int) ([]aloft.Commit, error)
	Branch(ctx context.Context, branch string) (revision string, err error) // "" = no such branch
	Branches(ctx context.Context, prefix string) (map[string]string, error)
	MoveBranch(ctx context.Context, branch, revision string) error
	DeleteBranch(ctx context.Context, branch string) error
	// UpdateRef moves any ref as a push asks; one that has moved meanwhile is CodeConflict.
	UpdateRef(ctx context.Context, update aloft.RefUpdate) error
	Hold(ctx context.Context, name, revision string) error              // keeps a commit from being collected
	Held(ctx context.Context, name string) (revision string, err error) // "" = nothing
	Holds(ctx context.Context, folder string) (names []string, err error)
	Unhold(ctx context.Context, name string) error
	// Identity tells this repository from any other in its place; "" = nothing does
	// so yet. CodeNotFound = there is no repository.
	Identity(ctx context.Context) (string, error)
	Identify(ctx context.Context, identity string) error
	Create(ctx context.Context) error // an empty one; one that is there stays
}

// Terraform drives an engine. Init comes before Plan, Apply and Destroy.
type Terraform interface {
	Init(ctx context.Context, c aloft.Configuration) (skipped bool, err error)
	Plan(ctx context.Context, c aloft.Configuration, destroy bool) (aloft.Plan, error)
	Apply(ctx context.Context, c aloft.Configuration) (aloft.Plan, aloft.Outputs, error)
	Destroy(ctx context.Context, c aloft.Configuration) (aloft.Plan, error)
	// Recover makes the state know what an interrupted apply of the same
	// configuration has done.
	Recover(ctx context.Context, c aloft.Configuration, left aloft.Interrupted) (aloft.Recovery, error)
	// Key digests what an apply depends on, before Init adds to it. Equal keys
	// mean that nothing changed; "" means that it cannot be known.
	Key(c aloft.Configuration, summary aloft.ConfigurationSummary) (string, error)
	// Show writes a plan for people.
	Show(w io.Writer, plan aloft.Plan)
}

// Session is what a run's Terraform talks to while it lasts.
type Session struct {
	Backend  aloft.Backend
	Reattach string            // the provider of the local target, served for this run; "" = none
	Env      map[string]string // credentials of the target for the engine
	Close    func()
}

// BuildRequest asks for one app's artifact.
type BuildRequest struct {
	Project string
	App     aloft.App
	Source  string                 // folder of the checkout
	Foreign func(name string) bool // tells what lies there and is none of it; nil = nothing does
	Inputs  string                 // id of the content that the build depends on
	Log     io.Writer
	Timing  aloft.Timing // told of every command; nil = nobody
}

// Builder turns source into an artifact. skipped tells that it had it already.
type Builder interface {
	Build(ctx context.Context, request BuildRequest) (artifact aloft.Artifact, skipped bool, err error)
}

// DeployRequest asks to bring one app's artifact to its host.
type DeployRequest struct {
	Key      aloft.EnvironmentKey
	RunID    int64
	Revision string
	App      aloft.App
	Artifact aloft.Artifact
	Output   aloft.AppOutput // what Terraform says of the app
	Log      io.Writer
	Timing   aloft.Timing // told of start, wait for health, swap, drain; nil = nobody
}

// Deployer brings artifacts to a kind of host, and knows what runs there.
type Deployer interface {
	Release(ctx context.Context, request DeployRequest) error // runs the release command
	Deploy(ctx context.Context, request DeployRequest) (release aloft.Release, skipped bool, err error)
	// Verify asks an app at its URL. It is asked again for as long as VerifyTime says.
	Verify(ctx context.Context, request DeployRequest) error
	VerifyTime(request DeployRequest) time.Duration
	// Releases lists the releases of an app that the target knows of, newest first:
	// asked before a change, so that it can be taken back. The active one serves.
	Releases(ctx context.Context, request DeployRequest) ([]aloft.Release, error)
	// Restore makes a release that Releases has listed serve again.
	Restore(ctx context.Context, request DeployRequest, release aloft.Release) error
	// Withdraw takes an app out that was deployed and has no release to go back to
	// (failed), or that is not asked for any more (retired).
	Withdraw(ctx context.Context, request DeployRequest, as aloft.ReleaseStatus, reason string) error
}

// Target is a deployer of which all of an environment is known, whatever its
// Terraform says.
type Target interface {
	Deployer
	// Reconcile compares what runs with what should and heals it. A difference
	// that only Terraform can heal is returned in broken.
	Reconcile(ctx context.Context, key aloft.EnvironmentKey) (healed, broken []string, err error)
	// Made lists what Terraform has made of the environment on the target and still
	// has there, in words: "app web", "database main".
	Made(ctx context.Context, key aloft.EnvironmentKey) ([]string, error)
	// Holding lists what there is on the target that holds data of the environment.
	Holding(ctx context.Context, key aloft.EnvironmentKey) ([]string, error)
	// Astray tells, in words, that what the environment's data were kept in is gone or
	// another; "" = it is there.
	Astray(ctx context.Context, key aloft.EnvironmentKey) (what string, err error)
	// Settle lets what is astray be made anew: a person's word.
	Settle(ctx context.Context, key aloft.EnvironmentKey) error
	// Remove is the last resort: it removes all that the target holds of the
	// environment, whatever Terraform knows of it.
	Remove(ctx context.Context, key aloft.EnvironmentKey) error
	// Remains lists what is left of the environment on the target.
	Remains(ctx context.Context, key aloft.EnvironmentKey) ([]string, error)
}

// States keeps Terraform states, as far as Aloft itself keeps them.
type States interface {
	DeleteState(ctx context.Context, key aloft.EnvironmentKey) error  // holds resources: CodeConflict
	DiscardState(ctx context.Context, key aloft.EnvironmentKey) error // whatever it holds
	StateVersions(ctx context.Context, key aloft.EnvironmentKey) ([]aloft.StateVersion, error)
	StateLock(ctx context.Context, key aloft.EnvironmentKey) (aloft.Lock, error) // nobody has it: CodeNotFound
	UnlockRun(ctx context.Context, runID int64) ([]aloft.EnvironmentKey, error)
}

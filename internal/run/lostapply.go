package run

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/manifest"
)

// lostApply looks whether the repository holds the commit of an apply that is lost to
// the data folder, and whose state is gone or older: with older records, nothing else
// tells that it was made.
func (r *Reconciler) lostApply(ctx context.Context, key aloft.EnvironmentKey) (disagreement, error) {
	p := r.pipeline
	before, err := p.applied(key)
	if err != nil || p.States == nil || !before.none() {
		return "", err
	}
	held, err := p.Repository(key.Project).Held(ctx, lastHold(key))
	if err != nil || held == "" {
		return "", unlessGone(err)
	}
	newest, err := p.newestState(ctx, key)
	if err != nil {
		return "", err
	}
	known, destroyed, err := r.tells(ctx, key, held)
	if err != nil || destroyed || known && newest.Version > 0 {
		return "", err
	}
	if harmless, err := p.madeAgain(ctx, key.Project, held); err != nil || harmless {
		return "", err
	}
	what := "its Terraform state is gone"
	if newest.Version > 0 {
		what = "its Terraform state is older than its last apply"
	}
	return disagreement(fmt.Sprintf("%s, and an apply would make a second time what commit %s has made, which the repository holds: %s",
		what, short(held), stateChoices(key))), nil
}

// tells says what the records tell of the apply of a commit: whether a run made it,
// and whether a later one destroyed the environment.
func (r *Reconciler) tells(ctx context.Context, key aloft.EnvironmentKey, revision string) (known, destroyed bool, err error) {
	runs, err := r.store.Runs(ctx, aloft.RunFilter{Project: key.Project, Environment: key.Environment})
	for _, run := range runs { // the newest first
		switch {
		case run.Operation == aloft.OperationDestroy && run.Status == aloft.RunSucceeded:
			destroyed = true
		case run.Operation == aloft.OperationUp && run.Revision == revision && run.Status.Finished():
			return true, destroyed, err
		}
	}
	return false, false, err
}

// madeAgain reports whether all that a commit has made can be made again, or is kept
// elsewhere: it lives on the local target alone, or has a backend of its own.
func (p *Pipeline) madeAgain(ctx context.Context, project, revision string) (bool, error) {
	dir, err := os.MkdirTemp("", "aloft-applied-")
	if err != nil {
		return false, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if _, err := p.Repository(project).Checkout(ctx, revision, dir); err != nil {
		return false, err
	}
	m, err := manifest.Load(os.DirFS(dir))
	if err != nil {
		return false, err
	}
	folder := m.TerraformFolder()
	summary, err := p.Inspect(filepath.Join(dir, filepath.FromSlash(folder)), folder)
	conf := configuration{Backend: summary.Backend, Providers: summary.Providers, Outside: summary.Outside}
	return conf.local() || !conf.keptHere(), err
}

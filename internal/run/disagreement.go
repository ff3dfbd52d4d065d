package run

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/aloft-dev/aloft"
)

// disagreement is what of an environment's disk, records and state does not go
// together. While there is one, nothing is done to the environment: what should be
// there and is not is no reason to make or to destroy anything.
type disagreement struct {
	text    string // a sentence: what disagrees, and what the choices are
	settled bool   // a push or a destroy by a person settles it
}

func (d disagreement) there() bool { return d.text != "" }

// asError is why a run cannot be taken.
func (d disagreement) asError(key aloft.EnvironmentKey) error {
	return aloft.Errorf(aloft.CodeConflict, "nothing is done to %s: %s", key, d.text)
}

// disagreement compares what is on disk with what the records tell.
func (r *Reconciler) disagreement(ctx context.Context, e aloft.Environment) (disagreement, error) {
	found, err := r.otherRepository(ctx, e)
	if err != nil || found.there() {
		return found, err
	}
	if found, err = r.pipeline.otherState(ctx, e.EnvironmentKey); err != nil || found.there() {
		return found, err
	}
	if found, err = r.manyExpired(ctx, e); err != nil || found.there() {
		return found, err
	}
	return r.otherBranch(ctx, e)
}

// manyExpired looks whether so many environments end at once that it is likelier
// that something is wrong than that it was meant.
func (r *Reconciler) manyExpired(ctx context.Context, e aloft.Environment) (disagreement, error) {
	if !r.expired(e) {
		return disagreement{}, nil
	}
	environments, err := r.store.Environments(ctx, aloft.EnvironmentFilter{})
	if err != nil {
		return disagreement{}, err
	}
	over := 0
	for _, other := range environments {
		if r.expired(other) {
			over++
		}
	}
	if over <= 1 || over <= 3 && over*3 < len(environments) {
		return disagreement{}, nil
	}
	return disagreement{settled: true, text: fmt.Sprintf(
		"its time is up together with that of %d others, which is rather a wrong clock than what was meant: remove it (aloft destroy %s), or let it live on (aloft env ttl %s 72h)",
		over-1, e.EnvironmentKey.Environment, e.EnvironmentKey.Environment)}, nil
}

func (r *Reconciler) expired(e aloft.Environment) bool {
	return !e.ExpiresAt.IsZero() && !r.now().Before(e.ExpiresAt)
}

// otherRepository looks whether the project's repository is the one that the
// records are about. At the first look it becomes that.
func (r *Reconciler) otherRepository(ctx context.Context, e aloft.Environment) (disagreement, error) {
	project, err := r.store.Project(ctx, e.Project)
	if err != nil {
		return disagreement{}, err
	}
	repository := r.pipeline.Repository(e.Project)
	identity, err := repository.Identity(ctx)
	gone := aloft.ErrorCode(err) == aloft.CodeNotFound
	choices := fmt.Sprintf("bring it back (see docs/backup.md), or take what is there as right: aloft env accept %s", e.EnvironmentKey.Environment)
	switch {
	case err != nil && !gone:
		return disagreement{}, err
	case gone && (project.Repository != "" || e.Revision != ""):
		return disagreement{text: fmt.Sprintf("the repository of %s is gone: %s", e.Project, choices)}, nil
	case gone, project.Repository != "" && project.Repository == identity:
		return disagreement{}, nil
	case project.Repository != "":
		return disagreement{text: fmt.Sprintf("the repository of %s is another than the one that the records are about: %s", e.Project, choices)}, nil
	case identity == "":
		identity = rand.Text()
		if err := repository.Identify(ctx, identity); err != nil {
			return disagreement{}, err
		}
	}
	return disagreement{}, r.store.IdentifyProject(ctx, e.Project, identity)
}

// otherState looks whether the state is lost, or older than what the last apply
// wrote. What lives on the local target alone can be made again from the records;
// anything else would be made a second time.
func (p *Pipeline) otherState(ctx context.Context, key aloft.EnvironmentKey) (disagreement, error) {
	before, err := p.applied(key)
	if err != nil || p.States == nil || before.Last.Revision == "" || !before.Last.keptHere() || before.local() {
		return disagreement{}, err
	}
	newest, err := p.newestState(ctx, key)
	if err != nil {
		return disagreement{}, err
	}
	choices := fmt.Sprintf("bring back the newest records (see docs/backup.md) or the state itself (aloft terraform %s -- state push FILE), or take what is there as right: aloft env accept %s",
		key.Environment, key.Environment)
	switch {
	case newest.Version == 0 && (before.State == nil || before.State.Version > 0):
		return disagreement{text: "its Terraform state is gone, and an apply would make everything a second time: " + choices}, nil
	case before.State != nil && newest.Version < before.State.Version:
		return disagreement{text: fmt.Sprintf("its Terraform state is older than what run %d wrote (version %d, not %d): %s",
			before.Last.RunID, newest.Version, before.State.Version, choices)}, nil
	}
	return disagreement{}, nil
}

// otherBranch looks whether the repository has what runs. A branch that is gone
// was not deleted here: that would have been a run.
func (r *Reconciler) otherBranch(ctx context.Context, e aloft.Environment) (disagreement, error) {
	if e.Revision == "" {
		return disagreement{}, nil
	}
	repository := r.pipeline.Repository(e.Project)
	branch, err := repository.Branch(ctx, e.Branch())
	if err != nil {
		return disagreement{}, err
	}
	if branch == "" {
		return disagreement{settled: true, text: fmt.Sprintf(
			"its branch %s is gone, and nobody has deleted it here: push it again, or remove the environment: aloft destroy %s",
			e.Branch(), e.EnvironmentKey.Environment)}, nil
	}
	if branch == e.Revision {
		return disagreement{}, nil
	}
	if _, err = repository.Commit(ctx, e.Revision); aloft.ErrorCode(err) == aloft.CodeNotFound {
		return disagreement{settled: true, text: fmt.Sprintf(
			"the repository of %s is older than what runs, it lacks commit %s: bring it back (see docs/backup.md), or push the branch again",
			e.Project, short(e.Revision))}, nil
	}
	return disagreement{}, nil
}

// newestState returns the newest version of a state that Aloft keeps; version 0 =
// there is none.
func (p *Pipeline) newestState(ctx context.Context, key aloft.EnvironmentKey) (aloft.StateVersion, error) {
	if p.States == nil {
		return aloft.StateVersion{}, nil
	}
	versions, err := p.States.StateVersions(ctx, key)
	if err != nil && aloft.ErrorCode(err) != aloft.CodeNotFound || len(versions) == 0 {
		return aloft.StateVersion{}, err
	}
	return versions[0], nil
}

// agree keeps in the environment's record what disagrees, and reports whether
// nothing does.
func (r *Reconciler) agree(ctx context.Context, e aloft.Environment) (bool, error) {
	found, err := r.disagreement(ctx, e)
	if err != nil {
		return false, err
	}
	return !found.there(), r.keepDisagreement(ctx, e, found)
}

func (r *Reconciler) keepDisagreement(ctx context.Context, e aloft.Environment, found disagreement) error {
	if found.text == e.Disagreement {
		return nil
	}
	if found.there() {
		r.logger.Warn("disk, records and state disagree: nothing is done", "project", e.Project, "environment", e.EnvironmentKey.Environment, "what", found.text)
	}
	_, err := r.store.UpdateEnvironment(ctx, e.EnvironmentKey, func(u *aloft.Environment) error {
		u.Disagreement = found.text
		return nil
	})
	return err
}

// permit refuses a run while disk, records and state disagree. A destroy that
// somebody forces is what they want all the same.
func (r *Reconciler) permit(ctx context.Context, j journey) error {
	if j.run.Operation == aloft.OperationDestroy && j.run.Options.Force {
		return nil
	}
	found, err := r.disagreement(ctx, j.environment)
	if err != nil {
		return err
	}
	if !found.there() || found.settled && j.run.Trigger != aloft.TriggerDrift {
		return nil
	}
	if j.run.Operation != aloft.OperationPlan {
		err = r.keepDisagreement(ctx, j.environment, found)
	}
	if err == nil {
		err = found.asError(j.run.EnvironmentKey)
	}
	return err
}

// Settle takes what is there of an environment as right, although disk, records
// and state disagree: a person's word. What is gone counts as gone.
func (r *Reconciler) Settle(ctx context.Context, key aloft.EnvironmentKey) (aloft.Environment, error) {
	environment, err := r.store.Environment(ctx, key)
	if err != nil {
		return environment, err
	}
	repository := r.pipeline.Repository(key.Project)
	identity, err := repository.Identity(ctx)
	if aloft.ErrorCode(err) == aloft.CodeNotFound {
		if err = repository.Create(ctx); err == nil {
			identity, err = repository.Identity(ctx)
		}
	}
	if err != nil {
		return environment, err
	}
	if err := r.store.IdentifyProject(ctx, key.Project, identity); err != nil {
		return environment, err
	}
	if err := r.pipeline.acceptState(ctx, key); err != nil {
		return environment, err
	}
	found, err := r.disagreement(ctx, environment)
	if err != nil {
		return environment, err
	}
	if err := r.keepDisagreement(ctx, environment, found); err != nil {
		return environment, err
	}
	if err := r.store.Wake(ctx, key); err != nil {
		return environment, err
	}
	return r.store.Environment(ctx, key)
}

// acceptState makes the newest state, or none, the one that the last apply wrote.
func (p *Pipeline) acceptState(ctx context.Context, key aloft.EnvironmentKey) error {
	before, err := p.applied(key)
	if err != nil || before.Last.Revision == "" {
		return err
	}
	newest, err := p.newestState(ctx, key)
	if err != nil {
		return err
	}
	now := before
	now.State = &stateMark{Version: newest.Version}
	return p.saveApplied(key, now)
}

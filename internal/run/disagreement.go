package run

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/aloft-dev/aloft"
)

// disagreement is what of an environment's disk, records and state does not go
// together. While there is one, nothing is done to the environment: what should be
// there and is not is no reason to make or to destroy anything.
//
// It is a sentence: what disagrees, and what the choices are; "" = nothing does. What
// several environments have in common reads the same for each, so that it can be said
// once: it names none of them.
type disagreement string

func (d disagreement) there() bool { return d != "" }

// asError is why a run cannot be taken.
func (d disagreement) asError(key aloft.EnvironmentKey) error {
	return aloft.Errorf(aloft.CodeConflict, "%s is blocked: %s", key, string(d))
}

// disagreement compares what is on disk with what the records tell, at one instant. It
// returns the commit that the branch is at, too; "" = there is none, or nobody has looked.
func (r *Reconciler) disagreement(ctx context.Context, e aloft.Environment, now time.Time) (found disagreement, branch string, err error) {
	if found, err = r.unsettled(ctx, e); err != nil || found.there() {
		return found, "", err
	}
	if found, err = r.manyExpired(ctx, e, now); err != nil || found.there() {
		return found, "", err
	}
	repository := r.pipeline.Repository(e.Project)
	if branch, err = repository.Branch(ctx, e.Branch()); err != nil {
		return found, branch, err
	}
	if found, err = r.otherBranch(ctx, repository, e, branch); err != nil || found.there() {
		return found, branch, err
	}
	found, err = r.pipeline.missingBesides(ctx, e.EnvironmentKey)
	return found, branch, err
}

// unsettled is what neither a push nor a destroy can settle.
func (r *Reconciler) unsettled(ctx context.Context, e aloft.Environment) (disagreement, error) {
	found, err := r.otherRepository(ctx, e)
	if err != nil || found.there() {
		return found, err
	}
	if found, err = r.pipeline.otherState(ctx, e.EnvironmentKey); err != nil || found.there() {
		return found, err
	}
	if found, err = r.lostApply(ctx, e.EnvironmentKey); err != nil || found.there() {
		return found, err
	}
	return r.pipeline.lostData(ctx, e.EnvironmentKey)
}

// lostData looks whether what held the environment's data is gone or another: what is
// made again would be empty.
func (p *Pipeline) lostData(ctx context.Context, key aloft.EnvironmentKey) (disagreement, error) {
	if p.Local == nil {
		return "", nil
	}
	what, err := p.Local.Astray(ctx, key)
	if err != nil || what == "" {
		return "", err
	}
	return disagreement(what + ": bring it back (see docs/backup.md), or take what is there as right, after which the environment's databases are made anew, empty: aloft env accept ENV"), nil
}

// manyExpired looks whether so many environments end at once that it is likelier
// that something is wrong than that it was meant.
func (r *Reconciler) manyExpired(ctx context.Context, e aloft.Environment, now time.Time) (disagreement, error) {
	if !expired(e, now) {
		return "", nil
	}
	environments, err := r.store.Environments(ctx, aloft.EnvironmentFilter{})
	if err != nil {
		return "", err
	}
	over := 0
	for _, other := range environments {
		if !expired(other, now) {
			continue
		}
		tried, err := r.triedToExpire(ctx, other.EnvironmentKey)
		if err != nil {
			return "", err
		}
		if !tried {
			over++
		}
	}
	if over <= 1 || over <= 3 && over*3 < len(environments) {
		return "", nil
	}
	return disagreement(fmt.Sprintf(
		"the time of %d of %d environments is up at once, which is rather a wrong clock than what was meant: remove each (aloft destroy ENV), or let it live on (aloft env ttl ENV 72h)",
		over, len(environments))), nil
}

// triedToExpire reports whether the end of an environment was tried, and refused by
// Terraform: not before it began, because something disagreed.
func (r *Reconciler) triedToExpire(ctx context.Context, key aloft.EnvironmentKey) (bool, error) {
	runs, err := r.store.Runs(ctx, aloft.RunFilter{Project: key.Project, Environment: key.Environment, Limit: 1})
	return len(runs) > 0 && runs[0].Trigger == aloft.TriggerExpiry && runs[0].Status.Finished() && runs[0].ErrorCode != aloft.CodeConflict, err
}

func expired(e aloft.Environment, now time.Time) bool {
	return !e.ExpiresAt.IsZero() && !now.Before(e.ExpiresAt)
}

// otherRepository looks whether the project's repository is the one that the
// records are about. At the first look it becomes that.
func (r *Reconciler) otherRepository(ctx context.Context, e aloft.Environment) (disagreement, error) {
	project, err := r.store.Project(ctx, e.Project)
	if err != nil {
		return "", err
	}
	repository := r.pipeline.Repository(e.Project)
	identity, err := repository.Identity(ctx)
	gone := aloft.ErrorCode(err) == aloft.CodeNotFound
	const choices = "bring it back (see docs/backup.md), or take what is there as right, which counts for the whole project: aloft env accept ENV"
	switch {
	case err != nil && !gone:
		return "", err
	case gone && (project.Repository != "" || e.Revision != ""):
		return disagreement(fmt.Sprintf("the repository of %s is gone: %s", e.Project, choices)), nil
	case gone, project.Repository != "" && project.Repository == identity:
		return "", nil
	case project.Repository != "":
		return disagreement(fmt.Sprintf("the repository of %s is another than the one that the records are about: %s", e.Project, choices)), nil
	case identity == "":
		identity = rand.Text()
		if err := repository.Identify(ctx, identity); err != nil {
			return "", err
		}
	}
	return "", r.store.IdentifyProject(ctx, e.Project, identity)
}

// otherState looks whether the state is lost, or older than what the last apply
// wrote. What lives on the local target alone can be made again from the records;
// anything else would be made a second time.
func (p *Pipeline) otherState(ctx context.Context, key aloft.EnvironmentKey) (disagreement, error) {
	before, err := p.applied(key)
	if err != nil || p.States == nil || before.Last.Revision == "" || !before.Last.keptHere() || before.local() {
		return "", err
	}
	newest, err := p.newestState(ctx, key)
	if err != nil {
		return "", err
	}
	choices := stateChoices(key)
	switch {
	case newest.Version == 0 && (before.State == nil || before.State.Version > 0):
		return disagreement("its Terraform state is gone, and an apply would make everything a second time: " + choices), nil
	case before.State != nil && newest.Version < before.State.Version:
		return disagreement(fmt.Sprintf("its Terraform state is older than what run %d wrote (version %d, not %d): %s",
			before.Last.RunID, newest.Version, before.State.Version, choices)), nil
	}
	return "", nil
}

func stateChoices(key aloft.EnvironmentKey) string {
	return fmt.Sprintf("bring back the newest records (see docs/backup.md) or the state itself (aloft terraform %s -- state push FILE, with the whole path of FILE), or take what is there as right: aloft env accept %s",
		key.Environment, key.Environment)
}

// otherBranch looks whether the repository has what runs. A branch that is gone
// was not deleted here: that would have been a run.
func (r *Reconciler) otherBranch(ctx context.Context, repository Repository, e aloft.Environment, branch string) (disagreement, error) {
	if e.Revision == "" || branch == e.Revision {
		return "", nil
	}
	if branch == "" {
		return disagreement(fmt.Sprintf(
			"its branch %s is gone, and nobody has deleted it here: push it again, or remove the environment: aloft destroy %s",
			e.Branch(), e.EnvironmentKey.Environment)), nil
	}
	if _, err := repository.Commit(ctx, e.Revision); aloft.ErrorCode(err) == aloft.CodeNotFound {
		return disagreement(fmt.Sprintf(
			"the repository of %s is older than what runs, it lacks commit %s: bring it back (see docs/backup.md), or push the branch again",
			e.Project, short(e.Revision))), nil
	}
	behind, err := r.behind(ctx, e.EnvironmentKey)
	if err != nil || behind {
		return "", err
	}
	descends, err := repository.Descends(ctx, e.Revision, branch)
	if err != nil || descends {
		return "", err
	}
	return disagreement(fmt.Sprintf(
		"its branch %s was moved to %s, past the server and away from %s, which runs: push what shall run, or go to where it is: aloft up %s",
		e.Branch(), short(branch), short(e.Revision), e.EnvironmentKey.Environment)), nil
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
// nothing does, and where the branch is.
func (r *Reconciler) agree(ctx context.Context, e aloft.Environment, now time.Time) (agreed bool, branch string, err error) {
	found, branch, err := r.disagreement(ctx, e, now)
	if err != nil {
		return false, branch, err
	}
	return !found.there(), branch, r.keepDisagreement(ctx, e, found)
}

func (r *Reconciler) keepDisagreement(ctx context.Context, e aloft.Environment, found disagreement) error {
	if string(found) == e.Disagreement {
		return nil
	}
	if found.there() {
		r.logger.Warn("blocked: disk, records and state disagree", "project", e.Project, "environment", e.EnvironmentKey.Environment, "what", string(found))
	}
	_, err := r.store.UpdateEnvironment(ctx, e.EnvironmentKey, func(u *aloft.Environment) error {
		u.Disagreement = string(found)
		return nil
	})
	return err
}

// permit refuses a run while disk, records and state disagree. What a push or a
// destroy settles does not count for them; a destroy that somebody forces is what
// they want all the same.
func (r *Reconciler) permit(ctx context.Context, j journey) error {
	if j.run.Operation == aloft.OperationDestroy && j.run.Options.Force {
		return nil
	}
	found, err := r.unsettled(ctx, j.environment)
	if err == nil && !found.there() && j.run.Trigger != aloft.TriggerPush && j.run.Trigger != aloft.TriggerAPI {
		found, _, err = r.disagreement(ctx, j.environment, r.now())
	}
	if err != nil || !found.there() {
		return err
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
	if err := errors.Join(r.pipeline.acceptBackend(key), r.pipeline.acceptState(ctx, key)); err != nil {
		return environment, err
	}
	if r.pipeline.Local != nil {
		if err := r.pipeline.Local.Settle(ctx, key); err != nil {
			return environment, err
		}
	}
	found, _, err := r.disagreement(ctx, environment, r.now())
	if err != nil {
		return environment, err
	}
	if err := r.keepDisagreement(ctx, environment, found); err != nil {
		return environment, err
	}
	if err := r.wakeProject(ctx, key.Project); err != nil {
		return environment, err
	}
	return r.store.Environment(ctx, key)
}

// wakeProject lets all environments of a project be looked at: what is right of its
// repository is right for each of them.
func (r *Reconciler) wakeProject(ctx context.Context, project string) error {
	environments, err := r.store.Environments(ctx, aloft.EnvironmentFilter{Project: project})
	for _, environment := range environments {
		err = errors.Join(err, r.store.Wake(ctx, environment.EnvironmentKey))
	}
	return err
}

// acceptState makes the newest state, or none, the one that the last apply wrote, and
// what the local target has the one that it left.
func (p *Pipeline) acceptState(ctx context.Context, key aloft.EnvironmentKey) error {
	before, err := p.applied(key)
	if err == nil && before.none() {
		return unlessGone(p.Repository(key.Project).Unhold(ctx, lastHold(key))) // what it made counts as gone
	}
	if err != nil || before.Last.Revision == "" {
		return err
	}
	now := before
	if now.State, err = p.markState(ctx, key, before.Last); err != nil {
		return err
	}
	if now.Made, err = p.made(ctx, key); err != nil {
		return err
	}
	return p.saveApplied(key, now)
}

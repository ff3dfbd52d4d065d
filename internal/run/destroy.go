package run

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft"
)

// destroyResources lets Terraform destroy what it made, with the configuration
// of the last apply: the branch may be gone.
func (p *Pipeline) destroyResources(ctx context.Context, s *step, j journey) (aloft.Plan, error) {
	key := j.run.EnvironmentKey
	before, err := p.applied(key)
	if err != nil {
		return aloft.Plan{}, err
	}
	candidates, err := p.destroyable(ctx, j, before)
	if err != nil {
		return aloft.Plan{}, err
	}
	if len(candidates) == 0 {
		return aloft.Plan{}, skip("nothing was ever applied")
	}
	if empty, err := p.neverMade(ctx, key, before); err != nil || empty {
		return aloft.Plan{}, errors.Join(err, skip("no resource was ever made"))
	}
	var failures error
	var reached aloft.Plan
	for _, conf := range candidates {
		plan, err := p.destroyWith(ctx, s, j, conf)
		if err == nil {
			s.say(counts(plan, false))
			return plan, p.strays(key, before)
		}
		_, waiting := errors.AsType[waitForApproval](err)
		_, kept := errors.AsType[keptError](err)
		if waiting || kept || ctx.Err() != nil || aloft.ErrorCode(err) == aloft.CodeConflict {
			return plan, err
		}
		failures = errors.Join(failures, err)
		reached = goneOn(reached, plan)
	}
	if !j.run.Options.Force {
		return aloft.Plan{}, refusedDestroy(key, failures, reached)
	}
	s.voice.alarm("Terraform could not destroy (%s): by the word of %s the rest is removed without it", firstLine(failures.Error()), cmp.Or(j.run.Actor, "somebody"))
	s.say("the group as a whole")
	return aloft.Plan{}, nil
}

// destroyable names the configurations that may know how to destroy what there is,
// the likeliest first: those of the last applies, else that of the last commit.
// None = nothing was ever applied.
func (p *Pipeline) destroyable(ctx context.Context, j journey, before applied) ([]configuration, error) {
	if j.run.Revision != "" { // a laptop destroys with its working tree's commit
		return []configuration{{Revision: j.run.Revision}}, nil
	}
	var candidates []configuration
	for _, conf := range []configuration{before.Attempt, before.Last} {
		if conf.Revision != "" && (len(candidates) == 0 || conf.Revision != candidates[0].Revision) {
			candidates = append(candidates, conf)
		}
	}
	revision := j.environment.Revision
	if len(candidates) > 0 {
		// Where the state is another than the last known apply left, the files may be
		// older than the state is: the commit that runs knows better.
		asLeft, err := p.asLeft(ctx, j.run.EnvironmentKey, before)
		if err == nil && !asLeft && before.Last.Revision != "" && before.Attempt.RunID == before.Last.RunID &&
			revision != "" && revision != before.Last.Revision {
			candidates = slices.Insert(candidates, 0, configuration{Revision: revision})
		}
		return candidates, err
	}
	// What was applied is not known any more; the commit that did it is.
	held, err := p.Repository(j.run.Project).Held(ctx, lastHold(j.run.EnvironmentKey))
	if err := unlessGone(err); err != nil {
		return nil, err
	}
	revision = cmp.Or(held, revision)
	if revision == "" && j.latest != nil {
		newest, err := p.newestState(ctx, j.run.EnvironmentKey)
		if err != nil || newest.Resources == 0 {
			return nil, err
		}
		if revision, err = j.latest(ctx); err != nil {
			return nil, err
		}
	}
	if revision == "" {
		return nil, nil
	}
	return []configuration{{Revision: revision}}, nil
}

// keptError tells that a configuration keeps resources on purpose.
type keptError struct{ error }

func (k keptError) Unwrap() error { return k.error }

// goneOn adds to how far a destroy has come what another one of the same has done.
func goneOn(before, plan aloft.Plan) aloft.Plan {
	plan.Done = append(before.Done, plan.Done...)
	if len(plan.Changes) == 0 {
		plan.Changes = before.Changes
	}
	return plan
}

// refusedDestroy is what Terraform said, what it had done until then, and how to do
// it all the same.
func refusedDestroy(key aloft.EnvironmentKey, cause error, reached aloft.Plan) error {
	if len(reached.Done) > 0 {
		var stays []string
		for _, change := range reached.Changes {
			if !slices.Contains(reached.Done, change.Address) {
				stays = append(stays, change.Address)
			}
		}
		err := aloft.Errorf(aloft.ErrorCode(cause), "%w\ngone before that: %s\nstill there: %s", cause, named(reached.Done), named(stays))
		return err.WithHint("what is still there stays, with branch and state: delete the branch again when nothing is in the way (git push aloft :%s), "+
			"make again what is gone (aloft up %[2]s), or remove all that is left on purpose: aloft destroy %[2]s --force", key.Branch(), key.Environment)
	}
	err := aloft.Errorf(aloft.ErrorCode(cause), "%w", cause)
	return err.WithHint("what Terraform refuses to destroy stays, with branch, state and data: push a configuration that allows it, or remove all that is left on purpose: aloft destroy %s --force", key.Environment)
}

// maxNamed is how many addresses an error names.
const maxNamed = 10

// named lists addresses, the first ones of many.
func named(addresses []string) string {
	if more := len(addresses) - maxNamed; more > 0 {
		addresses = append(slices.Clone(addresses[:maxNamed]), fmt.Sprintf("and %d more", more))
	}
	return cmp.Or(strings.Join(addresses, ", "), "nothing")
}

// keeps refuses a destroy that would leave what the configuration keeps.
func keeps(key aloft.EnvironmentKey, plan aloft.Plan) error {
	var kept []string
	for _, change := range plan.Changes {
		if change.Action == aloft.ActionForget {
			kept = append(kept, change.Address)
		}
	}
	if len(kept) == 0 {
		return nil
	}
	return keptError{refusedDestroy(key, aloft.Errorf(aloft.CodeFailed, "the configuration keeps on purpose: %s", strings.Join(kept, ", ")), aloft.Plan{})}
}

// neverMade reports whether no apply has come so far as to make a resource:
// Aloft keeps the state, there is none, and no journal tells of a begun one.
func (p *Pipeline) neverMade(ctx context.Context, key aloft.EnvironmentKey, before applied) (bool, error) {
	if p.States == nil || before.Attempt.Revision == "" || !before.Attempt.keptHere() || before.Last.Revision != "" {
		return false, nil
	}
	if newest, err := p.newestState(ctx, key); err != nil || newest.Version > 0 {
		return false, err
	}
	journal, err := os.ReadFile(p.journalPath(before.Attempt.RunID))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return false, fmt.Errorf("cannot read the journal of run %d: %w", before.Attempt.RunID, err)
	}
	return !bytes.Contains(journal, []byte(`"type":"apply_start"`)), nil
}

// keptHere reports whether Aloft keeps the state.
func (c configuration) keptHere() bool { return keptHere(c.Backend) }

// local reports whether all that was applied lives on the local target alone.
func (a applied) local() bool {
	return a.Attempt.local() && (a.Last.Revision == "" || a.Last.local())
}

// local reports whether nothing but the local target's provider was used, so
// that removing the group removes everything.
func (c configuration) local() bool {
	return len(c.Providers) == 1 && c.Providers[0] == localProvider && !c.Outside
}

func (p *Pipeline) destroyWith(ctx context.Context, s *step, j journey, conf configuration) (aloft.Plan, error) {
	run := j.run
	run.Revision = conf.Revision
	protected := j.environment.Protected
	if conf.Folder == "" {
		src, err := p.checkout(ctx, s, run, conf.Revision)
		if err != nil {
			return aloft.Plan{}, err
		}
		d, err := p.read(s, run, src)
		if err != nil {
			return aloft.Plan{}, err
		}
		if conf, err = p.configure(run, d); err != nil {
			return aloft.Plan{}, err
		}
		protected = protected || d.settings.Protected
	}
	dir, summary, err := p.restore(ctx, s, run, conf)
	if err != nil {
		return aloft.Plan{}, err
	}
	e, err := p.engage(ctx, s, run, dir, conf, summary)
	if err != nil {
		return aloft.Plan{}, err
	}
	defer e.close()
	if err := e.init(ctx); err != nil {
		return aloft.Plan{}, err
	}
	planned, err := e.terraform.Plan(ctx, e.c, true)
	if err != nil {
		return aloft.Plan{}, err
	}
	if err := keeps(run.EnvironmentKey, planned); err != nil && !run.Options.Force {
		return aloft.Plan{}, err
	}
	if protected {
		if err := p.pass(s, j, e, planned); err != nil {
			return aloft.Plan{}, err
		}
	}
	if err := j.update(func(environment *aloft.Environment) { environment.ProvisionKey = "" }); err != nil {
		return aloft.Plan{}, err
	}
	plan, err := e.terraform.Destroy(ctx, e.c)
	if err != nil {
		err = errors.Join(err, p.rescue(j.run))
	}
	return plan, err
}

// spared refuses to remove data that Terraform has not destroyed: its configuration
// or its state let go of it. Only what an apply that was cut off has made is nobody's,
// and only when somebody asks for the end.
func (p *Pipeline) spared(ctx context.Context, j journey) error {
	if p.Local == nil || j.run.Options.Force {
		return nil
	}
	before, err := p.applied(j.run.EnvironmentKey)
	if err != nil {
		return err
	}
	if cutOff := before.Attempt.RunID != before.Last.RunID; cutOff && j.run.Trigger != aloft.TriggerExpiry {
		return nil
	}
	left, err := p.Local.Holding(ctx, j.run.EnvironmentKey)
	if err != nil || len(left) == 0 {
		return err
	}
	return aloft.Errorf(aloft.CodeFailed, "Terraform has not destroyed, since its state does not know of it: %s", strings.Join(left, ", ")).
		WithHint("to keep it, push a configuration that has its resource again, which takes it over with its data (git push aloft HEAD:%s); or remove it on purpose: aloft destroy %s --force",
			j.run.EnvironmentKey.Branch(), j.run.EnvironmentKey.Environment)
}

// Holdings lists the apps and the databases that the local target holds of an
// environment, whatever Terraform knows of it.
func (r *Reconciler) Holdings(ctx context.Context, key aloft.EnvironmentKey) (apps, databases []string, err error) {
	target := r.pipeline.Local
	if target == nil {
		return nil, nil, nil
	}
	if _, err := r.store.Environment(ctx, key); err != nil {
		return nil, nil, err
	}
	made, err := target.Made(ctx, key)
	for _, thing := range made {
		if app, ok := strings.CutPrefix(thing, "app "); ok {
			apps = append(apps, app)
		}
	}
	held, failed := target.Holding(ctx, key)
	for _, thing := range held {
		databases = append(databases, strings.TrimPrefix(thing, "database "))
	}
	return apps, databases, errors.Join(err, failed)
}

// remove removes what is not Terraform's: releases, logs, states, files, held commits.
func (p *Pipeline) remove(ctx context.Context, key aloft.EnvironmentKey, force bool) error {
	if p.Local != nil {
		if err := p.Local.Remove(ctx, key); err != nil {
			return err
		}
	}
	if p.Releases != nil {
		if err := p.Releases.DeleteReleases(ctx, key); err != nil {
			return err
		}
	}
	repository := p.Repository(key.Project)
	if err := unlessGone(repository.Unhold(ctx, lastHold(key))); err != nil { // without a state it tells of a lost apply
		return err
	}
	if p.States != nil {
		forget := p.States.DeleteState
		if force {
			forget = p.States.DiscardState
		}
		if err := forget(ctx, key); err != nil {
			return err
		}
	}
	return errors.Join(
		unlessGone(repository.Unhold(ctx, "environments/"+key.Environment+"/attempt")),
		aloft.RemoveFolder(p.environmentDir(key)),
	)
}

// nothingLeft proves that the environment is gone, or lists what is left.
func (p *Pipeline) nothingLeft(ctx context.Context, s *step, key aloft.EnvironmentKey) error {
	var left []string
	if p.Local != nil {
		remains, err := p.Local.Remains(ctx, key)
		if err != nil {
			return err
		}
		left = append(left, remains...)
	}
	newest, err := p.newestState(ctx, key)
	if err != nil {
		return err
	}
	if newest.Version > 0 {
		left = append(left, "state "+key.StateKey())
	}
	if _, err := os.Stat(p.environmentDir(key)); !errors.Is(err, os.ErrNotExist) {
		left = append(left, "files of the environment")
	}
	if len(left) > 0 {
		return aloft.Errorf(aloft.CodeFailed, "%s is not gone, there is left: %s", key, strings.Join(left, "; ")).
			WithHint("delete the branch again: `git push aloft :%s`", key.Branch())
	}
	s.say(fmt.Sprintf("nothing is left of %s", key))
	return nil
}

// unlessGone is an error of a repository that is still there: in one that is gone
// nothing is left to remove.
func unlessGone(err error) error {
	if aloft.ErrorCode(err) == aloft.CodeNotFound {
		return nil
	}
	return err
}

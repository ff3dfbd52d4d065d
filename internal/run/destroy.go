package run

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
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
	candidates := []configuration{before.Attempt, before.Last}
	if j.run.Revision != "" { // a laptop destroys with its working tree's commit
		candidates = []configuration{{Revision: j.run.Revision}}
	}
	if candidates[0].Revision == "" {
		return aloft.Plan{}, skip("nothing was ever applied")
	}
	if empty, err := p.neverMade(ctx, key, before); err != nil || empty {
		return aloft.Plan{}, errors.Join(err, skip("no resource was ever made"))
	}
	var failures error
	for i, conf := range candidates {
		if conf.Revision == "" || i > 0 && conf.Revision == candidates[0].Revision {
			continue
		}
		plan, err := p.destroyWith(ctx, s, j, conf)
		if err == nil {
			s.say(counts(plan, false))
			return plan, p.strays(key, before)
		}
		_, waiting := errors.AsType[waitForApproval](err)
		if waiting || ctx.Err() != nil || aloft.ErrorCode(err) == aloft.CodeConflict {
			return plan, err
		}
		failures = errors.Join(failures, err)
	}
	if p.Local == nil || j.environment.Protected || !before.local() {
		return aloft.Plan{}, failures
	}
	s.voice.detail("Terraform could not destroy (%s): the whole group is removed instead", firstLine(failures.Error()))
	s.say("the group as a whole")
	return aloft.Plan{}, nil
}

// neverMade reports whether no apply has come so far as to make a resource:
// Aloft keeps the state, there is none, and no journal tells of a begun one.
func (p *Pipeline) neverMade(ctx context.Context, key aloft.EnvironmentKey, before applied) (bool, error) {
	if p.States == nil || !before.Attempt.keptHere() || before.Last.Revision != "" {
		return false, nil
	}
	versions, err := p.States.StateVersions(ctx, key)
	if err != nil && aloft.ErrorCode(err) != aloft.CodeNotFound || len(versions) > 0 {
		return false, err
	}
	journal, err := os.ReadFile(p.journalPath(before.Attempt.RunID))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return false, fmt.Errorf("cannot read the journal of run %d: %w", before.Attempt.RunID, err)
	}
	return !bytes.Contains(journal, []byte(`"type":"apply_start"`)), nil
}

// keptHere reports whether Aloft keeps the state.
func (c configuration) keptHere() bool {
	return c.Backend == "" || c.Backend == "http" || c.Backend == "local"
}

// local reports whether all that was applied lives on the local target alone.
func (a applied) local() bool {
	return a.Attempt.local() && (a.Last.Revision == "" || a.Last.local())
}

// local reports whether nothing but the local target's provider was used, so
// that removing the group removes everything.
func (c configuration) local() bool {
	return len(c.Providers) == 1 && c.Providers[0] == localProvider
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
	if err := p.approve(ctx, s, j, e, protected, true); err != nil {
		return aloft.Plan{}, err
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

// remove removes what is not Terraform's: releases, logs, states, files, held commits.
func (p *Pipeline) remove(ctx context.Context, key aloft.EnvironmentKey) error {
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
	if p.States != nil {
		if err := p.States.DeleteState(ctx, key); err != nil {
			return err
		}
	}
	repository := p.Repository(key.Project)
	return errors.Join(
		repository.Unhold(ctx, "environments/"+key.Environment+"/attempt"),
		repository.Unhold(ctx, "environments/"+key.Environment+"/last"),
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
	if p.States != nil {
		versions, err := p.States.StateVersions(ctx, key)
		if err != nil && aloft.ErrorCode(err) != aloft.CodeNotFound {
			return err
		}
		if len(versions) > 0 {
			left = append(left, "state "+key.StateKey())
		}
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

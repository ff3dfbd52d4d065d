package run

import (
	"context"
	"errors"
	"time"

	"github.com/aloft-dev/aloft"
)

// abandonedAfter is the life of an environment whose first run failed: it has
// no branch that could be deleted.
const abandonedAfter = 24 * time.Hour

// finish records how a run ended; runCtx is the run's own.
func (r *Reconciler) finish(runCtx context.Context, j journey, reached outcome, err error) error {
	ctx := context.WithoutCancel(runCtx)
	if err != nil && stopping(runCtx) {
		j.recorder.voice.detail("%s: the run goes on afterwards", interruption(runCtx))
		return runCtx.Err()
	}
	if err != nil && errors.Is(context.Cause(runCtx), errCanceled) {
		err = errCanceled
	}
	j.span = j.recorder.trace.root().begin("finish", "")
	ended := r.close(ctx, j, reached, err)
	j.span.ended(ended)
	return ended
}

// close makes the records say how the run ended, or what it waits for.
func (r *Reconciler) close(ctx context.Context, j journey, reached outcome, err error) error {
	if waiting, ok := errors.AsType[waitForApproval](err); ok {
		return r.wait(ctx, j, waiting)
	}
	if err == nil {
		if err = r.settle(ctx, j, reached); err != nil && reached.undo != nil {
			reached.undo(ctx) // what cannot be recorded must not run
		}
		if err == nil && reached.after != nil {
			if err := reached.after(ctx); err != nil {
				j.recorder.voice.fail(err) // the run has reached what it was for
			}
		}
	}
	if err != nil {
		return r.fail(ctx, j, j.hidden(err))
	}
	return r.end(ctx, j, aloft.RunSucceeded, nil)
}

// hidden is an error without the secrets of the environment: errors of programs
// quote what they were given, and end up in records, on pages and with pushers.
func (j journey) hidden(err error) error {
	text, hint := err.Error(), aloft.ErrorHint(err)
	if j.hide(text) == text && j.hide(hint) == hint {
		return err
	}
	return aloft.Errorf(aloft.ErrorCode(err), "%s", j.hide(text)).WithHint("%s", j.hide(hint))
}

// settle makes branch and environment say what has become true. Every part of
// it may be done twice: after a crash the run is taken again.
func (r *Reconciler) settle(ctx context.Context, j journey, reached outcome) error {
	repository := r.pipeline.Repository(j.run.Project)
	switch j.run.Operation {
	case aloft.OperationPlan:
		return nil
	case aloft.OperationDestroy:
		moving := j.span.begin("delete the branch", j.run.Branch())
		err := unlessGone(repository.DeleteBranch(ctx, j.run.Branch()))
		moving.ended(err)
		if err != nil {
			return err
		}
		_, err = r.store.UpdateEnvironment(ctx, j.run.EnvironmentKey, func(e *aloft.Environment) error {
			e.Status, e.Reason, e.Disagreement = aloft.EnvironmentDestroyed, "", ""
			e.Revision, e.URLs, e.ProvisionKey, e.Protected = "", nil, "", false
			e.TTL, e.ExpiresAt, e.SizeBytes = 0, time.Time{}, 0
			return nil
		})
		return err
	case aloft.OperationUp:
		moving := j.span.begin("move the branch", short(j.run.Revision))
		err := r.overtaken(ctx, j.run)
		if err != nil {
			moving.ended(err)
			return err
		}
		err = repository.MoveBranch(ctx, j.run.Branch(), j.run.Revision)
		moving.ended(err)
		if err != nil {
			return err
		}
	}
	recording := j.span.begin("environment record", "")
	branch, err := repository.Branch(ctx, j.run.Branch())
	if err != nil {
		recording.ended(err)
		return err
	}
	_, err = r.store.UpdateEnvironment(ctx, j.run.EnvironmentKey, func(e *aloft.Environment) error {
		e.Status, e.Reason, e.Revision, e.URLs = aloft.EnvironmentReady, "", reached.revision, reached.urls
		if branch != "" && branch != reached.revision {
			e.Reason = "rolled back: the branch is ahead of what runs"
		}
		if j.run.Operation == aloft.OperationUp {
			r.adoptSettings(e, j.run, reached)
		}
		return nil
	})
	recording.ended(err)
	return err
}

// adoptSettings hands the commit's settings to the environment. How long it
// lives is for the push to say, else for aloft.yaml, else as it was.
func (r *Reconciler) adoptSettings(e *aloft.Environment, run aloft.Run, reached outcome) {
	if settings := reached.settings; settings != nil {
		e.Protected = settings.Protected
		if settings.TTLSet {
			e.TTL = settings.TTL
		}
	}
	if run.Options.TTL > 0 {
		e.TTL = run.Options.TTL
	}
	r.renew(e)
}

// renew starts the environment's time anew.
func (r *Reconciler) renew(e *aloft.Environment) {
	e.ExpiresAt = time.Time{}
	if e.TTL > 0 {
		e.ExpiresAt = r.now().Add(e.TTL)
	}
}

// wait parks the run until somebody approves its plan.
func (r *Reconciler) wait(ctx context.Context, j journey, waiting waitForApproval) error {
	j.recorder.voice.alarm("%s", waiting.reason)
	j.recorder.voice.alarm("→ aloft run approve %d   (or: aloft run cancel %d)", j.run.ID, j.run.ID)
	_, err := r.store.UpdateRun(ctx, j.run.ID, func(u *aloft.Run) error {
		u.Status, u.PlanDigest = aloft.RunWaiting, waiting.digest
		return nil
	})
	if err != nil {
		return err
	}
	return r.rest(ctx, j, waiting.reason, false)
}

// rest says how the environment is while no run is on its way. Where a canceled
// run had not begun to change anything, it is as it was.
func (r *Reconciler) rest(ctx context.Context, j journey, reason string, canceled bool) error {
	if j.run.Operation == aloft.OperationPlan {
		return nil
	}
	_, err := r.store.UpdateEnvironment(ctx, j.run.EnvironmentKey, func(e *aloft.Environment) error {
		switch {
		case !e.Status.Busy():
		case e.Status == aloft.EnvironmentUpdating && canceled && e.ProvisionKey != "":
			e.Status, e.Reason = aloft.EnvironmentReady, ""
		case e.Status == aloft.EnvironmentCreating || e.Revision == "":
			e.Status, e.Reason = aloft.EnvironmentFailed, reason
			if e.ExpiresAt.IsZero() && j.run.Trigger != aloft.TriggerDrift {
				e.ExpiresAt = r.now().Add(abandonedAfter)
			}
		default:
			e.Status, e.Reason = aloft.EnvironmentDegraded, reason
		}
		return nil
	})
	return err
}

func (r *Reconciler) fail(ctx context.Context, j journey, err error) error {
	status := aloft.RunFailed
	if errors.Is(err, errCanceled) {
		status = aloft.RunCanceled
	}
	if aloft.ErrorCode(err) == aloft.CodeInternal {
		r.logger.Error("run failed", "project", j.run.Project, "environment", j.run.Environment, "run", j.run.ID, "error", err)
	}
	j.recorder.voice.fail(err)
	if restErr := r.rest(ctx, j, summarize(err), status == aloft.RunCanceled); restErr != nil {
		return restErr
	}
	return r.end(ctx, j, status, err)
}

// end closes the run's record and its log.
func (r *Reconciler) end(ctx context.Context, j journey, status aloft.RunStatus, cause error) error {
	r.farewell(ctx, j, status)
	recording := j.span.begin("run record", "")
	_, err := r.store.UpdateRun(ctx, j.run.ID, func(u *aloft.Run) error {
		u.Status, u.FinishedAt = status, r.now()
		if cause != nil {
			u.Error, u.ErrorCode, u.Hint = cause.Error(), aloft.ErrorCode(cause), aloft.ErrorHint(cause)
		}
		return nil
	})
	recording.ended(err)
	if err != nil {
		return err
	}
	r.logs.end(j.run.ID)
	tidying := j.span.begin("tidy up", "lock, checkout, held commit")
	err = r.letGo(ctx, j.run)
	tidying.ended(err)
	return err
}

// farewell is the last headline: how it went, how long it took, the URLs.
func (r *Reconciler) farewell(ctx context.Context, j journey, status aloft.RunStatus) {
	voice := j.recorder.voice
	environment, err := r.store.Environment(ctx, j.run.EnvironmentKey)
	if err != nil {
		environment = j.environment
	}
	switch {
	case status == aloft.RunSucceeded && j.run.Operation == aloft.OperationPlan:
		voice.headline("planned in %s, nothing was changed", r.took(j.run))
	case status == aloft.RunSucceeded:
		voice.headline("%s is %s, in %s", j.run.Branch(), environment.Status, r.took(j.run))
		if urls := joinURLs(environment.URLs); urls != "" {
			voice.detail("%s", urls)
		}
		if j.run.Operation == aloft.OperationRollback {
			voice.detail("the branch stays where it is; go forward again with: aloft up %s", j.run.Environment)
		}
	case environment.Revision != "" && r.answers(ctx, environment):
		voice.headline("run %d %s after %s; %s still serves %s", j.run.ID, status, r.took(j.run), short(environment.Revision), joinURLs(environment.URLs))
	default:
		voice.headline("run %d %s after %s", j.run.ID, status, r.took(j.run))
		if environment.Revision != "" && len(environment.URLs) > 0 {
			voice.alarm("%s ran before and does not answer at %s now", short(environment.Revision), joinURLs(environment.URLs))
		} else if j.run.Operation == aloft.OperationUp {
			voice.detail("push again to retry, or remove what was made: aloft destroy %s (it goes by itself in %.0f hours)",
				j.run.Environment, abandonedAfter.Hours())
		}
	}
}

// answerTime is how long the last headline of a run waits for an app to answer.
const answerTime = 2 * time.Second

// answers looks whether every app of an environment answers just now, as far as
// this server can tell.
func (r *Reconciler) answers(ctx context.Context, e aloft.Environment) bool {
	if r.pipeline.Local == nil {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	before, err := r.pipeline.applied(e.EnvironmentKey)
	if err != nil {
		return true
	}
	for app := range e.URLs {
		output, known := before.Last.Apps[app]
		if !known {
			output.Hosting = "local"
		}
		deployer, err := r.pipeline.deployer(app, output)
		if err != nil {
			continue
		}
		if err := deployer.Verify(ctx, DeployRequest{Key: e.EnvironmentKey, App: aloft.App{Name: app}, Output: output}); err != nil {
			return false
		}
	}
	return true
}

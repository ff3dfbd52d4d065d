package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/aloft-dev/aloft"
)

// ParseOptions reads push options: "detach", "plan", "skip-build", "ttl=72h",
// "destroy", "ff-only".
func ParseOptions(options []string) (aloft.RunOptions, error) {
	var o aloft.RunOptions
	for _, option := range options {
		name, value, hasValue := strings.Cut(option, "=")
		switch {
		case name == "detach" && !hasValue:
			o.Detach = true
		case name == "plan" && !hasValue:
			o.Plan = true
		case name == "skip-build" && !hasValue:
			o.SkipBuild = true
		case name == "destroy" && !hasValue:
			o.Destroy = true
		case name == "ff-only" && !hasValue:
			o.FastForward = true
		case name == "ttl" && hasValue:
			ttl, err := time.ParseDuration(value)
			if err != nil || ttl < time.Minute {
				return o, aloft.Errorf(aloft.CodeInvalid, "push option %q is not valid: ttl takes a duration of a minute or more, such as 72h or 30m", option)
			}
			o.TTL = ttl
		default:
			return o, aloft.Errorf(aloft.CodeInvalid, "there is no push option %q", option).
				WithHint("the options are detach, plan, skip-build, ttl=<duration>, ff-only and destroy")
		}
	}
	return o, nil
}

// Accept records a run and wakes the reconciler. It completes what the caller
// may leave out: the commit of a retry, the title.
func (r *Reconciler) Accept(ctx context.Context, run aloft.Run) (aloft.Run, error) {
	if err := run.EnvironmentKey.Validate(); err != nil {
		return run, err
	}
	environment, err := r.store.Environment(ctx, run.EnvironmentKey)
	missing := aloft.ErrorCode(err) == aloft.CodeNotFound || environment.Status == aloft.EnvironmentDestroyed
	if err != nil && !missing {
		return run, err
	}
	if missing && run.Operation != aloft.OperationUp && run.Operation != aloft.OperationPlan {
		return run, aloft.Errorf(aloft.CodeNotFound, "there is no environment %s", run.EnvironmentKey).
			WithHint("`aloft env list` shows what there is")
	}
	repository := r.pipeline.Repository(run.Project)
	if run.Revision == "" && (run.Operation == aloft.OperationUp || run.Operation == aloft.OperationPlan) {
		if run.Revision, err = r.latest(ctx, repository, run.EnvironmentKey); err != nil {
			return run, err
		}
	}
	var commit aloft.Commit
	if run.Revision != "" {
		if commit, err = repository.Commit(ctx, run.Revision); err != nil {
			return run, err
		}
		run.Revision = commit.ID
		if run.Title == "" {
			run.Title = commit.Subject
		}
	}
	if run.Trigger == aloft.TriggerAPI && run.Operation == aloft.OperationUp && run.Options.FastForward {
		defer r.alone(run.EnvironmentKey)()
		if err := r.upToDate(ctx, run.EnvironmentKey, aloft.RefUpdate{New: run.Revision}, run.Options); err != nil {
			return run, err
		}
	}
	ctx = context.WithoutCancel(ctx) // what is accepted is completed, whoever goes away
	accepted, superseded, err := r.store.AcceptRun(ctx, run)
	if err != nil {
		return run, err
	}
	for _, old := range superseded {
		r.supersede(ctx, old, accepted)
	}
	if run.Operation == aloft.OperationUp {
		err = r.adopt(ctx, accepted, commit)
	}
	return accepted, errors.Join(err, r.hold(ctx, repository, accepted))
}

// hold keeps a run's commit from being collected, unless the run has ended
// already.
func (r *Reconciler) hold(ctx context.Context, repository Repository, run aloft.Run) error {
	if run.Revision == "" {
		return nil
	}
	if err := repository.Hold(ctx, holdName(run.ID), run.Revision); err != nil {
		return err
	}
	now, err := r.store.Run(ctx, run.ID)
	if err != nil || !now.Status.Finished() {
		return err
	}
	return repository.Unhold(ctx, holdName(run.ID))
}

// latest is the commit a retry goes to: that of the newest run, else the branch's.
func (r *Reconciler) latest(ctx context.Context, repository Repository, key aloft.EnvironmentKey) (string, error) {
	runs, err := r.store.Runs(ctx, aloft.RunFilter{Project: key.Project, Environment: key.Environment})
	if err != nil {
		return "", err
	}
	for _, run := range runs {
		if run.Operation == aloft.OperationUp && run.Revision != "" {
			return run.Revision, nil
		}
	}
	revision, err := repository.Branch(ctx, key.Branch())
	if err == nil && revision == "" {
		err = aloft.Errorf(aloft.CodeNotFound, "there is no branch %s in project %s", key.Branch(), key.Project).
			WithHint("git push aloft HEAD:%s", key.Branch())
	}
	return revision, err
}

// adopt notes whose push it was, and for how long the environment shall live.
func (r *Reconciler) adopt(ctx context.Context, run aloft.Run, commit aloft.Commit) error {
	_, err := r.store.UpdateEnvironment(ctx, run.EnvironmentKey, func(e *aloft.Environment) error {
		if commit.Author != "" {
			e.Owner = commit.Author
		}
		if run.Options.TTL > 0 {
			e.TTL = run.Options.TTL
		}
		r.renew(e)
		return nil
	})
	return err
}

// supersede tells the followers of a run that a newer one took its place.
func (r *Reconciler) supersede(ctx context.Context, old, by aloft.Run) {
	r.closeLog(old.ID, fmt.Sprintf("run %d is superseded by run %d", old.ID, by.ID))
	if err := r.letGo(ctx, old); err != nil {
		r.logger.Warn("cannot let go of a superseded run", "run", old.ID, "error", err)
	}
}

// errUnderWay tells that a run is being taken by this server.
var errUnderWay = errors.New("the run is under way")

// Cancel ends a run: at once when it has not begun, else as soon as its present
// step can stop without harm. Canceling a finished run is CodeConflict.
func (r *Reconciler) Cancel(ctx context.Context, id int64, actor string) error {
	run, err := r.store.UpdateRun(ctx, id, func(u *aloft.Run) error {
		switch {
		case u.Status.Finished():
			return aloft.Errorf(aloft.CodeConflict, "run %d is over: %s", id, u.Status)
		case u.Status == aloft.RunRunning && r.underWay(id) != nil:
			return errUnderWay
		}
		u.Status, u.FinishedAt, u.Error, u.ErrorCode = aloft.RunCanceled, r.now(), "canceled by "+actor, aloft.CodeCanceled
		return nil
	})
	if errors.Is(err, errUnderWay) {
		if cancel := r.underWay(id); cancel != nil {
			cancel(errCanceled)
		}
		return nil
	}
	if err != nil {
		return err
	}
	r.closeLog(id, fmt.Sprintf("run %d was canceled by %s", id, actor))
	_, err = r.store.UpdateEnvironment(ctx, run.EnvironmentKey, func(e *aloft.Environment) error {
		if e.Status == aloft.EnvironmentDegraded && e.ProvisionKey != "" {
			e.Status, e.Reason = aloft.EnvironmentReady, "" // it only waited for approval
		}
		return nil
	})
	if aloft.ErrorCode(err) == aloft.CodeNotFound {
		err = nil // the run was a plan
	}
	return errors.Join(err, r.letGo(ctx, run), r.store.Wake(ctx, run.EnvironmentKey))
}

func (r *Reconciler) underWay(id int64) context.CancelCauseFunc {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.cancels[id]
}

// closeLog writes the last line of a run that is not taken any more.
func (r *Reconciler) closeLog(id int64, last string) {
	if log, err := r.logs.open(id); err == nil {
		(&voice{out: log}).headline("%s", last)
		log.close(false)
	}
	r.logs.end(id)
}

// letGo releases what is kept for a run: its lock, its commit, its folder.
func (r *Reconciler) letGo(ctx context.Context, run aloft.Run) error {
	if err := r.pipeline.awaitOrphan(ctx, run.EnvironmentKey, func(string, ...any) {}); err != nil {
		return err
	}
	var unlockErr error
	if r.pipeline.States != nil {
		_, unlockErr = r.pipeline.States.UnlockRun(ctx, run.ID)
	}
	return errors.Join(unlockErr, r.pipeline.forget(run), unlessGone(r.pipeline.Repository(run.Project).Unhold(ctx, holdName(run.ID))))
}

// Approve lets a waiting run go on, if its plan is still the one with this
// digest. An empty digest approves the plan that waits.
func (r *Reconciler) Approve(ctx context.Context, id int64, digest, actor string) error {
	run, err := r.store.UpdateRun(ctx, id, func(u *aloft.Run) error {
		if u.Status != aloft.RunWaiting {
			return aloft.Errorf(aloft.CodeConflict, "run %d does not wait for approval: it is %s", id, u.Status)
		}
		if digest != "" && digest != u.PlanDigest {
			return aloft.Errorf(aloft.CodeConflict, "the plan of run %d has changed since you saw it", id).
				WithHint("look again: aloft run show %d", id)
		}
		u.Status, u.Approved, u.Approver = aloft.RunQueued, u.PlanDigest, actor
		return nil
	})
	if err != nil {
		return err
	}
	return r.store.Wake(ctx, run.EnvironmentKey)
}

// Log writes the log of a run to w; with follow until the run has ended.
func (r *Reconciler) Log(ctx context.Context, id int64, follow bool, w io.Writer) error {
	if !follow {
		run, err := r.store.Run(ctx, id)
		if err != nil {
			return err
		}
		if err := r.removed(ctx, run, "log"); err != nil {
			return err
		}
		return r.logs.copy(ctx, id, nil, w)
	}
	live := r.logs.of(id) // before the look at the record: an end in between is not missed
	run, err := r.store.Run(ctx, id)
	if err != nil || run.Status.Finished() {
		r.logs.end(id)
	}
	if err != nil {
		return err
	}
	if err := r.removed(ctx, run, "log"); err != nil {
		return err
	}
	return r.logs.copy(ctx, id, live, w)
}

// Plan returns the plan that a run has shown or waits with.
func (r *Reconciler) Plan(_ context.Context, id int64) (aloft.Plan, error) {
	var plan aloft.Plan
	data, err := os.ReadFile(r.pipeline.planPath(id))
	if errors.Is(err, os.ErrNotExist) {
		return plan, aloft.Errorf(aloft.CodeNotFound, "run %d has no plan to show", id)
	}
	if err == nil {
		err = json.Unmarshal(data, &plan)
	}
	if err != nil {
		return plan, fmt.Errorf("cannot read the plan of run %d: %w", id, err)
	}
	return plan, nil
}

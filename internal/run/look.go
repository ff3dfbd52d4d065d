package run

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/aloft-dev/aloft"
)

// repairAgainAfter is how long the reconciler leaves a difference alone that a
// repair could not heal.
const repairAgainAfter = 30 * time.Minute

// look compares an environment without a run with what it should be. It reports
// whether it has requested a run that heals what differs.
func (r *Reconciler) look(ctx context.Context, key aloft.EnvironmentKey) (requested bool, err error) {
	environment, err := r.store.Environment(ctx, key)
	if aloft.ErrorCode(err) == aloft.CodeNotFound || environment.Status == aloft.EnvironmentDestroyed {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if waiting, err := r.waiting(ctx, key); err != nil || waiting {
		return false, err
	}
	if environment.Status.Busy() && environment.Revision == "" {
		return false, r.abandon(ctx, key)
	}
	if environment.Status.Busy() {
		return r.request(ctx, environment, aloft.OperationRepair, aloft.TriggerDrift, "an interrupted run left it "+string(environment.Status))
	}
	if !environment.ExpiresAt.IsZero() && !r.now().Before(environment.ExpiresAt) {
		return r.request(ctx, environment, aloft.OperationDestroy, aloft.TriggerExpiry, "its time was up")
	}
	branch, err := r.pipeline.Repository(key.Project).Branch(ctx, key.Branch())
	if err != nil {
		return false, err
	}
	if branch == "" && environment.Revision != "" {
		return r.request(ctx, environment, aloft.OperationDestroy, aloft.TriggerDrift, "its branch is gone")
	}
	return r.compare(ctx, environment)
}

// abandon notes that the first run of an environment ended before it began.
func (r *Reconciler) abandon(ctx context.Context, key aloft.EnvironmentKey) error {
	_, err := r.store.UpdateEnvironment(ctx, key, func(e *aloft.Environment) error {
		e.Status, e.Reason = aloft.EnvironmentFailed, "its first run was canceled"
		if e.ExpiresAt.IsZero() {
			e.ExpiresAt = r.now().Add(abandonedAfter)
		}
		return nil
	})
	return err
}

// compare looks at what runs. What the target heals by itself on the first look
// after a start of the server is no drift: everything had stopped.
func (r *Reconciler) compare(ctx context.Context, environment aloft.Environment) (requested bool, err error) {
	if r.pipeline.Local == nil || environment.Revision == "" {
		return false, nil
	}
	key := environment.EnvironmentKey
	first := r.firstLook(key)
	healed, broken, err := r.pipeline.Local.Reconcile(ctx, key)
	if err != nil {
		return false, err
	}
	if first && len(broken) == 0 {
		for _, difference := range healed {
			r.logger.Info("started again", "project", key.Project, "environment", key.Environment, "what", difference)
		}
		return false, nil
	}
	differences := append(healed, broken...)
	if len(differences) == 0 {
		return false, r.recover(ctx, environment)
	}
	return r.request(ctx, environment, aloft.OperationRepair, aloft.TriggerDrift, strings.Join(differences, "; "))
}

// recover says that all is well again after a repair that came too early.
func (r *Reconciler) recover(ctx context.Context, e aloft.Environment) error {
	if e.Status != aloft.EnvironmentDegraded {
		return nil
	}
	runs, err := r.store.Runs(ctx, aloft.RunFilter{Project: e.Project, Environment: e.EnvironmentKey.Environment, Limit: 1})
	if err != nil || len(runs) == 0 || runs[0].Operation != aloft.OperationRepair || e.ProvisionKey == "" {
		return err
	}
	_, err = r.store.UpdateEnvironment(ctx, e.EnvironmentKey, func(u *aloft.Environment) error {
		u.Status, u.Reason = aloft.EnvironmentReady, ""
		return nil
	})
	return err
}

// firstLook reports whether nobody has looked at an environment since the
// server started.
func (r *Reconciler) firstLook(key aloft.EnvironmentKey) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	first := !r.seen[key]
	r.seen[key] = true
	return first
}

// bringBack starts what ran before the server was stopped, so that it serves
// while the first run after a restart is on its way.
func (r *Reconciler) bringBack(ctx context.Context, j journey) {
	if r.pipeline.Local == nil || j.environment.Revision == "" || !r.firstLook(j.run.EnvironmentKey) {
		return
	}
	if _, _, err := r.pipeline.Local.Reconcile(ctx, j.run.EnvironmentKey); err != nil {
		j.recorder.voice.detail("what ran before the restart does not come back: %s", err)
	}
}

func (r *Reconciler) waiting(ctx context.Context, key aloft.EnvironmentKey) (bool, error) {
	runs, err := r.store.Runs(ctx, aloft.RunFilter{
		Project: key.Project, Environment: key.Environment, Statuses: []aloft.RunStatus{aloft.RunWaiting}, Limit: 1,
	})
	return len(runs) > 0, err
}

// request asks for a run, unless the same one has failed a moment ago.
func (r *Reconciler) request(ctx context.Context, e aloft.Environment, operation aloft.Operation, trigger aloft.Trigger, why string) (bool, error) {
	runs, err := r.store.Runs(ctx, aloft.RunFilter{Project: e.Project, Environment: e.EnvironmentKey.Environment, Limit: 10})
	if err != nil {
		return false, err
	}
	runs = slices.DeleteFunc(runs, func(run aloft.Run) bool { return run.Operation == aloft.OperationPlan })
	if len(runs) > 0 && runs[0].Operation == operation && runs[0].Status != aloft.RunSucceeded &&
		r.now().Sub(runs[0].FinishedAt) < repairAgainAfter {
		return false, nil
	}
	_, err = r.Accept(ctx, aloft.Run{
		EnvironmentKey: e.EnvironmentKey, Operation: operation, Trigger: trigger, Actor: "aloft", Title: why,
	})
	if aloft.ErrorCode(err) == aloft.CodeConflict {
		return false, nil // a push came first, and settles it
	}
	return err == nil, err
}

// Sweep wakes the reconciler of everything there is, and of every branch that
// has no environment yet. It runs at start and on a timer: what an event
// missed, it finds.
func (r *Reconciler) Sweep(ctx context.Context) error {
	environments, err := r.store.Environments(ctx, aloft.EnvironmentFilter{})
	if err != nil {
		return err
	}
	known := map[aloft.EnvironmentKey]bool{}
	for _, environment := range environments {
		known[environment.EnvironmentKey] = true
		err = errors.Join(err, r.warn(ctx, environment), r.measure(ctx, environment), r.store.Wake(ctx, environment.EnvironmentKey))
	}
	projects, listErr := r.store.Projects(ctx)
	err = errors.Join(err, listErr)
	for _, project := range projects {
		err = errors.Join(err, r.sweepBranches(ctx, project.Name, known))
	}
	return err
}

func (r *Reconciler) sweepBranches(ctx context.Context, project string, known map[aloft.EnvironmentKey]bool) error {
	branches, err := r.pipeline.Repository(project).Branches(ctx, aloft.BranchPrefix)
	if err != nil {
		return err
	}
	for branch, revision := range branches {
		name, nameErr := aloft.EnvironmentOfBranch(branch)
		key := aloft.EnvironmentKey{Project: project, Environment: name}
		if nameErr != nil || known[key] {
			continue
		}
		_, acceptErr := r.Accept(ctx, aloft.Run{
			EnvironmentKey: key, Operation: aloft.OperationUp, Trigger: aloft.TriggerDrift,
			Actor: "aloft", Revision: revision, Title: "the branch had no environment",
		})
		if aloft.ErrorCode(acceptErr) != aloft.CodeConflict {
			err = errors.Join(err, acceptErr)
		}
	}
	return err
}

// expiryWarning is how long before its end an environment says so.
const expiryWarning = 2 * time.Hour

// warn notes in the environment's record that its time is nearly up.
func (r *Reconciler) warn(ctx context.Context, e aloft.Environment) error {
	const expires = "expires at "
	left := e.ExpiresAt.Sub(r.now())
	near := !e.ExpiresAt.IsZero() && left <= expiryWarning && left > 0
	if near == strings.HasPrefix(e.Reason, expires) || near && e.Reason != "" {
		return nil
	}
	_, err := r.store.UpdateEnvironment(ctx, e.EnvironmentKey, func(u *aloft.Environment) error {
		switch {
		case near && u.Reason == "":
			u.Reason = expires + u.ExpiresAt.Format(time.RFC3339) + " unless pushed again"
		case !near && strings.HasPrefix(u.Reason, expires):
			u.Reason = ""
		}
		return nil
	})
	return err
}

// measureAfter measures what a run may have changed.
func (r *Reconciler) measureAfter(ctx context.Context, run aloft.Run) error {
	environment, err := r.store.Environment(ctx, run.EnvironmentKey)
	if aloft.ErrorCode(err) == aloft.CodeNotFound || environment.Status == aloft.EnvironmentDestroyed {
		return nil
	}
	if err != nil {
		return err
	}
	return r.measure(ctx, environment)
}

// measure notes the environment's size on disk, when it has changed.
func (r *Reconciler) measure(ctx context.Context, e aloft.Environment) error {
	if r.pipeline.Size == nil {
		return nil
	}
	size, err := r.pipeline.Size(ctx, e.EnvironmentKey)
	if err != nil || size == e.SizeBytes {
		return err
	}
	_, err = r.store.UpdateEnvironment(ctx, e.EnvironmentKey, func(u *aloft.Environment) error {
		u.SizeBytes = size
		return nil
	})
	return err
}

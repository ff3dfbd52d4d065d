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
	now := r.now() // one instant for all that is compared: a clock may be set meanwhile
	agreed, branch, err := r.agree(ctx, environment, now)
	if err != nil {
		return false, err
	}
	if !agreed {
		return false, r.keepServing(ctx, environment)
	}
	if waiting, err := r.waiting(ctx, key); err != nil || waiting {
		return false, err
	}
	if environment.Status.Busy() && environment.Revision == "" {
		return false, r.abandon(ctx, key)
	}
	if environment.Status.Busy() {
		return r.request(ctx, environment, aloft.Run{Operation: aloft.OperationRepair, Trigger: aloft.TriggerDrift, Title: "an interrupted run left it " + string(environment.Status)})
	}
	if expired(environment, now) {
		return r.request(ctx, environment, aloft.Run{Operation: aloft.OperationDestroy, Trigger: aloft.TriggerExpiry, Title: "its time was up"})
	}
	if branch != "" && branch != environment.Revision {
		behind, err := r.behind(ctx, key)
		if err != nil {
			return false, err
		}
		if !behind {
			return r.request(ctx, environment, aloft.Run{Operation: aloft.OperationUp, Trigger: aloft.TriggerDrift, Revision: branch, Title: "the branch is not at what runs"})
		}
	}
	return r.compare(ctx, environment)
}

// keepServing starts again what ran, and no more, while nothing is done otherwise.
func (r *Reconciler) keepServing(ctx context.Context, e aloft.Environment) error {
	if r.pipeline.Local == nil || e.Revision == "" {
		return nil
	}
	_, _, err := r.pipeline.Local.Reconcile(ctx, e.EnvironmentKey)
	return err
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

// behind reports whether what runs is behind the branch on purpose: since a
// rollback.
func (r *Reconciler) behind(ctx context.Context, key aloft.EnvironmentKey) (bool, error) {
	runs, err := r.store.Runs(ctx, aloft.RunFilter{
		Project: key.Project, Environment: key.Environment, Statuses: []aloft.RunStatus{aloft.RunSucceeded},
	})
	for _, run := range runs {
		if run.Operation == aloft.OperationRollback || run.Operation == aloft.OperationUp {
			return run.Operation == aloft.OperationRollback, err
		}
	}
	return false, err
}

// lostState reports whether Aloft should have the state of an environment of local
// resources and has not: those can be made again. Any other is a disagreement.
func (p *Pipeline) lostState(ctx context.Context, key aloft.EnvironmentKey) (bool, error) {
	before, err := p.applied(key)
	if err != nil || p.States == nil || before.Last.Revision == "" || !before.Last.keptHere() || !before.local() {
		return false, err
	}
	newest, err := p.newestState(ctx, key)
	return err == nil && newest.Version == 0, err
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
	unmade, err := r.pipeline.unmade(ctx, key)
	if err != nil {
		return false, err
	}
	broken = append(broken, unmade...)
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
	return r.request(ctx, environment, aloft.Run{Operation: aloft.OperationRepair, Trigger: aloft.TriggerDrift, Title: strings.Join(differences, "; ")})
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
func (r *Reconciler) bringBack(ctx context.Context, j journey, starting *span) {
	first := r.firstLook(j.run.EnvironmentKey) // from this run on, what dies is drift
	if r.pipeline.Local == nil || j.environment.Revision == "" || !first {
		return
	}
	back := starting.begin("bring back", "what ran before the server was stopped")
	_, _, err := r.pipeline.Local.Reconcile(ctx, j.run.EnvironmentKey)
	back.ended(err)
	if err != nil {
		j.recorder.voice.detail("what ran before the restart does not come back: %s", err)
	}
}

func (r *Reconciler) waiting(ctx context.Context, key aloft.EnvironmentKey) (bool, error) {
	runs, err := r.store.Runs(ctx, aloft.RunFilter{
		Project: key.Project, Environment: key.Environment, Statuses: []aloft.RunStatus{aloft.RunWaiting}, Limit: 1,
	})
	return len(runs) > 0, err
}

// pauseAfter is how long a difference is left alone after a run that was to heal
// it: one that failed will fail again, one that ended well and healed nothing
// must not be repeated without end.
func pauseAfter(run aloft.Run, why string) time.Duration {
	switch {
	case run.Status != aloft.RunSucceeded:
		return repairAgainAfter
	case run.Title == why:
		return time.Minute
	}
	return 0
}

// request asks for a run, unless the same one has failed a moment ago.
func (r *Reconciler) request(ctx context.Context, e aloft.Environment, run aloft.Run) (bool, error) {
	runs, err := r.store.Runs(ctx, aloft.RunFilter{Project: e.Project, Environment: e.EnvironmentKey.Environment, Limit: 10})
	if err != nil {
		return false, err
	}
	runs = slices.DeleteFunc(runs, func(run aloft.Run) bool { return run.Operation == aloft.OperationPlan })
	if len(runs) > 0 && runs[0].Operation == run.Operation && r.now().Sub(runs[0].FinishedAt) < pauseAfter(runs[0], run.Title) {
		return false, nil
	}
	run.EnvironmentKey, run.Actor = e.EnvironmentKey, "aloft"
	_, err = r.Accept(ctx, run)
	if aloft.ErrorCode(err) == aloft.CodeConflict {
		return false, nil // a push came first, and settles it
	}
	return err == nil, err
}

// Sweep wakes the reconciler of everything there is. It runs at start and on a
// timer: what an event missed, it finds.
func (r *Reconciler) Sweep(ctx context.Context) error {
	environments, err := r.store.Environments(ctx, aloft.EnvironmentFilter{})
	if err != nil {
		return err
	}
	for _, environment := range environments {
		err = errors.Join(err, r.warn(ctx, environment), r.measure(ctx, environment), r.store.Wake(ctx, environment.EnvironmentKey))
	}
	projects, listErr := r.store.Projects(ctx)
	if err = errors.Join(err, listErr); err != nil {
		return err
	}
	for _, project := range projects {
		err = errors.Join(err, r.letGoOfEnded(ctx, project.Name))
	}
	unrecorded, failed := r.Unrecorded(ctx)
	r.tellUnrecorded(unrecorded)
	return errors.Join(err, failed, r.prune(ctx, projects))
}

// tellUnrecorded tells of what is not in the records, once.
func (r *Reconciler) tellUnrecorded(unrecorded []aloft.EnvironmentKey) {
	for _, key := range unrecorded {
		if r.told[key] {
			continue
		}
		r.told[key] = true
		r.logger.Warn("the repository tells of an environment that the records do not know: nothing is made; to make it: aloft up "+key.Environment,
			"project", key.Project, "branch", key.Branch())
	}
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

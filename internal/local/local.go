package local

import (
	"context"
	"fmt"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/supervise"
)

// Deploy makes an artifact the active release of its app. New processes start
// beside the old ones and get the route when all of them answer; then the old
// ones finish what they began, in the background, and stop. When the same
// release runs already nothing is done and skipped is true.
//
// A release that does not answer is CodeFailed: the log shows its last lines, it
// is recorded as failed, nothing of it is left, and the release before keeps
// serving. Without a slot it is CodeNotFound, when ctx ends CodeCanceled.
func (l *Target) Deploy(ctx context.Context, r Request) (release aloft.Release, skipped bool, err error) {
	unlock, err := l.busy.lock(ctx, r.Key)
	if err != nil {
		return aloft.Release{}, false, err
	}
	defer unlock()
	x, err := l.launchOf(ctx, r.releaseOf(), r.Log)
	if err != nil {
		return aloft.Release{}, false, err
	}
	x.timing = r.Timing
	releases, err := l.options.Store.Releases(ctx, r.Key)
	if err != nil {
		return aloft.Release{}, false, err
	}
	if before, ok := active(releases, x.App); ok && !r.Force && l.unchanged(before, x) {
		return before, true, nil
	}
	slots, err := l.options.Store.Slots(ctx, r.Key)
	if err != nil {
		return aloft.Release{}, false, err
	}
	x.release.Number = nextNumber(releases, x.App)
	next, err := l.start(ctx, x)
	if err != nil {
		return l.recordFailure(ctx, x, err)
	}
	recording := r.Timing.Begin("record", "the release")
	err = l.record(ctx, next)
	recording(err)
	if err != nil {
		l.stop(context.WithoutCancel(ctx), next.processes(), failedGrace)
		return aloft.Release{}, false, err
	}
	return next.release, false, l.swap(context.WithoutCancel(ctx), next, slots)
}

// record adds a release that answers to the records.
func (l *Target) record(ctx context.Context, next *running) error {
	next.release.Status = aloft.ReleaseActive
	recorded, err := l.options.Store.AddRelease(ctx, next.release)
	if err != nil {
		return fmt.Errorf("cannot record the release of %s: %w", next.App, err)
	}
	next.release = recorded
	return nil
}

// recordFailure adds a release that does not answer to the records, unless
// somebody stopped it.
func (l *Target) recordFailure(ctx context.Context, x launch, cause error) (aloft.Release, bool, error) {
	if isCanceled(cause) || ctx.Err() != nil {
		return aloft.Release{}, false, cause
	}
	x.release.Status, x.release.Reason = aloft.ReleaseFailed, cause.Error()
	recorded, err := l.options.Store.AddRelease(ctx, x.release)
	if err != nil {
		return aloft.Release{}, false, fmt.Errorf("%w (and it could not be recorded: %w)", cause, err)
	}
	if old := l.present(x.place); old != nil {
		x.say("release %d keeps serving", old.release.Number)
	}
	return recorded, false, cause
}

// swap gives the routes of an app to what was started, and retires what ran.
// When that does not work what ran goes on.
func (l *Target) swap(ctx context.Context, next *running, slots []aloft.Slot) error {
	old := l.setPresent(next.place, next)
	swapping := next.timing.Begin("swap", "the route")
	changes, err := l.route(next.EnvironmentKey, slots)
	swapping(err)
	if err != nil {
		l.setPresent(next.place, old)
		l.stop(ctx, next.processes(), failedGrace)
		return err
	}
	if old != nil {
		l.retire(old, retired(changes), next.timing)
	}
	return nil
}

// unchanged reports whether x is what runs already, whole and with its routes.
func (l *Target) unchanged(before aloft.Release, x launch) bool {
	r := l.present(x.place)
	if r == nil || r.release.Number != before.Number || !r.hasFolder() {
		return false
	}
	if before.Artifact.ID != x.release.Artifact.ID || before.SlotKey != x.release.SlotKey || specKey(before.Spec) != specKey(x.app()) {
		return false
	}
	states := l.states(x.EnvironmentKey)
	for _, process := range r.processes() {
		if states[nameOf(process.Spec())].State != supervise.StateRunning {
			return false
		}
	}
	return l.isRouted(r)
}

package local

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/supervise"
)

// What is expected of processes that die.
const (
	crashes    = 3               // so often they may, until they are not expected to recover
	revivalMax = 2 * time.Second // so long Reconcile waits for those which are
)

// Difference is something that was not as it should be.
type Difference struct {
	App    string // "" = the environment as a whole
	What   string // what differed
	Did    string // what was done about it
	Healed bool   // it is now as it should be
}

// String writes the difference for people.
func (d Difference) String() string {
	text := d.What
	if d.App != "" {
		text = d.App + ": " + text
	}
	if d.Did != "" {
		text += ": " + d.Did
	}
	return text
}

// Reconcile makes what runs of an environment what should run: the active
// release of every app that Terraform has made a slot for, with its routes.
// After a start of the server that is everything. It returns each difference
// with what became of it; one that could not be healed is a difference as well,
// not an error. Processes that died and were started again are reported once.
func (l *Target) Reconcile(ctx context.Context, key aloft.EnvironmentKey) ([]Difference, error) {
	if err := key.Validate(); err != nil {
		return nil, err
	}
	unlock, err := l.busy.lock(ctx, key)
	if err != nil {
		return nil, err
	}
	defer unlock()
	slots, err := l.options.Store.Slots(ctx, key)
	if err != nil {
		return nil, err
	}
	releases, err := l.options.Store.Releases(ctx, key)
	if err != nil {
		return nil, err
	}
	differences := l.removeStrays(ctx, key, slots, releases)
	found, replaced := l.reconcileApps(ctx, key, slots, releases)
	differences = append(differences, found...)
	changes, err := l.route(key, slots)
	for _, old := range replaced {
		l.retire(old, retired(changes), nil)
	}
	differences = append(differences, explain(changes, differences)...)
	if ctx.Err() != nil {
		return differences, aloft.Errorf(aloft.CodeCanceled, "stopped comparing %s: %w", key, context.Cause(ctx))
	}
	return differences, err
}

// removeStrays stops what runs without a slot or a release to run for.
func (l *Target) removeStrays(ctx context.Context, key aloft.EnvironmentKey, slots []aloft.Slot, releases []aloft.Release) []Difference {
	apps := map[string]bool{}
	for _, process := range l.options.Supervisor.Processes(key) {
		apps[process.App] = true
	}
	for _, r := range l.presentIn(key) {
		apps[r.App] = true
	}
	var differences []Difference
	for _, app := range slices.Sorted(maps.Keys(apps)) {
		_, hasRelease := active(releases, app)
		hasSlot := slices.ContainsFunc(slots, func(s aloft.Slot) bool { return s.App == app })
		if hasSlot && hasRelease {
			continue
		}
		l.takeDown(ctx, key, app, slots)
		differences = append(differences, Difference{app, "it ran, although Terraform has no place for it", "stopped", true})
	}
	return differences
}

// reconcileApps looks at all apps at the same time. It returns what it replaced
// as well, which still has the routes.
func (l *Target) reconcileApps(ctx context.Context, key aloft.EnvironmentKey, slots []aloft.Slot, releases []aloft.Release) ([]Difference, []*running) {
	states := l.settled(ctx, key)
	found, replaced := make([][]Difference, len(slots)), make([]*running, len(slots))
	var group sync.WaitGroup
	for i, slot := range slots {
		if release, ok := active(releases, slot.App); ok {
			group.Go(func() { found[i], replaced[i] = l.reconcileApp(ctx, release, states) })
		}
	}
	group.Wait()
	return slices.Concat(found...), slices.DeleteFunc(replaced, func(r *running) bool { return r == nil })
}

func (l *Target) reconcileApp(ctx context.Context, release aloft.Release, states states) ([]Difference, *running) {
	r := l.present(place{release.EnvironmentKey, release.App})
	if !isFolder(release.Artifact.Dir) {
		gone := fmt.Sprintf("the artifact of release %d is gone", release.Number)
		return []Difference{{App: release.App, What: gone, Did: "it has to be built again"}}, nil
	}
	what := missing(r, release, states)
	if what == "" {
		return l.takeDeaths(r, states), nil
	}
	difference := Difference{App: release.App, What: what, Did: "started", Healed: true}
	old, err := l.startAgain(ctx, release)
	if err != nil {
		difference.Did, difference.Healed = "it could not be started: "+err.Error(), false
	}
	return []Difference{difference}, old
}

// missing tells what a release that should run lacks, "" for nothing.
func missing(r *running, release aloft.Release, states states) string {
	if r == nil {
		return fmt.Sprintf("release %d did not run", release.Number)
	}
	if r.release.Number != release.Number {
		return fmt.Sprintf("release %d ran instead of %d", r.release.Number, release.Number)
	}
	if static := r.static(); !r.hasFolder() || static != "" && !isFolder(static) {
		return "its folder was gone"
	}
	var gone []string
	for _, process := range r.processes() {
		if _, ok := states[nameOf(process.Spec())]; !ok {
			gone = append(gone, process.Spec().Name())
		}
	}
	if len(gone) > 0 {
		return strings.Join(gone, ", ") + " did not run"
	}
	return ""
}

// startAgain starts a recorded release in the place of what is left of it,
// which it returns.
func (l *Target) startAgain(ctx context.Context, release aloft.Release) (old *running, err error) {
	x, err := l.launchOf(ctx, release, io.Discard)
	if err != nil {
		return nil, err
	}
	next, err := l.start(ctx, x)
	if err != nil {
		return nil, err
	}
	return l.setPresent(next.place, next), nil
}

// takeDeaths reports the processes that died since the last time. One that
// keeps dying is not healed by starting it again.
func (l *Target) takeDeaths(r *running, states states) []Difference {
	l.mu.Lock()
	deaths := l.deaths[r.place]
	delete(l.deaths, r.place)
	l.mu.Unlock()
	var differences []Difference
	for _, process := range r.processes() {
		name := process.Spec().Name()
		death, died := deaths[name]
		status := states[nameOf(process.Spec())]
		difference := Difference{App: r.App, Did: "started again", Healed: true}
		switch {
		case status.State == supervise.StateBackingOff && status.Restarts >= crashes:
			difference.What, difference.Did = fmt.Sprintf("%s keeps ending (%s)", name, process.Exit()), "it is started again after a pause"
			difference.Healed = false
		case died && death.count > 1:
			difference.What = fmt.Sprintf("%s ended %d times, at last: %s", name, death.count, death.exit)
		case died:
			difference.What = fmt.Sprintf("%s ended: %s", name, death.exit)
		default:
			continue
		}
		differences = append(differences, difference)
	}
	return differences
}

// explain turns changed routes into differences, but for those of apps that
// differed themselves.
func explain(changes []routeChange, known []Difference) []Difference {
	var differences []Difference
	for _, change := range changes {
		explained := slices.ContainsFunc(known, func(d Difference) bool { return d.App == change.app })
		switch {
		case change.app == "":
			differences = append(differences, Difference{"", "route " + change.host + " led nowhere", "removed", true})
		case !explained:
			differences = append(differences, Difference{change.app, "route " + change.host + " did not lead to it", "installed", true})
		}
	}
	return differences
}

// states tells how the processes of an environment are; those that were
// stopped are not in it.
type states map[processName]supervise.Status

type processName struct {
	app, process string
	instance     int
	release      int64
}

func nameOf(spec supervise.Spec) processName {
	return processName{spec.App, spec.Process, spec.Instance, spec.Release}
}

// settled returns how processes are when those that died a moment ago have been
// started again.
func (l *Target) settled(ctx context.Context, key aloft.EnvironmentKey) states {
	limit := time.NewTimer(revivalMax)
	defer limit.Stop()
	states := l.states(key)
	for _, r := range l.presentIn(key) {
		for states.recovering(r) {
			select {
			case <-r.revived:
			case <-limit.C:
				return l.states(key)
			case <-ctx.Done():
				return states
			}
			states = l.states(key)
		}
	}
	return states
}

// recovering reports whether a process of r is about to be started again.
func (s states) recovering(r *running) bool {
	return slices.ContainsFunc(r.processes(), func(p *supervise.Process) bool {
		status := s[nameOf(p.Spec())]
		return status.State == supervise.StateBackingOff && status.Restarts < crashes
	})
}

func (l *Target) states(key aloft.EnvironmentKey) states {
	found := states{}
	for _, status := range l.options.Supervisor.Processes(key) {
		found[nameOf(status.Spec)] = status
	}
	return found
}

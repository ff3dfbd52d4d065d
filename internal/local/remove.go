package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/aloft-dev/aloft"
)

// RemoveAll removes all that an environment has here: routes, processes, slots,
// group, releases, private folders and logs. It may be called again when it
// did not succeed, and when there is nothing to remove.
func (l *Target) RemoveAll(ctx context.Context, key aloft.EnvironmentKey) error {
	if err := key.Validate(); err != nil {
		return err
	}
	unlock, err := l.busy.lock(ctx, key)
	if err != nil {
		return err
	}
	defer unlock()
	groupErr := l.clear(ctx, key)
	l.removeContainers(ctx, key)
	err = errors.Join(
		groupErr,
		l.options.Store.DeleteReleases(ctx, key),
		l.options.Supervisor.DeleteLogs(key),
		l.removePrivateDir(key),
	)
	if err != nil {
		return fmt.Errorf("cannot remove all of %s: %w", key, err)
	}
	return nil
}

// Withdraw takes out an app that nothing can take the place of: its release is
// recorded as failed or retired for this reason, and its routes and processes end. Its
// slot stays. What cannot be recorded ends all the same.
func (l *Target) Withdraw(ctx context.Context, key aloft.EnvironmentKey, app string, as aloft.ReleaseStatus, reason string) error {
	unlock, err := l.busy.lock(ctx, key)
	if err != nil {
		return err
	}
	defer unlock()
	err = l.options.Store.WithdrawRelease(ctx, key, app, as, reason)
	slots, slotsErr := l.options.Store.Slots(ctx, key)
	l.takeDown(ctx, key, app, slots)
	return errors.Join(err, slotsErr)
}

// takeDown ends the routes of an app, or of all apps with "", and stops their
// processes, those that are being drained included. slots are those that stay.
func (l *Target) takeDown(ctx context.Context, key aloft.EnvironmentKey, app string, slots []aloft.Slot) {
	var taken []*running
	for _, r := range l.presentIn(key) {
		if app == "" || r.App == app {
			taken = append(taken, r)
			l.setPresent(r.place, nil)
		}
	}
	if _, err := l.route(key, slots); err != nil {
		l.options.Logger.Warn("a route could not be changed", "project", key.Project, "environment", key.Environment, "error", err)
	}
	l.options.Supervisor.Stop(ctx, key, app, l.options.StopGrace)
	for _, r := range taken {
		l.stop(ctx, r.processes(), l.options.StopGrace)
	}
}

func (l *Target) removePrivateDir(key aloft.EnvironmentKey) error {
	private := l.privateDir(key)
	err := aloft.RemoveFolder(private)
	_ = os.Remove(filepath.Dir(private))               // works when it was the last of the environment
	_ = os.Remove(filepath.Dir(filepath.Dir(private))) // and of the project
	return err
}

// Remains lists what is left of an environment, by looking: routes, processes,
// records, files. Nothing is the proof that it is gone.
func (l *Target) Remains(ctx context.Context, key aloft.EnvironmentKey) ([]string, error) {
	var left []string
	for _, route := range l.options.Proxy.Routes() {
		if l.ownHost(key, route.Host) {
			left = append(left, "route "+route.Host)
		}
	}
	for _, pid := range l.options.Supervisor.Leftovers(key) {
		left = append(left, fmt.Sprintf("process %d", pid))
	}
	for _, name := range l.containers(ctx, key) {
		left = append(left, "container "+name)
	}
	records, err := l.records(ctx, key)
	if err != nil {
		return nil, err
	}
	left = append(left, records...)
	if _, err := os.Lstat(l.privateDir(key)); err == nil {
		left = append(left, "files in "+l.privateDir(key))
	}
	return left, nil
}

func (l *Target) records(ctx context.Context, key aloft.EnvironmentKey) ([]string, error) {
	var left []string
	group, err := l.hasGroup(ctx, key)
	slots, slotsErr := l.options.Store.Slots(ctx, key)
	releases, releasesErr := l.options.Store.Releases(ctx, key)
	if err := errors.Join(err, slotsErr, releasesErr); err != nil {
		return nil, err
	}
	if group {
		left = append(left, "the record of local environment "+key.String())
	}
	for _, slot := range slots {
		left = append(left, "the record of app "+slot.App)
	}
	if len(releases) > 0 {
		left = append(left, "the records of "+count(len(releases), "release", "releases"))
	}
	return left, nil
}

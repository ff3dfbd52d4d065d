package local

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/aloft-dev/aloft"
)

// launch is all that starting a release takes.
type launch struct {
	place
	slot    aloft.Slot
	release aloft.Release // as it will be recorded, or as it was
	log     io.Writer
	timing  aloft.Timing
}

// app is the app as it was, or is to be, released.
func (x launch) app() aloft.App { return x.release.Spec }

func (x launch) say(format string, args ...any) { fmt.Fprintf(x.log, format+"\n", args...) }

// webCommand is the command of the processes that have the route; empty when
// the app is static, or has none.
func (x launch) webCommand() aloft.Command {
	if x.slot.Command != "" {
		return aloft.Command{Args: []string{"sh", "-c", x.slot.Command}}
	}
	return x.app().Start
}

// static is the folder that is served, "" when the app has processes for that.
func (x launch) static() string {
	if x.slot.Command != "" || x.app().Static.Value == "" {
		return ""
	}
	return filepath.Join(x.release.Artifact.Dir, filepath.FromSlash(x.app().Static.Value))
}

// instances is how many processes share the route.
func (x launch) instances() int {
	switch {
	case x.static() != "":
		return 0
	case x.webCommand().Empty() && !x.docker():
		return 0
	}
	return max(1, x.slot.Instances)
}

func (x launch) healthPath() string {
	if x.slot.HealthPath != "" {
		return x.slot.HealthPath
	}
	return x.app().Health.Value
}

func (x launch) healthTime() time.Duration {
	if x.app().HealthTime > 0 {
		return x.app().HealthTime
	}
	return time.Minute
}

// check finds what would make a start fail, before anything is started.
func (x launch) check() error {
	if x.instances() == 0 && x.static() == "" && len(x.app().Processes) == 0 {
		return aloft.Errorf(aloft.CodeInvalid, "cannot start %s: it has no start command", x.App).
			WithHint("set apps.%s.start in aloft.yaml, or command of its aloft_app", x.App)
	}
	folder := x.release.Artifact.Dir
	if _, err := os.Stat(folder); err != nil {
		return aloft.Errorf(aloft.CodeNotFound, "cannot start %s: its artifact is gone: %w", x.App, err).
			WithHint("push its commit again to build it")
	}
	if static := x.static(); static != "" {
		if info, err := os.Stat(static); err != nil || !info.IsDir() {
			return aloft.Errorf(aloft.CodeNotFound, "cannot serve %s: its build made no folder %q", x.App, x.app().Static.Value).
				WithHint("set apps.%s.static in aloft.yaml to the folder that the build makes", x.App)
		}
	}
	return nil
}

// launchOf prepares the start of a recorded or of a future release in its slot.
func (l *Target) launchOf(ctx context.Context, release aloft.Release, log io.Writer) (launch, error) {
	p := place{release.EnvironmentKey, release.App}
	slot, err := l.options.Store.Slot(ctx, p.EnvironmentKey, p.App)
	if aloft.ErrorCode(err) == aloft.CodeNotFound {
		return launch{}, aloft.Errorf(aloft.CodeNotFound, "there is no place for %s in %s: Terraform has not made its aloft_app: %w", p.App, p.EnvironmentKey, err).
			WithHint("add `resource \"aloft_app\" %q` to terraform/, and name it in output \"apps\"", p.App)
	}
	if err != nil {
		return launch{}, err
	}
	if log == nil {
		log = io.Discard
	}
	release.SlotKey = slotKey(slot)
	return launch{place: p, slot: slot, release: release, log: log}, nil
}

// releaseOf is the release that a request will become.
func (r Request) releaseOf() aloft.Release {
	return aloft.Release{
		EnvironmentKey: r.Key, App: r.App.Name, RunID: r.RunID, Revision: r.Revision, Artifact: r.Artifact, Spec: r.App,
	}
}

// slotKey digests what processes depend on.
func slotKey(slot aloft.Slot) string {
	slot.EnvironmentKey, slot.App, slot.URL = aloft.EnvironmentKey{}, "", ""
	slot.Instances = max(1, slot.Instances)
	return digest(slot)
}

// specKey digests what of an app its processes depend on: not how it was built,
// nor the line that says how it starts.
func specKey(app aloft.App) string {
	processes := map[string][]string{}
	for name, command := range app.Processes {
		processes[name] = command.Args
	}
	return digest([]any{
		app.Runtime.Value, app.Start.Args, processes, app.Static.Value, app.Health.Value, app.HealthTime, app.Variables,
	})
}

// digest is equal for equal values: JSON has the keys of maps in order.
func digest(value any) string {
	data, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("cannot digest %T: %v", value, err)) // only of types that cannot be JSON
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// active returns the release of an app that should run; ok is false without one.
func active(releases []aloft.Release, app string) (aloft.Release, bool) {
	i := slices.IndexFunc(releases, func(r aloft.Release) bool {
		return r.App == app && r.Status == aloft.ReleaseActive
	})
	if i < 0 {
		return aloft.Release{}, false
	}
	return releases[i], true
}

// nextNumber is the number that the store will give to the next release.
func nextNumber(releases []aloft.Release, app string) int64 {
	next := int64(1)
	for _, release := range releases {
		if release.App == app {
			next = max(next, release.Number+1)
		}
	}
	return next
}

// isCanceled reports whether an error only says that somebody stopped it.
func isCanceled(err error) bool {
	return errors.Is(err, context.Canceled) || aloft.ErrorCode(err) == aloft.CodeCanceled
}

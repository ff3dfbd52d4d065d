package azure

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aloft-dev/aloft"
)

// How a new revision is judged while it starts.
const (
	startTime = 16 * time.Minute // Azure gives up after 15
	crashTime = 20 * time.Second // until it is looked whether it starts again and again
	mostStart = 3                // starts of a container that does not answer
	lookPause = 2 * time.Second  // between two looks at a revision
)

// await waits until a revision answers as a healthy app does at its own host
// name, and the operation that made it has ended: its success says nothing of the
// container, and while it lasts nothing else can be changed.
func (a *containerApp) await(ctx context.Context, name string, begun *operation) error {
	w := waiting{containerApp: a, name: name, operation: begun, began: a.options.Clock.Now()}
	for {
		done, err := w.look(ctx)
		if done || err != nil {
			return err
		}
		if err := a.options.Clock.Sleep(ctx, lookPause); err != nil {
			return err
		}
	}
}

// waiting is one wait for a revision.
type waiting struct {
	*containerApp
	name      string
	operation *operation
	began     time.Time
	placed    time.Time // since when its containers are in place
	status    int       // of its last answer; 0 = none yet
	answers   bool
	told      string    // the state that was told last
	missing   time.Time // since when the revision is not found although its making has ended
	losses    int       // looks in a row that got no answer
}

// look asks everybody once.
func (w *waiting) look(ctx context.Context) (done bool, err error) {
	ended, operationError := w.operation.look(ctx)
	var seen revision
	_, err = w.client.send(ctx, w.at("/revisions/"+w.name, "read revision "+w.name), &seen)
	switch {
	case isLost(err) && w.losses < mostLosses:
		w.losses++
		return false, w.late()
	case hasStatus(err, http.StatusNotFound):
		return false, w.absent(ended, operationError)
	case err != nil:
		return false, err
	}
	w.losses, w.missing = 0, time.Time{}
	w.tell(seen)
	if seen.verdict() == verdictFailed {
		return false, w.broken(seen)
	}
	if operationError != nil {
		return false, operationError
	}
	if !w.answers {
		if err := w.ask(ctx, seen); err != nil {
			return false, err
		}
	}
	return w.answers && ended, w.late()
}

// absent is a revision that is not found: it may come, but not for ever after
// the operation that made it has ended.
func (w *waiting) absent(ended bool, operationError error) error {
	now := w.options.Clock.Now()
	switch {
	case operationError != nil:
		return operationError
	case ended && w.missing.IsZero():
		w.missing = now
	case ended && now.Sub(w.missing) >= settleTime:
		return aloft.Errorf(aloft.CodeFailed, "%s does not start: Azure took the change, but there is no revision %s", w.App.Name, shortName(w.name)).
			WithHint("push again")
	}
	return w.late()
}

// tell says in which state the revision is, when that has changed.
func (w *waiting) tell(seen revision) {
	p := seen.Properties
	state := strings.ToLower(strings.Trim(p.Provisioning+", "+p.Running, ", "))
	if state != "" && state != w.told && !w.answers {
		w.told = state
		w.say("revision %s: %s", shortName(w.name), state)
	}
}

func (w *waiting) ask(ctx context.Context, seen revision) error {
	state := seen.verdict()
	if state != verdictReady && state != verdictRunning || seen.Properties.Host == "" {
		return nil
	}
	if w.placed.IsZero() {
		w.placed = w.options.Clock.Now()
	}
	status, _ := w.Target.ask(ctx, w.Request, "https://"+seen.Properties.Host)
	w.status = cmp.Or(status, w.status)
	// A revision that does not run is answered for by Azure, with 404.
	if w.healthy(status) && (status != http.StatusNotFound || state == verdictRunning && w.isReady(ctx)) {
		w.answers = true
		w.say("revision %s answers GET %s after %s", shortName(w.name), w.question(), aloft.Seconds(w.options.Clock.Now().Sub(w.began)))
		return nil
	}
	return w.crashes(ctx)
}

// crashes looks whether the containers of the revision start again and again.
func (w *waiting) crashes(ctx context.Context) error {
	if w.options.Clock.Now().Sub(w.began) < crashTime {
		return nil
	}
	replicas, err := w.replicas(ctx, w.name)
	if err != nil {
		return nil // it says nothing of the app
	}
	for _, c := range containersOf(replicas) {
		if c.Restarts >= mostStart {
			return aloft.Errorf(aloft.CodeFailed, "%s does not start: its container has ended %d times", w.App.Name, c.Restarts).
				WithHint("its last lines are above")
		}
	}
	return nil
}

// isReady reports whether a container of the revision passes its probes.
func (w *waiting) isReady(ctx context.Context) bool {
	replicas, err := w.replicas(ctx, w.name)
	return err == nil && slices.ContainsFunc(containersOf(replicas), func(c container) bool { return c.Ready })
}

// late ends a wait that takes too long.
func (w *waiting) late() error {
	now := w.options.Clock.Now()
	switch {
	case w.answers && now.Sub(w.began) < startTime:
		return nil
	case !w.answers && !w.placed.IsZero() && now.Sub(w.placed) >= w.patience():
		return w.unanswered(w.patience())
	case now.Sub(w.began) >= startTime:
		return w.unanswered(startTime)
	}
	return nil
}

func (w *waiting) unanswered(after time.Duration) error {
	if w.status != 0 {
		return aloft.Errorf(aloft.CodeFailed, "%s is not healthy: revision %s answers GET %s with status %d, for %s",
			w.App.Name, shortName(w.name), w.question(), w.status, after).WithHint("%s", w.healthHint())
	}
	return aloft.Errorf(aloft.CodeFailed, "%s does not start: revision %s did not answer GET %s within %s", w.App.Name, shortName(w.name), w.question(), after).
		WithHint("it must listen on 0.0.0.0 at the port in the variable PORT%s; if it needs longer, set apps.%s.health.timeout in aloft.yaml", w.port(), w.App.Name)
}

func (r Request) healthHint() string {
	if r.App.Health.Value == "" {
		return fmt.Sprintf("any status below 500 will do; set apps.%s.health in aloft.yaml to ask for another path", r.App.Name)
	}
	return fmt.Sprintf("a status from 200 to 399 is healthy; the path is apps.%s.health in aloft.yaml", r.App.Name)
}

func (a *containerApp) port() string {
	if port, ok := a.state.Properties.Configuration.Ingress["targetPort"].(float64); ok {
		return fmt.Sprintf(" (%d)", int(port))
	}
	return ""
}

// broken is a revision that Azure calls failed.
func (w *waiting) broken(seen revision) error {
	said := cmp.Or(plain(seen.Properties.Error), "Azure gives no reason, its state is "+cmp.Or(seen.Properties.Running, seen.Properties.Provisioning))
	return aloft.Errorf(aloft.CodeFailed, "%s does not start: revision %s: %s", w.App.Name, shortName(w.name), said).
		WithHint("%s", w.brokenHint(strings.ToLower(said)))
}

// brokenHint goes by Azure's words.
func (w *waiting) brokenHint(said string) string {
	switch {
	case strings.Contains(said, "linux/amd64") || strings.Contains(said, "platform") || strings.Contains(said, "exec format"):
		return "Azure runs images for linux/amd64: build it for that platform"
	case isPullError(errors.New(said)):
		return "its identity needs the role AcrPull on the registry, which Terraform gives it; a role counts after up to 5 minutes"
	}
	return "its last lines are above, if it got that far; it must listen on 0.0.0.0 at the port in the variable PORT" + w.port()
}

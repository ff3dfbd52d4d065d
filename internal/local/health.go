package local

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/supervise"
)

// How processes are asked whether they are healthy.
const (
	firstPause = 10 * time.Millisecond
	longPause  = 250 * time.Millisecond
	longAnswer = 10 * time.Second // for one answer
	hintAfter  = 5 * time.Second  // until it is said that a process listens elsewhere
	lastLines  = 20               // of a process that failed are shown
)

// The causes that end waiting for a process from the inside.
var (
	errTooLate = errors.New("it took too long")
	errExited  = errors.New("it ended")
)

// awaitHealthy waits until every process of a release answers. The first that
// fails ends the wait.
func (l *Target) awaitHealthy(ctx context.Context, r *running) error {
	if len(r.web) == 0 {
		return nil
	}
	begin := time.Now()
	group, groupCtx := errgroup.WithContext(ctx)
	for _, process := range r.web {
		group.Go(func() error { return l.await(groupCtx, r.launch, process) })
	}
	err := group.Wait()
	if ctx.Err() != nil {
		return aloft.Errorf(aloft.CodeCanceled, "%s was stopped before it answered: %w", r.App, context.Cause(ctx))
	}
	if err == nil {
		r.say("%s GET %s after %.2f s", count(len(r.web), "process answers", "processes answer"), r.question(), time.Since(begin).Seconds())
	}
	return err
}

// question is the path that a process is asked for.
func (x launch) question() string {
	if path := x.healthPath(); path != "" {
		return path
	}
	return "/"
}

// healthy reports whether a status is an answer of a healthy app.
func (x launch) healthy(status int) bool {
	if x.healthPath() == "" {
		return status < http.StatusInternalServerError
	}
	return status >= 200 && status < 400
}

// await waits until a process answers. When it ends, that is told at once.
func (l *Target) await(ctx context.Context, x launch, p *supervise.Process) error {
	ctx, stopTimer := context.WithTimeoutCause(ctx, x.healthTime(), errTooLate)
	defer stopTimer()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	exited := p.Exited()
	go func() {
		select {
		case <-exited:
			cancel(errExited)
		case <-ctx.Done():
		}
	}()
	w := waiter{launch: x, process: p, begin: time.Now()}
	for pause := firstPause; ; pause = min(pause*3/2, longPause) {
		w.status = l.ask(ctx, x, p.Spec().Port, w.status)
		if w.status != 0 && x.healthy(w.status) && w.own() && ctx.Err() == nil {
			return nil
		}
		w.hint()
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return w.failure(context.Cause(ctx))
		}
	}
}

// ask returns the status that a process answers with, or before when it does not.
func (l *Target) ask(ctx context.Context, x launch, port, before int) int {
	ctx, cancel := context.WithTimeout(ctx, longAnswer)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+localAddress(port)+x.question(), nil)
	if err != nil {
		return before
	}
	request.Host = l.authority(x.place)
	request.Header.Set("User-Agent", "aloft-health")
	response, err := l.probes.Do(request)
	if err != nil {
		return before
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// waiter is one wait for a process.
type waiter struct {
	launch
	process *supervise.Process
	begin   time.Time
	status  int  // of the last answer; 0 = none yet
	hinted  bool // it was said that it listens elsewhere
}

// own reports whether it is this process that answers, as far as that can be
// known: its port might have been taken by another program.
func (w *waiter) own() bool {
	addresses := w.process.Listening()
	return w.docker() || len(addresses) == 0 || slices.ContainsFunc(addresses, w.atPort)
}

func (w *waiter) atPort(address string) bool {
	return strings.HasSuffix(address, ":"+strconv.Itoa(w.process.Spec().Port))
}

// reached reports whether an address is where the process is asked.
func (w *waiter) reached(address string) bool {
	host, _, err := net.SplitHostPort(address)
	return err == nil && w.atPort(address) && slices.Contains([]string{"127.0.0.1", "0.0.0.0", "::"}, host)
}

// hint says early what would otherwise only be known when the time is up.
func (w *waiter) hint() {
	if w.hinted || w.status != 0 || time.Since(w.begin) < hintAfter {
		return
	}
	w.hinted = true
	if elsewhere := w.elsewhere(); elsewhere != "" {
		w.say("%s; still waiting", elsewhere)
	}
}

// elsewhere tells where the process listens instead of at its port, "" if
// that cannot be known.
func (w *waiter) elsewhere() string {
	addresses, port := w.process.Listening(), w.process.Spec().Port
	switch {
	case addresses == nil || w.docker():
		return ""
	case len(addresses) == 0:
		return fmt.Sprintf("%s listens nowhere, and not on $PORT (%d)", w.process.Spec().Name(), port)
	case slices.ContainsFunc(addresses, w.reached):
		return ""
	case slices.ContainsFunc(addresses, w.atPort):
		return fmt.Sprintf("%s listens on %s, where 127.0.0.1:%d does not reach it", w.process.Spec().Name(), strings.Join(addresses, ", "), port)
	}
	return fmt.Sprintf("%s listens on %s, not on $PORT (%d)", w.process.Spec().Name(), strings.Join(addresses, ", "), port)
}

// failure is why the process is not healthy; its last lines go to the log.
func (w *waiter) failure(cause error) error {
	name := w.process.Spec().Name()
	if !errors.Is(cause, errExited) && !errors.Is(cause, errTooLate) {
		return cause
	}
	failed := aloft.Errorf(aloft.CodeFailed, "%s does not start: %s did not answer GET %s on 127.0.0.1:%d within %s",
		w.App, name, w.question(), w.process.Spec().Port, w.healthTime())
	elsewhere := w.elsewhere()
	switch {
	case errors.Is(cause, errExited):
		exit := w.process.Exit()
		failed = aloft.Errorf(aloft.CodeFailed, "%s does not start: %s ended before it answered: %s", w.App, name, exit.Reason).
			WithHint("%s", cmp.Or(exit.Hint, w.confinedHint(w.process.Tail(lastLines)),
				"its last lines are above; `aloft env run` tries a command in the same environment"))
	case w.status != 0 && !w.healthy(w.status):
		failed = aloft.Errorf(aloft.CodeFailed, "%s is not healthy: %s answers GET %s with status %d, for %s",
			w.App, name, w.question(), w.status, w.healthTime()).WithHint("%s", w.healthHint())
	case elsewhere != "":
		failed = aloft.Errorf(aloft.CodeFailed, "%s does not answer: after %s %s", w.App, w.healthTime(), elsewhere).
			WithHint("let it listen on 127.0.0.1 or 0.0.0.0, at the port in the variable PORT")
	default:
		failed = failed.WithHint("it must listen at the port in the variable PORT; if it needs longer, set apps.%s.health.timeout in aloft.yaml", w.App)
	}
	w.showTail()
	return failed
}

func (w *waiter) healthHint() string {
	if w.healthPath() == "" {
		return fmt.Sprintf("any status below 500 will do; set apps.%s.health in aloft.yaml to ask for another path", w.App)
	}
	return fmt.Sprintf("a status from 200 to 399 is healthy; the path is health_path of its aloft_app, or apps.%s.health in aloft.yaml", w.App)
}

func (w *waiter) showTail() { showTail(w.log, w.process) }

// showTail writes the last lines of a process that failed.
func showTail(log io.Writer, p *supervise.Process) {
	lines := p.Tail(lastLines)
	if len(lines) == 0 {
		fmt.Fprintf(log, "%s wrote nothing\n", p.Spec().Name())
		return
	}
	fmt.Fprintf(log, "the last lines of %s:\n", p.Spec().Name())
	for _, line := range lines {
		fmt.Fprintf(log, "  | %s\n", line)
	}
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

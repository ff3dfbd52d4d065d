package web_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/web"
)

// world is what the pages show, and an API that changes it.
type world struct {
	mu           sync.Mutex
	loggedIn     bool
	broken       error
	projects     []aloft.Project
	environments []aloft.Environment
	runs         []aloft.Run // newest first
	steps        map[int64][]aloft.Step
	releases     []aloft.Release
	processes    []web.Process
	plans        map[int64]aloft.Plan
	traces       map[int64]aloft.Trace
	logs         map[int64]string
	appLog       string
	forgotten    int64 // run whose files were removed
	sketch       web.Sketch
	form         url.Values // what was asked for of the sketch
	now          func() time.Time

	events chan string // lines of the event stream
	more   chan string // what the log of a run goes on with; closed = it ends
	called chan string // what the API was asked for
}

func emptyWorld() *world {
	return &world{
		loggedIn: true, now: time.Now, steps: map[int64][]aloft.Step{}, plans: map[int64]aloft.Plan{}, logs: map[int64]string{},
		events: make(chan string, 8), more: make(chan string, 8), called: make(chan string, 8),
	}
}

func (w *world) change(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

func missing(noun string, name any) error {
	return aloft.Errorf(aloft.CodeNotFound, "there is no %s %v", noun, name)
}

func (w *world) Projects(context.Context) ([]aloft.Project, error) { return w.projects, w.broken }

func (w *world) Environment(_ context.Context, key aloft.EnvironmentKey) (aloft.Environment, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range w.environments {
		if e.EnvironmentKey == key {
			return e, nil
		}
	}
	return aloft.Environment{}, missing("environment", key)
}

func (w *world) Environments(_ context.Context, f aloft.EnvironmentFilter) ([]aloft.Environment, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []aloft.Environment
	for _, e := range w.environments {
		if f.Destroyed || e.Status != aloft.EnvironmentDestroyed {
			list = append(list, e)
		}
	}
	return list, nil
}

func (w *world) Run(_ context.Context, id int64) (aloft.Run, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.runs {
		if r.ID == id {
			return r, nil
		}
	}
	return aloft.Run{}, missing("run", id)
}

func (w *world) Runs(_ context.Context, f aloft.RunFilter) ([]aloft.Run, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []aloft.Run
	for _, r := range w.runs {
		if (f.Environment == "" || f.Project == r.Project && f.Environment == r.Environment) &&
			(len(f.Statuses) == 0 || slices.Contains(f.Statuses, r.Status)) {
			list = append(list, r)
		}
	}
	return list, nil
}

func (w *world) Steps(_ context.Context, id int64) ([]aloft.Step, error) { return w.steps[id], nil }

func (w *world) Releases(_ context.Context, key aloft.EnvironmentKey) ([]aloft.Release, error) {
	var list []aloft.Release
	for _, r := range w.releases {
		if r.EnvironmentKey == key {
			list = append(list, r)
		}
	}
	return list, nil
}

func (w *world) Plan(_ context.Context, id int64) (aloft.Plan, error) {
	plan, ok := w.plans[id]
	if !ok {
		return plan, missing("plan of run", id)
	}
	return plan, nil
}

func (w *world) Trace(_ context.Context, id int64) (aloft.Trace, error) {
	trace, ok := w.traces[id]
	if !ok {
		return trace, missing("trace of run", id)
	}
	return trace, nil
}

func (w *world) Log(_ context.Context, id int64, _ bool, out io.Writer) error {
	if id == w.forgotten {
		return missing("log of run", id)
	}
	_, err := io.WriteString(out, w.logs[id])
	return err
}

func (w *world) Logs(_ context.Context, _ aloft.EnvironmentKey, app string, _ int, _ bool, out io.Writer) error {
	for line := range strings.Lines(w.appLog) {
		if app == "" || strings.HasPrefix(line, app) {
			io.WriteString(out, line)
		}
	}
	return nil
}

// pages returns the handler under test.
func (w *world) pages() http.Handler {
	return web.New(web.Options{
		Data: w, Runs: w, Logs: w, Processes: func(aloft.EnvironmentKey) []web.Process { return w.processes },
		Blueprints: w, LoggedIn: func(*http.Request) bool { return w.loggedIn }, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return w.now() },
	})
}

func (w *world) get(t *testing.T, path string) (*http.Response, string) {
	t.Helper()
	request := httptest.NewRequest("GET", "http://localhost:8090"+path, nil)
	answer := httptest.NewRecorder()
	w.pages().ServeHTTP(answer, request)
	return answer.Result(), answer.Body.String()
}

// serve runs the pages together with an API of just what they call.
func (w *world) serve(t *testing.T) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	mux := http.NewServeMux()
	mux.Handle("/", w.pages())
	mux.HandleFunc("GET /api/v1/events", func(out http.ResponseWriter, r *http.Request) {
		out.Header().Set("Content-Type", "text/event-stream")
		send(ctx, out, r, ": connected\n\n", w.events)
	})
	mux.HandleFunc("GET /api/v1/runs/{run}/log", func(out http.ResponseWriter, r *http.Request) {
		var id int64
		fmt.Sscan(r.PathValue("run"), &id)
		send(ctx, out, r, w.logs[id], w.more)
	})
	mux.HandleFunc("GET /api/v1/projects/{p}/environments/{e}/logs", func(out http.ResponseWriter, r *http.Request) {
		send(ctx, out, r, w.appLog, nil)
	})
	mux.HandleFunc("/api/v1/", func(out http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.called <- strings.TrimSpace(r.Method + " " + r.URL.Path + " " + string(body))
		if strings.HasSuffix(r.URL.Path, "/retry") {
			out.Header().Set("Content-Type", "application/problem+json")
			out.WriteHeader(http.StatusConflict)
			json.NewEncoder(out).Encode(map[string]string{"detail": "nothing to retry", "hint": "push again"})
			return
		}
		json.NewEncoder(out).Encode(aloft.Run{ID: 12})
	})
	server := httptest.NewServer(mux)
	t.Cleanup(func() {
		cancel()
		server.Close()
	})
	return strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
}

func send(ctx context.Context, out http.ResponseWriter, r *http.Request, text string, more <-chan string) {
	for open := true; open; {
		io.WriteString(out, text)
		http.NewResponseController(out).Flush()
		select {
		case text, open = <-more:
		case <-r.Context().Done():
			return
		case <-ctx.Done():
			return
		}
	}
}

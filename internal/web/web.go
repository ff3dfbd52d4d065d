// Package web is Aloft's pages: what runs, what happened, and the buttons that
// belong to it. They are rendered here and readable without a script; with one
// they follow the event stream of the API and call it.
//
// It imports the root package. What it shows reaches it through the contracts
// below; what it changes goes through the API, from the browser.
package web

import (
	"bytes"
	"context"
	"html/template"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/aloft-dev/aloft"
)

// Data is the records that the pages show. Missing ones are CodeNotFound.
type Data interface {
	Projects(ctx context.Context) ([]aloft.Project, error)
	Environment(ctx context.Context, key aloft.EnvironmentKey) (aloft.Environment, error)
	Environments(ctx context.Context, filter aloft.EnvironmentFilter) ([]aloft.Environment, error)
	Run(ctx context.Context, id int64) (aloft.Run, error)
	Runs(ctx context.Context, filter aloft.RunFilter) ([]aloft.Run, error) // newest first
	Steps(ctx context.Context, runID int64) ([]aloft.Step, error)
	Releases(ctx context.Context, key aloft.EnvironmentKey) ([]aloft.Release, error) // newest first
}

// Runs is what the pages show of a run besides its record.
type Runs interface {
	Log(ctx context.Context, id int64, follow bool, w io.Writer) error
	Plan(ctx context.Context, id int64) (aloft.Plan, error)   // none made yet: CodeNotFound
	Trace(ctx context.Context, id int64) (aloft.Trace, error) // its files were removed: CodeNotFound
}

// Logs is what the apps of an environment wrote.
type Logs interface {
	Logs(ctx context.Context, key aloft.EnvironmentKey, app string, lines int, follow bool, w io.Writer) error
}

// Process is one process of an app.
type Process struct {
	App         string
	Process     string
	Instance    int
	PID         int
	State       string
	StartedAt   time.Time
	Restarts    int
	MemoryBytes int64
	LastExit    string
}

// Options are what the pages work with. All but Logger and Now must be there.
type Options struct {
	Data       Data
	Runs       Runs
	Logs       Logs
	Processes  func(key aloft.EnvironmentKey) []Process
	Blueprints Blueprints
	LoggedIn   func(*http.Request) bool // else the page tells how to log in
	Logger     *slog.Logger             // of what the visitor is not told; nil = slog.Default
	Now        func() time.Time         // nil = time.Now
}

// pages is the handler of all pages.
type pages struct {
	Options
	assets    *assets
	templates map[string]*template.Template
}

// New returns the handler of /, /new, /reference, /runs/{id},
// /environments/{project}/{environment} and /assets/.
func New(o Options) http.Handler {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	p := &pages{Options: o, assets: loadAssets()}
	p.templates = loadTemplates(p.assets)
	mux := http.NewServeMux()
	mux.Handle("GET /assets/{file}", p.assets)
	mux.Handle("GET /{$}", p.page(p.home))
	mux.Handle("GET /new", p.openPage(p.newProject))
	mux.Handle("GET /reference", p.openPage(p.reference))
	mux.Handle("GET /runs/{run}", p.page(p.run))
	mux.Handle("GET /environments/{project}/{environment}", p.page(p.environment))
	mux.Handle("/", p.page(p.nowhere))
	return mux
}

// contentPolicy lets a page load and call this server and nothing else.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// view is a page ready to be rendered.
type view struct {
	Template string // file name without .html
	Script   string // file name of its own script; "" = aloft.js, for those who are logged in
	Title    string
	Subject  string // what of the event stream concerns the page: "project/environment", "run/7", "" = all
	LoggedIn bool
	Page     any
}

// page renders what show returns, to visitors who are logged in.
func (p *pages) page(show func(*http.Request) (view, error)) http.Handler {
	open := p.openPage(show)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !p.LoggedIn(r) {
			dress(w)
			p.render(w, http.StatusUnauthorized, login(r))
			return
		}
		open.ServeHTTP(w, r)
	})
}

// openPage renders what show returns, to everybody. Such a page shows nothing of
// the server's.
func (p *pages) openPage(show func(*http.Request) (view, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		dress(w)
		status := http.StatusOK
		v, err := show(r)
		if err != nil {
			v, status = p.failure(err), statusOf(err)
		}
		v.LoggedIn = p.LoggedIn(r)
		p.render(w, status, v)
	})
}

// dress sets the headers that all pages have.
func dress(w http.ResponseWriter) {
	header := w.Header()
	header.Set("Content-Security-Policy", contentPolicy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "same-origin")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cache-Control", "no-store")
}

func (p *pages) render(w http.ResponseWriter, status int, v view) {
	var page bytes.Buffer
	if err := p.templates[v.Template].ExecuteTemplate(&page, "layout.html", v); err != nil {
		p.Logger.Error("cannot render a page", "page", v.Template, "error", err)
		http.Error(w, "Something went wrong inside Aloft. The server's log tells what.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = page.WriteTo(w)
}

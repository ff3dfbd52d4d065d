// Package api is Aloft's HTTP API: its operations as a table (route.go), their
// description as OpenAPI 3.1, who may call them, the login of browsers, and the
// Go client of the same.
//
// It imports the root package. What it shows and does reaches it through the
// contracts in contracts.go, which the command wires up.
package api

import (
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/aloft-dev/aloft"
)

// Base is the path of the API on the server.
const Base = "/api/v1"

// Options are what a Server works with. The contracts must all be there.
type Options struct {
	Store     Store
	Runs      Runs
	History   History
	Apps      Apps
	Databases Databases
	Logs      Logs
	Processes Processes
	Backups   Backups
	Events    Events
	Generator Generator

	Authenticate func(token string) (Scope, bool) // Tokens.Authenticate
	SessionKey   []byte                           // signs the cookies of browsers; nil = sessions end with the server
	Hosts        []string                         // host names to answer to besides those of loopback
	Version      Version                          // of this program
	Logger       *slog.Logger                     // of what the caller is not told; nil = slog.Default
	Now          func() time.Time                 // nil = time.Now
}

// Version is the version of a program.
type Version struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"` // commit it was built from
	Go       string `json:"go,omitempty"`       // version of the toolchain
}

// Server is the API as an http.Handler. It guards itself (see Guard).
type Server struct {
	Options
	sessions *sessions
	turns    chan struct{} // one for each archive that is being generated
	handler  http.Handler
}

// New returns a Server.
func New(o Options) *Server {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Server{Options: o, sessions: newSessions(o.SessionKey, o.Now), turns: make(chan struct{}, runtime.GOMAXPROCS(0))}
	mux := http.NewServeMux()
	s.register(humago.NewWithPrefix(mux, Base, configuration()))
	s.handleGenerator(mux)
	mux.HandleFunc("GET /healthz", healthy)
	mux.HandleFunc("GET /login", s.followLink)
	mux.HandleFunc("POST /login", s.submitToken)
	mux.HandleFunc("POST /logout", s.logout)
	s.handler = Guard(o.Hosts, dressed(mux))
	return s
}

func healthy(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, "ok\n")
}

// dressed gives every answer the headers that all of them have, and those of
// the mux itself (no such path, no such method) the shape of a problem.
func dressed(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		w.Header().Set("Referrer-Policy", "no-referrer")
		if _, pattern := mux.Handler(r); pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		probe := &statusOnly{ResponseWriter: w, status: http.StatusNotFound}
		mux.ServeHTTP(probe, r)
		detail := "there is no " + r.URL.Path + " here"
		if probe.status == http.StatusMethodNotAllowed {
			detail = r.URL.Path + " does not take " + r.Method
		}
		writeProblem(w, problemWith(probe.status, aloft.Errorf(codeOfStatus(probe.status), "%s", detail).
			WithHint("the API is described at %s/openapi.json", Base)))
	})
}

// statusOnly keeps the status and the headers of an answer and drops the rest.
type statusOnly struct {
	http.ResponseWriter
	status int
}

// WriteHeader keeps the status.
func (s *statusOnly) WriteHeader(status int) { s.status = status }

// Write drops the body.
func (s *statusOnly) Write(p []byte) (int, error) { return len(p), nil }

// configuration describes the API to huma.
func configuration() huma.Config {
	registry := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	nameValues(registry)
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "Aloft", Version: "1",
				Description: "A push of a branch env-<name> makes a running environment. Durations are nanoseconds, times RFC 3339.",
				License:     &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
			},
			Servers: []*huma.Server{{URL: Base}},
			Components: &huma.Components{
				Schemas: registry,
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"bearer": {Type: "http", Scheme: "bearer", Description: "The server's token, or that of a run"},
					"basic":  {Type: "http", Scheme: "basic", Description: "Any user name; the token as the password"},
				},
			},
			Security: []map[string][]string{{"bearer": {}}, {"basic": {}}},
		},
		OpenAPIPath:                  "/openapi",
		Formats:                      map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat},
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
		Transformers:                 []huma.Transformer{translateProblem},
	}
}

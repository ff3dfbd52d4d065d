// Package server wires all rooms up: what `aloft serve` runs, and what a run without
// a server shares with it. It has no rules of its own.
package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/api"
	"github.com/aloft-dev/aloft/internal/backup"
	"github.com/aloft-dev/aloft/internal/blueprint"
	"github.com/aloft-dev/aloft/internal/build"
	"github.com/aloft-dev/aloft/internal/git"
	"github.com/aloft-dev/aloft/internal/local"
	"github.com/aloft-dev/aloft/internal/postgres"
	"github.com/aloft-dev/aloft/internal/provider"
	"github.com/aloft-dev/aloft/internal/proxy"
	"github.com/aloft-dev/aloft/internal/run"
	"github.com/aloft-dev/aloft/internal/state"
	"github.com/aloft-dev/aloft/internal/store"
	"github.com/aloft-dev/aloft/internal/supervise"
	"github.com/aloft-dev/aloft/internal/terraform"
	"github.com/aloft-dev/aloft/internal/web"
)

// DefaultAddress is where a server listens unless told otherwise.
const DefaultAddress = "127.0.0.1:8090"

// DefaultURL is the URL of a server at DefaultAddress.
const DefaultURL = "http://localhost:8090"

// SweepEvery is how often the reconciler looks at everything, whatever events say.
const SweepEvery = time.Minute

// Options are what a server works with.
type Options struct {
	Address     string
	Data        string   // "" = aloft.DataDir
	Database    string   // "" = $ALOFT_DATABASE, or SQLite in Data
	Hosts       []string // host names to answer to besides those of loopback
	Workers     int      // 0 = 2
	Limits      []string // NAME=VALUE, see limitTable
	Confine     string   // confineAuto or confineOff; "" = confineAuto
	Insecure    bool
	Forget      bool   // what is missing of records and data folder counts as lost for good
	TLSCert     string // files of --tls-cert and --tls-key; "" = plain HTTP
	TLSKey      string
	Token       string        // the server's token; "" = of TokenFile
	TokenFile   string        // "" = the one that the data folder knows
	SweepEvery  time.Duration // 0 = SweepEvery
	BackupDir   string        // "" = no backups on a timer
	BackupEvery time.Duration
	BackupKeep  int       // 0 = all
	Out         io.Writer // progress of the start
	Version     api.Version
	Generator   blueprint.Generator
	// Keyring keeps the server's own token for the user who starts it; nil = it is
	// kept nowhere.
	Keyring Keyring
}

// Server is a running server: all rooms, wired up.
type Server struct {
	options    Options
	limits     limits
	listener   net.Listener
	http       *http.Server
	sealer     *aloft.Sealer
	tls        *certificate // nil = plain HTTP
	inside     *inside      // nil = children use the listener
	kept       *keptToken   // nil = options.Token
	fresh      string       // a token that was made at this start
	aside      bool         // the user knew another server's token for this URL, which is kept aside
	forgotten  bool         // the user does not know the server's own token
	begun      bool         // there was neither a record nor a file of a server: it begins anew
	older      bool         // the records are older than the data folder
	tokens     *api.Tokens
	sessionKey []byte
	store      *store.Store
	supervisor *supervise.Supervisor
	postgres   *postgres.Server
	local      *local.Target
	builder    *build.Builder
	remote     *git.Remote
	reconciler *run.Reconciler
	logs       *run.Logs
	backups    *backup.Writer
	api        *api.Server
	logger     *slog.Logger
	broken     chan error // receives what ends the server before its time
	stop       []func()   // what Close does, in reverse order
}

// Start wires all rooms up and starts to serve. The order is the order of
// dependence; what was started is stopped in reverse.
func Start(ctx context.Context, o Options) (_ *Server, err error) {
	s := &Server{options: o, broken: make(chan error, 2)}
	defer func() {
		if err != nil {
			_ = s.Close()
		}
	}()
	if _, err = listenAddress(ctx, o, net.DefaultResolver.LookupNetIP); err != nil {
		return nil, err
	}
	if s.options.Data, err = aloft.DataDir(o.Data); err != nil {
		return nil, err
	}
	if err = s.checkBackupOptions(); err != nil {
		return nil, err
	}
	if s.begun, err = examineData(ctx, s.options.Data, s.database(), o.Forget); err != nil {
		return nil, err
	}
	if err = makeFolders(s.options.Data); err != nil {
		return nil, err
	}
	if IsPostgreSQL(s.database()) { // before the lease of a server is taken that only stands still
		if err = supervise.CheckFree(s.path("processes")); err != nil {
			return nil, err
		}
	}
	if s.limits, err = parseLimits(o.Limits); err != nil {
		return nil, err
	}
	s.logger = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelInfo}))
	if s.tls, err = openCertificate(o, time.Now, s.logger); err != nil {
		return nil, err
	}
	if s.sealer, err = aloft.OpenSealer(s.path("seal.key")); err != nil {
		return nil, err
	}
	if s.store, err = store.Open(ctx, store.Options{DSN: s.database(), Sealer: s.sealer, Data: s.options.Data}); err != nil {
		return nil, err
	}
	s.onStop(func() { s.logError("close the store", s.store.Close()) })
	if err = errors.Join(s.identify(ctx), s.passRuns(ctx)); err != nil {
		return nil, err
	}
	s.logError("remove what a killed server left", provider.RemoveSockets(tagOf(s.options.Data)))
	engines := &Engines{}
	if _, err = engines.Find(ctx, "", o.Out); err != nil {
		return nil, err
	}
	if err = s.openDoors(ctx); err != nil {
		return nil, err
	}
	if err = errors.Join(s.writeNote(), s.openToken()); err != nil {
		return nil, err
	}

	s.postgres = postgres.New(postgres.Options{Dir: s.path("postgresql"), Store: s.store, Logger: s.logger})
	s.onStop(func() { s.logError("stop PostgreSQL", s.postgres.Stop(context.Background())) })
	s.logError("start PostgreSQL", s.postgres.Start(ctx)) // apps without a database run all the same
	confine, err := s.confinement()
	if err != nil {
		return nil, err
	}
	s.supervisor, err = supervise.Open(supervise.Options{
		Dir: s.path("processes"), Tag: tagOf(s.options.Data), Confine: confine, Logger: s.logger,
		Memory: s.limits.hold("app-memory"), Processes: s.limits.hold("app-processes"), Reserve: s.limits.hold("disk-reserve"),
	})
	if err != nil {
		return nil, err
	}
	s.onStop(func() { s.supervisor.Close(context.Background()) })
	routes := proxy.New(proxy.Options{Page: s.page})
	s.local = local.New(local.Options{
		Store: s.store, Supervisor: s.supervisor, Proxy: routes,
		Dir: s.path("environments"), Scheme: s.scheme(), Port: s.port(), Address: s.loopback(), Changed: s.wake, Logger: s.logger,
	})
	s.onStop(s.local.Close)
	s.builder = build.New(build.Options{
		ArtifactDir: s.path("artifacts"), CacheDir: aloft.CacheDir("build"), Path: os.Getenv("PATH"), Environ: os.Getenv, Run: s.runBuild,
		Timeout: time.Duration(s.limits["build-time"]), MaxBytes: s.limits["build-size"],
	})

	s.logs = run.NewLogs(s.path("runs"))
	pipeline := &run.Pipeline{
		Dir:        s.options.Data,
		Repository: func(project string) run.Repository { return repository{s.remote, project} },
		Inspect:    terraform.Inspect,
		Terraform:  engines.Open,
		Session:    s.session,
		Builder:    builder{s.builder},
		Local:      target{s.local, s.postgres},
		Cloud:      clouds(true),
		Releases:   s.store,
		States:     s.store,
		Sealer:     s.sealer,
		Orphan:     s.supervisor.Orphan,
		Secrets:    s.secrets,
		Size:       s.size,
		Where:      s.where,
	}
	s.reconciler = run.NewReconciler(run.ReconcilerOptions{Pipeline: pipeline, Store: s.store, Logs: s.logs, Logger: s.logger})
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("cannot find this program: %w", err)
	}
	s.remote, err = git.Open(git.Options{
		Dir: s.path("repositories"), Hook: []string{program, "hook"}, Receiver: s.reconciler,
		Authorize: s.authorizeGit, Create: s.createProject, Lost: s.lostRepository, HookURL: s.hookURL(), Logger: s.logger,
		MaxPush: s.limits["push-size"], MaxRefs: int(s.limits["push-refs"]),
		MaxCheckoutFiles: int(s.limits["checkout-files"]), MaxCheckoutBytes: s.limits["checkout-size"],
	})
	if err != nil {
		return nil, err
	}
	if err = s.recordProjects(ctx); err != nil {
		return nil, err
	}
	if err = s.openBackups(ctx); err != nil {
		return nil, err
	}
	s.serve(routes)
	return s, s.work(ctx)
}

// serve starts to answer: pages, API, git and states on the server's own host
// names, apps on all others.
func (s *Server) serve(routes *proxy.Proxy) {
	history := state.NewHistory(s.store, s.sealer)
	s.api = api.New(api.Options{
		Store: s.store, Runs: runs{s.reconciler, s}, History: history, Apps: s.local, Databases: s.postgres,
		Logs: appLogs{s.supervisor}, Processes: processes{s.supervisor}, Backups: s, Events: events{s.store}, Generator: generator{s.options.Generator},
		Authenticate: s.tokens.Authenticate, SessionKey: s.sessionKey, Hosts: s.options.Hosts, Version: s.options.Version, Logger: s.logger,
	})
	pages := web.New(web.Options{
		Data: s.store, Runs: s.reconciler, Logs: appLogs{s.supervisor}, Processes: pageProcesses(s.supervisor),
		Blueprints: sketcher{generator{s.options.Generator}, s.api.Turn}, LoggedIn: s.api.LoggedIn, Logger: s.logger,
	})
	own := http.NewServeMux()
	guarded := api.Guard(s.options.Hosts, pages)
	own.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if api.ServesArchive(r.URL.Path) {
			s.api.ServeHTTP(w, r)
			return
		}
		guarded.ServeHTTP(w, r)
	})
	states := state.Handler(state.Options{
		Store: s.store, Sealer: s.sealer, Authorize: s.authorizeState,
		MaxBytes: s.limits["state-size"], TooLarge: s.limits.hint("state-size"), Tell: s.tellState,
	})
	own.Handle("/state/", states)
	for _, pattern := range []string{"/api/", api.GeneratePath, "/healthz", "/login", "/logout"} {
		own.Handle(pattern, s.api)
	}
	rest := patient(bodyTime, own)
	s.answer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !ownHost(r.Host) || r.Method == "PRI" { // the proxy tells an HTTP/2 client what to do
			routes.ServeHTTP(w, r)
			return
		}
		s.refreshToken()
		if git.Serves(r) {
			s.remote.ServeHTTP(w, r)
			return
		}
		rest.ServeHTTP(w, r)
	}), doors{apps: routes, git: s.remote, state: states, api: s.api})
	s.onStop(s.remote.Close) // first of the two, so that pushers are told why they are cut off
}

// answer starts to answer at the front door, and at the inside one if there is one.
func (s *Server) answer(front http.Handler, d doors) {
	base, endStreams := context.WithCancel(context.Background())
	s.onStop(endStreams)
	s.http = s.newHTTP(base)
	s.http.Handler = front
	if s.inside != nil {
		children := s.newHTTP(base)
		s.inside.serve(children, d, s.tokens.Authenticate, s.broken)
		s.onStop(func() { _ = children.Close() })
	}
	go func() {
		err := s.serveFront()
		if !errors.Is(err, http.ErrServerClosed) {
			s.broken <- fmt.Errorf("the server stopped to answer: %w", err)
		}
	}()
	s.onStop(func() {
		endStreams()
		_ = s.http.Close()
	})
}

// work starts the reconciler.
func (s *Server) work(ctx context.Context) error {
	if s.options.SweepEvery <= 0 {
		s.options.SweepEvery = SweepEvery
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		err := s.store.Work(ctx, store.WorkOptions{
			Workers: max(2, s.options.Workers), Reconcile: s.reconciler.Reconcile,
			Every: s.options.SweepEvery, Sweep: s.sweep, Logger: s.logger,
		})
		if err != nil && ctx.Err() == nil {
			s.broken <- fmt.Errorf("the run queue stopped: %w", err)
		}
	}()
	s.onStop(func() {
		cancel()
		<-done
	})
	return nil
}

func (s *Server) onStop(do func()) { s.stop = append(s.stop, do) }

// Close stops what was started, the newest first.
func (s *Server) Close() error {
	for i := len(s.stop) - 1; i >= 0; i-- {
		s.stop[i]()
	}
	s.stop = nil
	return nil
}

func (s *Server) path(name string) string { return filepath.Join(s.options.Data, name) }

func (s *Server) database() string {
	return cmp.Or(s.options.Database, os.Getenv("ALOFT_DATABASE"), s.path("aloft.db"))
}

func (s *Server) logError(what string, err error) {
	if err != nil {
		s.logger.Error("cannot "+what, "error", err)
	}
}

// makeFolders makes the data folder, with mode 0700.
func makeFolders(dir string) error {
	var err error
	for _, folder := range []string{"", "runs", "environments", "artifacts"} {
		err = errors.Join(err, os.MkdirAll(filepath.Join(dir, folder), 0o700))
	}
	if err != nil {
		return aloft.Errorf(aloft.CodeUnavailable, "cannot make the data folder: %w", err).WithHint("name another with --data")
	}
	return nil
}

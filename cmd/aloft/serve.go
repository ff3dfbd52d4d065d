package main

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
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/api"
	"github.com/aloft-dev/aloft/internal/build"
	"github.com/aloft-dev/aloft/internal/deploy"
	"github.com/aloft-dev/aloft/internal/git"
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

const defaultAddress = "127.0.0.1:8090"

// sweepEvery is how often the reconciler looks at everything, whatever events say.
const sweepEvery = time.Minute

func newServe() *cobra.Command {
	o := serveOptions{}
	command := &cobra.Command{
		Use:   "serve",
		Short: "Run the server: git remote, runs, states, apps, pages",
		Long: `Serve runs the server until Ctrl-C. What a push, a build or an app may use is
limited; --limit NAME=VALUE changes a limit, such as --limit build-time=1h:

` + describeLimits(),
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			o.Out = command.OutOrStdout()
			s, err := startServer(command.Context(), o)
			if err != nil {
				return err
			}
			if err := s.welcome(o.Out); err != nil {
				return errors.Join(err, s.Close())
			}
			select {
			case <-command.Context().Done():
				_, _ = fmt.Fprintln(o.Out, "stopping: runs and apps are brought to a safe end")
			case err = <-s.broken:
			}
			return errors.Join(err, s.Close())
		},
	}
	command.Flags().StringVar(&o.Address, "listen", defaultAddress, "address to listen on")
	command.Flags().StringVar(&o.Data, "data", "", "folder for all data (default $XDG_DATA_HOME/aloft)")
	command.Flags().StringVar(&o.Database, "database", "", "postgres:// URL for the records; one with a password belongs into $ALOFT_DATABASE (default: SQLite in the data folder)")
	command.Flags().StringArrayVar(&o.Hosts, "host", nil, "a further host name that the server answers to; may be repeated")
	command.Flags().IntVar(&o.Workers, "workers", max(2, runtime.NumCPU()), "how many environments are worked on at the same time")
	command.Flags().DurationVar(&o.SweepEvery, "sweep-every", sweepEvery, "how often everything is looked at, whatever events say")
	command.Flags().StringArrayVar(&o.Limits, "limit", nil, "change a limit, NAME=VALUE; may be repeated")
	command.Flags().StringVar(&o.Confine, "confine", confineAuto, "auto: confine apps and builds to their own files where the kernel can; off: never")
	command.Flags().StringVar(&o.TLSCert, "tls-cert", "", "PEM file of the certificate to serve https with; read again when it changes")
	command.Flags().StringVar(&o.TLSKey, "tls-key", "", "PEM file of the key of --tls-cert")
	command.Flags().StringVar(&o.TokenFile, "token-file", "", "file with the token to ask for, for automation (default: one of its own)")
	command.Flags().BoolVar(&o.Forget, "forget", false, "start although records and data folder do not belong together: what is missing counts as lost for good")
	command.Flags().BoolVar(&o.Insecure, "insecure", false, "allow --listen on an address others can reach, although there is no TLS")
	return command
}

// serveOptions tell what a server works with.
type serveOptions struct {
	Address    string
	Data       string   // "" = dataDir()
	Database   string   // "" = $ALOFT_DATABASE, or SQLite in Data
	Hosts      []string // host names to answer to besides those of loopback
	Workers    int      // 0 = 2
	Limits     []string // NAME=VALUE, see limitTable
	Confine    string   // confineAuto or confineOff; "" = confineAuto
	Insecure   bool
	Forget     bool   // what is missing of records and data folder counts as lost for good
	TLSCert    string // files of --tls-cert and --tls-key; "" = plain HTTP
	TLSKey     string
	Token      string        // the server's token; "" = of TokenFile
	TokenFile  string        // "" = the one that the data folder knows
	SweepEvery time.Duration // 0 = sweepEvery
	Out        io.Writer     // progress of the start
}

// server is a running server: all rooms, wired up.
type server struct {
	options    serveOptions
	limits     limits
	listener   net.Listener
	http       *http.Server
	sealer     *aloft.Sealer
	tls        *certificate // nil = plain HTTP
	inside     *inside      // nil = children use the listener
	kept       *keptToken   // nil = options.Token
	fresh      string       // a token that was made at this start
	tokens     *api.Tokens
	sessionKey []byte
	store      *store.Store
	supervisor *supervise.Supervisor
	postgres   *postgres.Server
	local      *deploy.Local
	builder    *build.Builder
	remote     *git.Remote
	reconciler *run.Reconciler
	logs       *run.Logs
	api        *api.Server
	logger     *slog.Logger
	broken     chan error // receives what ends the server before its time
	stop       []func()   // what Close does, in reverse order
}

// startServer wires all rooms up and starts to serve. The order is the order of
// dependence; what was started is stopped in reverse.
func startServer(ctx context.Context, o serveOptions) (_ *server, err error) {
	s := &server{options: o, broken: make(chan error, 2)}
	defer func() {
		if err != nil {
			_ = s.Close()
		}
	}()
	if _, err = listenAddress(ctx, o, net.DefaultResolver.LookupNetIP); err != nil {
		return nil, err
	}
	if s.options.Data, err = dataDir(o.Data); err != nil {
		return nil, err
	}
	if err = examineData(ctx, s.options.Data, s.database(), o.Forget); err != nil {
		return nil, err
	}
	if err = makeFolders(s.options.Data); err != nil {
		return nil, err
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
	engines := &engines{}
	if _, err = engines.find(ctx, "", o.Out); err != nil {
		return nil, err
	}
	if err = s.openDoors(ctx); err != nil {
		return nil, err
	}
	if err = s.openToken(); err != nil {
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
	s.local = deploy.NewLocal(deploy.Options{
		Store: s.store, Supervisor: s.supervisor, Proxy: routes,
		Dir: s.path("environments"), Scheme: s.scheme(), Port: s.port(), Address: s.loopback(), Changed: s.wake, Logger: s.logger,
	})
	s.onStop(s.local.Close)
	s.builder = build.New(build.Options{
		ArtifactDir: s.path("artifacts"), CacheDir: cacheDir("build"), Path: os.Getenv("PATH"), Environ: os.Getenv, Run: s.runBuild,
		Timeout: time.Duration(s.limits["build-time"]), MaxBytes: s.limits["build-size"],
	})

	s.logs = run.NewLogs(s.path("runs"))
	pipeline := &run.Pipeline{
		Dir:        s.options.Data,
		Repository: func(project string) run.Repository { return repository{s.remote, project} },
		Inspect:    terraform.Inspect,
		Terraform:  engines.open,
		Session:    s.session,
		Builder:    builder{s.builder},
		Local:      target{s.local, s.postgres},
		Releases:   s.store,
		States:     s.store,
		Sealer:     s.sealer,
		Orphan:     s.supervisor.Orphan,
		Secrets:    s.secrets,
		Size:       s.size,
	}
	s.reconciler = run.NewReconciler(run.ReconcilerOptions{Pipeline: pipeline, Store: s.store, Logs: s.logs, Logger: s.logger})
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("cannot find this program: %w", err)
	}
	s.remote, err = git.Open(git.Options{
		Dir: s.path("repositories"), Hook: []string{program, "hook"}, Receiver: s.reconciler,
		Authorize: s.authorizeGit, Create: s.createProject, HookURL: s.hookURL(), Logger: s.logger,
		MaxPush: s.limits["push-size"], MaxRefs: int(s.limits["push-refs"]),
		MaxCheckoutFiles: int(s.limits["checkout-files"]), MaxCheckoutBytes: s.limits["checkout-size"],
	})
	if err != nil {
		return nil, err
	}
	s.serve(routes)
	return s, s.work(ctx)
}

// serve starts to answer: pages, API, git and states on the server's own host
// names, apps on all others.
func (s *server) serve(routes *proxy.Proxy) {
	history := state.NewHistory(s.store, s.sealer)
	s.api = api.New(api.Options{
		Store: s.store, Runs: runs{s.reconciler, s}, History: history, Apps: s.local, Databases: s.postgres,
		Logs: appLogs{s.supervisor}, Processes: processes{s.supervisor}, Events: events{s.store}, Generator: generator{blueprints()},
		Authenticate: s.tokens.Authenticate, SessionKey: s.sessionKey, Hosts: s.options.Hosts, Version: buildVersion(), Logger: s.logger,
	})
	pages := web.New(web.Options{
		Data: s.store, Runs: s.reconciler, Logs: appLogs{s.supervisor}, Processes: pageProcesses(s.supervisor),
		Blueprints: sketcher{generator{blueprints()}, s.api.Turn}, LoggedIn: s.api.LoggedIn, Logger: s.logger,
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
func (s *server) answer(front http.Handler, d doors) {
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
func (s *server) work(ctx context.Context) error {
	if s.options.SweepEvery <= 0 {
		s.options.SweepEvery = sweepEvery
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

func (s *server) onStop(do func()) { s.stop = append(s.stop, do) }

// Close stops what was started, the newest first.
func (s *server) Close() error {
	for i := len(s.stop) - 1; i >= 0; i-- {
		s.stop[i]()
	}
	s.stop = nil
	return nil
}

func (s *server) path(name string) string { return filepath.Join(s.options.Data, name) }

func (s *server) database() string {
	return cmp.Or(s.options.Database, os.Getenv("ALOFT_DATABASE"), s.path("aloft.db"))
}

func (s *server) logError(what string, err error) {
	if err != nil {
		s.logger.Error("cannot "+what, "error", err)
	}
}

// dataDir returns the path of the folder for data.
func dataDir(wanted string) (string, error) {
	dir := wanted
	if dir == "" {
		if base := os.Getenv("XDG_DATA_HOME"); base != "" {
			dir = filepath.Join(base, "aloft")
		} else if home, err := os.UserHomeDir(); err == nil {
			dir = filepath.Join(home, ".local", "share", "aloft")
		} else {
			return "", aloft.Errorf(aloft.CodeUnavailable, "cannot find the folder for data: %w", err).WithHint("name it with --data")
		}
	}
	return filepath.Abs(dir)
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

// cacheDir returns a folder for what can be made again.
func cacheDir(name string) string {
	base, err := os.UserCacheDir()
	if err != nil {
		base = os.TempDir()
	}
	return filepath.Join(base, "aloft", name)
}

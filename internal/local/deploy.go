// Package local is the local target: it runs releases on this machine. It starts new
// processes beside the old ones, waits until they answer, gives them the route,
// lets the old ones finish what they began and stops them. It compares what
// runs with what should, and removes all of it.
//
// It imports the root package, supervise and proxy. Its contract stands with its
// user, the run room.
//
// # Host names
//
// Every app of an environment answers at <app>.<env>.<project>.<domain>. The
// short name <env>.<project>.<domain> belongs to the app "web", or to the only
// app there is. The URL of a slot must not change when Terraform makes another
// slot after it, so that "web" has the short URL and every other app the long one.
//
// # What processes get
//
// The environment of a process is complete; nothing of the server's gets into
// it but what basics and managers list. See environment.go for the order and
// names.go for the names that frameworks read by themselves. The working
// directory is the artifact, which several environments share and nobody can
// write to; HOME and TMPDIR are private folders of the environment: see private.go.
package local

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/proxy"
	"github.com/aloft-dev/aloft/internal/supervise"
)

// Store is what deploy keeps: releases, and what Terraform declared.
type Store interface {
	aloft.ReleaseStore
	aloft.LocalStore
}

// Options say how a Target works.
type Options struct {
	Store      Store
	Supervisor *supervise.Supervisor
	Proxy      *proxy.Proxy
	Dir        string                     // the private folders of environments, by project and environment
	Scheme     string                     // of URLs; "" = http
	Domain     string                     // that host names end in; "" = localhost
	Port       int                        // of URLs; 0 = the scheme's own
	Address    string                     // host:port where the proxy speaks plain HTTP, for Verify; "" = 127.0.0.1 and Port
	Environ    func(string) string        // looks up the server's environment; nil = os.Getenv
	Changed    func(aloft.EnvironmentKey) // told when a process has died; must not block; nil = nobody
	DrainTime  time.Duration              // for requests under way when a release is replaced; 0 = 30 s
	StopGrace  time.Duration              // between asking a process to stop and killing it; 0 = 10 s
	Logger     *slog.Logger               // for what nobody else can be told; nil = slog.Default()
}

// Request asks to bring one app's artifact to its host.
type Request struct {
	Key      aloft.EnvironmentKey
	RunID    int64
	Revision string // commit that the artifact was built from
	App      aloft.App
	Artifact aloft.Artifact
	Log      io.Writer    // what people should see, line by line; nil = nothing
	Timing   aloft.Timing // told of start, wait for health, swap and drain; nil = nobody
	Force    bool         // also when nothing has changed
}

// Target runs releases as processes on this machine. Its methods may be called
// from any goroutine; those that change an environment wait for each other.
type Target struct {
	options Options
	probes  *http.Client // asks processes
	visits  *http.Client // asks URLs, as a browser on this machine would
	busy    locks
	ports   ports
	ctx     context.Context // of what goes on in the background
	cancel  context.CancelFunc
	drains  sync.WaitGroup

	mu      sync.Mutex
	running map[place]*running
	deaths  map[place]map[string]death      // since the last Reconcile, by process
	engines map[aloft.EnvironmentKey]string // of environments that had containers since the start
}

// place is where a release runs: an app of an environment.
type place struct {
	aloft.EnvironmentKey
	App string
}

// New returns the deployer of the hosting "local". Nothing runs until
// Deploy or Reconcile.
func New(options Options) *Target {
	options = withDefaults(options)
	ctx, cancel := context.WithCancel(context.Background())
	return &Target{
		options: options,
		probes:  newClient(nil),
		visits:  newClient(&options.Address),
		busy:    locks{held: map[aloft.EnvironmentKey]chan struct{}{}},
		ports:   ports{taken: map[int]bool{}},
		ctx:     ctx,
		cancel:  cancel,
		running: map[place]*running{},
		deaths:  map[place]map[string]death{},
		engines: map[aloft.EnvironmentKey]string{},
	}
}

func withDefaults(o Options) Options {
	if o.Scheme == "" {
		o.Scheme = "http"
	}
	if o.Domain == "" {
		o.Domain = "localhost"
	}
	if o.Address == "" {
		o.Address = localAddress(portOf(o.Port, o.Scheme))
	}
	if o.Environ == nil {
		o.Environ = os.Getenv
	}
	if o.Changed == nil {
		o.Changed = func(aloft.EnvironmentKey) {}
	}
	if o.DrainTime == 0 {
		o.DrainTime = 30 * time.Second
	}
	if o.StopGrace == 0 {
		o.StopGrace = 10 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

// Wait returns when all that was replaced so far has been drained and stopped,
// or with the cause of ctx's end.
func (l *Target) Wait(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.drains.Wait()
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Close ends what goes on in the background: what is being drained is stopped
// at once. It is called before the supervisor's Close, which stops all else.
func (l *Target) Close() {
	l.cancel()
	l.drains.Wait()
	l.probes.CloseIdleConnections()
	l.visits.CloseIdleConnections()
}

// locks let one change of an environment at a time happen.
type locks struct {
	mu   sync.Mutex
	held map[aloft.EnvironmentKey]chan struct{}
}

// lock waits for its turn. It is CodeCanceled when ctx ends first.
func (l *locks) lock(ctx context.Context, key aloft.EnvironmentKey) (unlock func(), err error) {
	l.mu.Lock()
	turn, ok := l.held[key]
	if !ok {
		turn = make(chan struct{}, 1)
		l.held[key] = turn
	}
	l.mu.Unlock()
	select {
	case turn <- struct{}{}:
		return func() { <-turn }, nil
	case <-ctx.Done():
		return nil, aloft.Errorf(aloft.CodeCanceled, "stopped waiting for %s: %w", key, context.Cause(ctx))
	}
}

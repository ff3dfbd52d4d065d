package cloud

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/proxy"
	"github.com/aloft-dev/aloft/internal/supervise"
)

// program is what a replica runs.
type program struct {
	args []string
	env  []string // NAME=value; a later one goes before an earlier one
	dir  string
}

// replica is a program that runs, or the placeholder in its place. However many
// Azure would run, there is one here.
type replica struct {
	key     aloft.EnvironmentKey // by which supervise knows it; its environment is the replica's own
	process *supervise.Process   // nil = a placeholder
	port    int
	routes  *proxy.Proxy
	close   func()
}

// placeholderText is what stands for Microsoft's images and pages.
const placeholderText = "Nothing is deployed here yet.\n"

// with returns a program with further variables.
func (p program) with(env ...string) program {
	p.env = append(append([]string{}, p.env...), env...)
	return p
}

// variables returns the variables, each once, the last one said.
func (p program) variables() []string {
	var all []string
	at := map[string]int{}
	for _, variable := range p.env {
		name, _, _ := strings.Cut(variable, "=")
		if i, ok := at[name]; ok {
			all[i] = variable
			continue
		}
		at[name] = len(all)
		all = append(all, variable)
	}
	return all
}

// logApp is the name under which supervise keeps what a replica prints.
const logApp = "app"

// newKey returns a key that no other replica has.
func (c *Cloud) newKey() aloft.EnvironmentKey {
	c.mu.Lock()
	defer c.mu.Unlock()
	return keyOf("r" + strconv.Itoa(c.number()))
}

// start runs a program at a port of its own, which PORT tells it. It is told in
// the place of the port that the client names, because all apps share this
// machine. notify hears of its deaths.
func (c *Cloud) start(p program, notify func(supervise.Event)) (*replica, error) {
	port, err := aloft.FreePort()
	if err != nil {
		return nil, err
	}
	r := &replica{key: c.newKey(), port: port, routes: proxy.New(proxy.Options{Page: gone})}
	temporary, err := os.MkdirTemp(c.options.Dir, "tmp-*")
	if err != nil {
		return nil, err
	}
	p = p.with("PORT="+strconv.Itoa(port), "TMPDIR="+temporary)
	r.process, err = c.processes.Start(supervise.Spec{
		Key: r.key, App: logApp, Process: "web", Instance: 1, Args: p.args, Dir: p.dir, Env: p.variables(), Port: port,
	})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(temporary))
	}
	r.process.KeepAlive(notify)
	r.close = func() {
		r.process.Stop(context.Background(), 2*time.Second)
		_ = os.RemoveAll(temporary) // the folder of the cloud goes anyway
	}
	return r, nil
}

// startPlaceholder answers every request with a line, as the page does that
// Microsoft's images and new sites show.
func (c *Cloud) startPlaceholder() (*replica, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, placeholderText) // fails only when the client has gone
	})}
	go func() { _ = server.Serve(listener) }() // ends with close
	return &replica{
		key: c.newKey(), port: listener.Addr().(*net.TCPAddr).Port, routes: proxy.New(proxy.Options{Page: gone}),
		close: func() { _ = server.Close() },
	}, nil
}

// gone is told by a replica that has no route: it is just being stopped.
func gone(context.Context, string) proxy.Page {
	return proxy.Page{Status: http.StatusServiceUnavailable, Title: "Unavailable", Message: "The app has been stopped."}
}

// Running returns how many processes of apps run: none after all was deleted.
func (c *Cloud) Running() int { return len(c.processes.Processes(aloft.EnvironmentKey{})) }

func (r *replica) address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(r.port)) }

// serve leads a request to the program. The app sees the host that was asked.
func (r *replica) serve(w http.ResponseWriter, q *http.Request) {
	if _, ok := r.routes.Route(q.Host); !ok {
		if _, err := r.routes.Install(q.Host, proxy.Target{Backends: []string{r.address()}}); err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
	}
	r.routes.ServeHTTP(w, q)
}

// probe is how a replica tells that it is ready: by a connection, or by an
// answer to a path that is no error.
type probe struct{ path string }

// holds reports whether the replica passes the probe now.
func (p probe) holds(ctx context.Context, r *replica) bool {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	if p.path == "" {
		connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", r.address())
		if err == nil {
			connection.Close()
		}
		return err == nil
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+r.address()+p.path, nil)
	if err != nil {
		return false
	}
	transport := &http.Transport{DisableKeepAlives: true}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return false
	}
	response.Body.Close()
	return response.StatusCode >= 200 && response.StatusCode < 400 // as Kubernetes' probes do
}

// errExited and errLate are why a replica did not get ready.
var (
	errExited = errors.New("the container ended by itself")
	errLate   = errors.New("it did not pass its probes in time")
)

// await waits until the replica passes the probe. It gives up when the program
// has died twice, or when the time is over.
func (r *replica) await(ctx context.Context, p probe, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for ctx.Err() == nil {
		if p.holds(ctx, r) {
			return nil
		}
		if r.process != nil && r.process.Status().Restarts >= 1 {
			return fmt.Errorf("%w: %s", errExited, r.process.Exit())
		}
		pause(ctx, 20*time.Millisecond)
	}
	return errLate
}

// writeLog writes the last lines that the replica printed, and what it prints
// from then on when they are to be followed.
func (c *Cloud) writeLog(ctx context.Context, key aloft.EnvironmentKey, options supervise.LogOptions, w io.Writer) error {
	return c.processes.Logs(ctx, key, logApp, options, w)
}

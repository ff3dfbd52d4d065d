// Package proxy leads requests from host names to the healthy processes of apps,
// or to the folder of a static app. It swaps targets without losing a request,
// drains the old ones and answers with a page that tells the state where there
// is nothing to lead to.
//
// It imports the root package only.
//
// Requests look their route up in an immutable map behind an atomic pointer;
// only changes of routes take a lock. What a client says about how it was
// forwarded is replaced, the Host stays, nothing is buffered.
package proxy

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aloft-dev/aloft"
)

// Options say how a Proxy works.
type Options struct {
	// Page is asked what to tell where a host has no route. The host comes in
	// lower case and without a port. nil = an unknown host.
	Page func(ctx context.Context, host string) Page
	// UpgradeLimit is how long connections that became something else
	// (WebSockets) may stay on a target that was replaced; 0 = 10 s.
	UpgradeLimit time.Duration
	Logger       *slog.Logger // for what neither client nor page is told; nil = slog.Default()
}

// Target is where the requests of a host go.
type Target struct {
	Backends []string // host:port of the processes that share the requests
	Static   string   // folder that is served instead, when there are no backends
	Release  int64    // number of the release that this is, to be listed
}

// Proxy is an http.Handler. Its methods may be called from any goroutine.
type Proxy struct {
	options Options
	buffers buffers
	routes  atomic.Pointer[map[string]*target] // by host; the map is never changed
	changes sync.Mutex                         // one change at a time
}

// New returns a proxy without routes.
func New(options Options) *Proxy {
	if options.Page == nil {
		options.Page = func(_ context.Context, host string) Page { return unknown(host) }
	}
	if options.UpgradeLimit == 0 {
		options.UpgradeLimit = 10 * time.Second
	}
	if options.Logger == nil {
		options.Logger = slog.Default()
	}
	p := &Proxy{options: options}
	p.routes.Store(&map[string]*target{})
	return p
}

// Install leads a host to a target: requests that come from now on go there,
// those under way stay with the target before, which is returned. It is
// CodeInvalid for a target that leads nowhere, and CodeNotFound for a static
// folder that is not there; the route then stays as it was.
func (p *Proxy) Install(host string, t Target) (*Retired, error) {
	next, err := p.newTarget(t)
	if err != nil {
		return nil, fmt.Errorf("cannot route %s: %w", host, err)
	}
	return p.change(hostName(host), next), nil
}

// Remove ends the route of a host, if there is one, and returns its last target.
func (p *Proxy) Remove(host string) *Retired { return p.change(hostName(host), nil) }

func (p *Proxy) change(host string, next *target) *Retired {
	p.changes.Lock()
	defer p.changes.Unlock()
	routes := maps.Clone(*p.routes.Load())
	before := routes[host]
	delete(routes, host)
	if next != nil {
		next.counters = &counters{}
		if before != nil {
			next.counters = before.counters
		}
		routes[host] = next
	}
	p.routes.Store(&routes)
	if before != nil {
		before.retire()
	}
	return &Retired{target: before, upgradeLimit: p.options.UpgradeLimit}
}

// Route is a host and where it leads.
type Route struct {
	Host string `json:"host"`
	Target
	Counts
}

// Counts tell how much a host is used.
type Counts struct {
	Requests    int64     `json:"requests"`             // since the route was first installed
	InFlight    int64     `json:"inFlight"`             // under way, WebSockets included
	LastRequest time.Time `json:"lastRequest,omitzero"` // when the newest one came; zero = none yet
}

// Routes lists the routes by host.
func (p *Proxy) Routes() []Route {
	routes := *p.routes.Load()
	list := make([]Route, 0, len(routes))
	for _, host := range slices.Sorted(maps.Keys(routes)) {
		list = append(list, Route{host, routes[host].spec, routes[host].counters.counts()})
	}
	return list
}

// Route returns the route of a host; ok is false when it has none.
func (p *Proxy) Route(host string) (route Route, ok bool) {
	host = hostName(host)
	t, ok := (*p.routes.Load())[host]
	if !ok {
		return Route{Host: host}, false
	}
	return Route{host, t.spec, t.counters.counts()}, true
}

// ServeHTTP answers a request for any host.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if isHTTP2Preface(r) {
		refuseHTTP2(w)
		return
	}
	host := hostName(r.Host)
	for {
		t := (*p.routes.Load())[host]
		if t == nil {
			p.options.Page(r.Context(), host).write(w, r)
			return
		}
		if t.enter() {
			t.serve(w, r)
			return
		}
	}
}

// hostName returns the name in a Host header: lower case, without port and
// without the dot of a fully qualified name.
func hostName(host string) string {
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// isHTTP2Preface tells a client that speaks HTTP/2 without having asked.
func isHTTP2Preface(r *http.Request) bool { return r.Method == "PRI" && r.RequestURI == "*" }

// refuseHTTP2 answers in HTTP/1.1, which is what the client has to go back to.
// A client that asks first, with Upgrade: h2c, is simply answered in HTTP/1.1,
// as RFC 9113 has it.
func refuseHTTP2(w http.ResponseWriter) {
	w.Header().Set("Connection", "close")
	http.Error(w, "HTTP/2 without TLS is not spoken here: use HTTP/1.1", http.StatusHTTPVersionNotSupported)
}

func invalidTarget(format string, args ...any) error {
	return aloft.Errorf(aloft.CodeInvalid, format, args...)
}

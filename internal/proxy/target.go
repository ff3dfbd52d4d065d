package proxy

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aloft-dev/aloft"
)

// target is an installed Target. It knows how many requests are in it, so that
// it can tell when the last one has left.
type target struct {
	spec      Target
	backends  []*backend      // empty = static
	transport *http.Transport // of the backends
	static    *static
	next      atomic.Uint32 // backend whose turn it is
	counters  *counters     // of the host, handed on from target to target

	inFlight atomic.Int64
	retired  atomic.Bool
	empty    chan struct{} // closed when it is retired and the last request has left
	emptied  sync.Once

	mu       sync.Mutex
	upgraded map[*context.CancelFunc]struct{}
}

// counters count the requests of a host.
type counters struct {
	requests atomic.Int64
	inFlight atomic.Int64
	last     atomic.Int64 // Unix time in nanoseconds; 0 = none
}

func (c *counters) counts() Counts {
	counts := Counts{Requests: c.requests.Load(), InFlight: c.inFlight.Load()}
	if last := c.last.Load(); last != 0 {
		counts.LastRequest = time.Unix(0, last)
	}
	return counts
}

func (p *Proxy) newTarget(spec Target) (*target, error) {
	t := &target{spec: spec, empty: make(chan struct{}), upgraded: map[*context.CancelFunc]struct{}{}}
	if len(spec.Backends) == 0 {
		return t, t.openStatic()
	}
	t.transport = newTransport()
	for _, address := range spec.Backends {
		if _, _, err := net.SplitHostPort(address); err != nil {
			return nil, invalidTarget("%q is not host:port", address)
		}
		t.backends = append(t.backends, p.newBackend(t, address))
	}
	return t, nil
}

func (t *target) openStatic() error {
	if t.spec.Static == "" {
		return invalidTarget("it leads neither to a process nor to a folder")
	}
	root, err := os.OpenRoot(t.spec.Static)
	if err != nil {
		return aloft.Errorf(aloft.CodeNotFound, "cannot open the folder to serve: %w", err)
	}
	t.static = newStatic(root)
	return nil
}

// enter counts a request in. It is false when the target was replaced in the
// moment between finding it and entering it: then the request must look again.
func (t *target) enter() bool {
	t.inFlight.Add(1)
	if t.retired.Load() {
		t.leave()
		return false
	}
	return true
}

func (t *target) leave() {
	if t.inFlight.Add(-1) == 0 && t.retired.Load() {
		t.emptied.Do(t.finish)
	}
}

// retire lets no further request in.
func (t *target) retire() {
	t.retired.Store(true)
	if t.inFlight.Load() == 0 {
		t.emptied.Do(t.finish)
	}
}

func (t *target) finish() {
	close(t.empty)
	if t.static != nil {
		t.static.root.Close()
	}
	if t.transport != nil {
		t.transport.CloseIdleConnections()
	}
}

// serve answers a request that has entered.
func (t *target) serve(w http.ResponseWriter, r *http.Request) {
	t.counters.requests.Add(1)
	t.counters.inFlight.Add(1)
	t.counters.last.Store(time.Now().UnixNano())
	defer func() {
		t.counters.inFlight.Add(-1)
		t.leave()
		swallowAbort(r, recover())
	}()
	if t.static != nil {
		t.static.serve(w, r)
		return
	}
	if isUpgrade(r) {
		ctx, cancel := context.WithCancel(r.Context())
		defer t.forgetUpgrade(t.rememberUpgrade(cancel))
		r = r.WithContext(ctx)
	}
	t.pick(nil).serve(w, r)
}

// swallowAbort ends the panic by which a ReverseProxy tells the server that an
// answer was cut short, when the client itself has gone: nobody is left to tell.
func swallowAbort(r *http.Request, reason any) {
	if reason == nil || reason == http.ErrAbortHandler && r.Context().Err() != nil {
		return
	}
	panic(reason)
}

func (t *target) rememberUpgrade(cancel context.CancelFunc) *context.CancelFunc {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.upgraded[&cancel] = struct{}{}
	return &cancel
}

func (t *target) forgetUpgrade(cancel *context.CancelFunc) {
	(*cancel)()
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.upgraded, cancel)
}

func (t *target) closeUpgraded() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for cancel := range t.upgraded {
		(*cancel)()
	}
}

// pick returns the backend with the fewest requests under way, in turn where
// several have, leaving out those that were tried. It is nil when all were.
func (t *target) pick(tried []*backend) *backend {
	turn := int(t.next.Add(1))
	var best *backend
	for i := range t.backends {
		b := t.backends[(turn+i)%len(t.backends)]
		if contains(tried, b) {
			continue
		}
		if best == nil || b.pending.Load() < best.pending.Load() {
			best = b
		}
	}
	return best
}

func contains(list []*backend, b *backend) bool {
	for _, other := range list {
		if other == b {
			return true
		}
	}
	return false
}

// Retired is a target that was replaced or removed.
type Retired struct {
	target       *target // nil = there was none
	upgradeLimit time.Duration
}

// Existed reports whether there was a target at all.
func (r *Retired) Existed() bool { return r.target != nil }

// InFlight returns how many requests are still under way in it.
func (r *Retired) InFlight() int64 {
	if r.target == nil {
		return 0
	}
	return r.target.inFlight.Load()
}

// Drain waits until the last request has left. WebSockets are closed after
// Options.UpgradeLimit, or when ctx ends; Drain then returns an error that
// tells how many requests were still under way. Their processes may be stopped
// all the same, which cuts them off.
func (r *Retired) Drain(ctx context.Context) error {
	if r.target == nil {
		return nil
	}
	limit := time.AfterFunc(r.upgradeLimit, r.target.closeUpgraded)
	defer limit.Stop()
	select {
	case <-r.target.empty:
		return nil
	case <-ctx.Done():
	}
	left := r.InFlight()
	if left == 0 {
		return nil
	}
	r.target.closeUpgraded()
	return fmt.Errorf("%d requests were still under way: %w", left, context.Cause(ctx))
}

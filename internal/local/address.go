package local

import (
	"context"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/aloft-dev/aloft"
)

// mainApp is the app that has an environment's short host name.
const mainApp = "web"

// shortHost is the host name of an environment.
func (l *Target) shortHost(key aloft.EnvironmentKey) string {
	return key.Environment + "." + key.Project + "." + l.options.Domain
}

func (l *Target) longHost(p place) string { return p.App + "." + l.shortHost(p.EnvironmentKey) }

// host is the name in the URL of an app.
func (l *Target) host(p place) string {
	if p.App == mainApp {
		return l.shortHost(p.EnvironmentKey)
	}
	return l.longHost(p)
}

// ownHost reports whether a host name belongs to an environment.
func (l *Target) ownHost(key aloft.EnvironmentKey, host string) bool {
	short := l.shortHost(key)
	return host == short || strings.HasSuffix(host, "."+short)
}

func (l *Target) url(host string) string {
	if l.options.Port == 0 || l.options.Port == schemePort(l.options.Scheme) {
		return l.options.Scheme + "://" + host
	}
	return l.options.Scheme + "://" + net.JoinHostPort(host, strconv.Itoa(l.options.Port))
}

// authority is the Host header of requests to an app.
func (l *Target) authority(p place) string {
	_, authority, _ := strings.Cut(l.url(l.host(p)), "://")
	return authority
}

func schemePort(scheme string) int {
	if scheme == "https" {
		return 443
	}
	return 80
}

func portOf(port int, scheme string) int {
	if port == 0 {
		return schemePort(scheme)
	}
	return port
}

func localAddress(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// newClient returns a client that keeps no connections and follows no
// redirects. With an address it connects there, whatever a URL says.
func newClient(address *string) *http.Client {
	transport := &http.Transport{DisableKeepAlives: true}
	if address != nil {
		transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			var dialer net.Dialer
			return dialer.DialContext(ctx, network, *address)
		}
	}
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// ports hands out free ports of this machine. One that was handed out stays
// taken until it is given back, although nothing may listen there at times.
type ports struct {
	mu    sync.Mutex
	taken map[int]bool
}

func (p *ports) take() (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		port, err := aloft.FreePort()
		if err != nil {
			return 0, aloft.Errorf(aloft.CodeUnavailable, "cannot find a free port: %w", err)
		}
		if !p.taken[port] {
			p.taken[port] = true
			return port, nil
		}
	}
}

func (p *ports) giveBack(port int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.taken, port)
}

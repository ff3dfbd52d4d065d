package proxy_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/proxy"
)

const host = "alice.shop.localhost"

// world is a proxy that listens, and a client which finds it under every name.
type world struct {
	*proxy.Proxy
	address string
	client  *http.Client
}

func newWorld(t testing.TB, options proxy.Options) *world {
	t.Helper()
	options.Logger = slog.New(slog.DiscardHandler)
	p := proxy.New(options)
	return newWorldOf(t, p, p)
}

// newWorldOf lets the requests for p go through handler.
func newWorldOf(t testing.TB, p *proxy.Proxy, handler http.Handler) *world {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	w := &world{Proxy: p, address: server.Listener.Addr().String()}
	var dialer net.Dialer
	transport := &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, w.address)
		},
		DisableCompression: true,
	}
	t.Cleanup(transport.CloseIdleConnections)
	w.client = &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return w
}

// app starts a backend and returns its address.
func app(t testing.TB, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

func says(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) }
}

// nobody returns an address at which nothing listens.
func nobody(t testing.TB) string {
	t.Helper()
	port, err := aloft.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}

func (w *world) install(t testing.TB, backends ...string) *proxy.Retired {
	t.Helper()
	return w.installTarget(t, proxy.Target{Backends: backends})
}

func (w *world) installTarget(t testing.TB, target proxy.Target) *proxy.Retired {
	t.Helper()
	retired, err := w.Install(host, target)
	if err != nil {
		t.Fatal(err)
	}
	return retired
}

func (w *world) request(t testing.TB, method, path string, body io.Reader) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+host+path, body)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// do returns the answer and all of its body.
func (w *world) do(t testing.TB, r *http.Request) (*http.Response, string) {
	t.Helper()
	res, err := w.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

func (w *world) get(t testing.TB, path string) (*http.Response, string) {
	t.Helper()
	return w.do(t, w.request(t, http.MethodGet, path, nil))
}

package cloud

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// tunnels is the listener of the server behind the proxy: its connections are
// those that clients had tunnelled to some host.
type tunnels struct {
	connections chan net.Conn
	closed      chan struct{}
	once        sync.Once
}

func newTunnels() *tunnels {
	return &tunnels{connections: make(chan net.Conn), closed: make(chan struct{})}
}

// Accept returns the next tunnelled connection.
func (t *tunnels) Accept() (net.Conn, error) {
	select {
	case connection := <-t.connections:
		return connection, nil
	case <-t.closed:
		return nil, net.ErrClosed
	}
}

// Close lets no further connection in.
func (t *tunnels) Close() error {
	t.once.Do(func() { close(t.closed) })
	return nil
}

// Addr returns an address that means nothing: the connections are not ours.
func (t *tunnels) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

func (c *Cloud) serve() {
	quiet := slog.NewLogLogger(c.options.Logger.Handler(), slog.LevelDebug)
	c.inner = &http.Server{Handler: http.HandlerFunc(c.route), ReadHeaderTimeout: time.Minute, ErrorLog: quiet}
	c.outer = &http.Server{Handler: http.HandlerFunc(c.proxy), ReadHeaderTimeout: time.Minute, ErrorLog: quiet}
	go func() { _ = c.inner.Serve(c.tunnels) }() // ends with Close
	go func() { _ = c.outer.Serve(c.listener) }()
}

// proxy takes CONNECT for the hosts that exist here. Plain requests of an http
// address are led like those in a tunnel.
func (c *Cloud) proxy(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect {
		if !r.URL.IsAbs() {
			http.Error(w, "this is a proxy: name it in HTTPS_PROXY", http.StatusBadRequest)
			return
		}
		r.Host = r.URL.Host
		c.route(w, r)
		return
	}
	host := hostName(r.Host)
	if c.handler(host) == nil {
		c.calls.add(Call{At: time.Now(), Method: r.Method, Host: host, Status: http.StatusBadGateway})
		http.Error(w, "there is no host "+host+" in this cloud", http.StatusBadGateway)
		return
	}
	raw, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	if _, err := io.WriteString(raw, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		raw.Close()
		return
	}
	c.enter(host, raw)
}

// enter puts TLS on a tunnelled connection and hands it to the server behind.
func (c *Cloud) enter(host string, raw net.Conn) {
	secure := tls.Server(raw, &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"http/1.1"},
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			if hello.ServerName != "" {
				return c.authority.sign(strings.ToLower(hello.ServerName))
			}
			return c.authority.sign(host)
		},
	})
	select {
	case c.tunnels.connections <- secure:
	case <-c.tunnels.closed:
		raw.Close()
	}
}

// Transport returns a transport for http.Client, azcore and go-containerregistry
// that reaches every host of the cloud, and no other.
func (c *Cloud) Transport() *http.Transport {
	proxy, err := url.Parse(c.ProxyURL())
	if err != nil {
		panic(err) // it is an address that we have made
	}
	return &http.Transport{
		Proxy:               http.ProxyURL(proxy),
		TLSClientConfig:     &tls.Config{RootCAs: c.authority.pool, MinVersion: tls.VersionTLS12},
		MaxIdleConnsPerHost: 16,
		IdleConnTimeout:     5 * time.Second,
	}
}

// Client returns a client for every host of the cloud.
func (c *Cloud) Client() *http.Client { return &http.Client{Transport: c.Transport()} }

func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// inside answers a request of our own, such as for the keys of an issuer.
func (c *Cloud) inside(ctx context.Context, address string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	transport := c.Transport()
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport, Timeout: 10 * time.Second}).Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, errors.New(address + " answers " + response.Status)
	}
	return io.ReadAll(io.LimitReader(response.Body, 1<<20))
}

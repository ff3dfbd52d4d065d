package proxy

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// backend is one process of a target.
type backend struct {
	target  *target
	address string
	reverse *httputil.ReverseProxy
	pending atomic.Int64
}

func (p *Proxy) newBackend(t *target, address string) *backend {
	b := &backend{target: t, address: address}
	b.reverse = &httputil.ReverseProxy{
		Rewrite:       b.rewrite,
		Transport:     b,
		FlushInterval: -1,
		BufferPool:    &p.buffers,
		ErrorHandler:  b.fail,
		ErrorLog:      slog.NewLogLogger(p.options.Logger.Handler(), slog.LevelDebug),
	}
	return b
}

// newTransport talks to processes of this machine. Idle connections live
// shorter than any server keeps them (Node.js 5 s, gunicorn 2 s), so that no
// request meets one which is just being closed; a new one costs next to nothing.
func newTransport() *http.Transport {
	dialer := net.Dialer{Timeout: 5 * time.Second}
	return &http.Transport{
		DialContext:           dialer.DialContext,
		DisableCompression:    true,
		MaxIdleConnsPerHost:   128,
		IdleConnTimeout:       1500 * time.Millisecond,
		ExpectContinueTimeout: time.Second,
	}
}

func (b *backend) serve(w http.ResponseWriter, r *http.Request) {
	b.pending.Add(1)
	defer b.pending.Add(-1)
	b.reverse.ServeHTTP(w, r)
}

// rewrite makes the request that the process gets.
func (b *backend) rewrite(pr *httputil.ProxyRequest) {
	pr.Out.URL.Scheme, pr.Out.URL.Host = "http", b.address
	pr.Out.URL.RawQuery = pr.In.URL.RawQuery // as it came, whatever it holds
	for name := range pr.Out.Header {
		if claimsForwarding(name) {
			delete(pr.Out.Header, name)
		}
	}
	pr.SetXForwarded()
	if !isUpgrade(pr.In) {
		pr.Out.Header.Del("Upgrade")
		pr.Out.Header.Del("Connection")
		pr.Out.Header.Del("Http2-Settings")
	}
}

// claimsForwarding tells the headers by which a client could pretend to be
// somebody else. CGI and WSGI read an underscore as a dash.
func claimsForwarding(name string) bool {
	if len(name) < len("X-Real-Ip") || name[0] != 'X' && name[0] != 'F' {
		return false
	}
	name = strings.ReplaceAll(strings.ToLower(name), "_", "-")
	return strings.HasPrefix(name, "x-forwarded") || name == "x-real-ip" || name == "forwarded"
}

// isUpgrade reports whether the request asks for a WebSocket. No other upgrade
// is passed on: one to HTTP/2 would be a way around the proxy, and RFC 9110
// lets a server ignore all of them.
func isUpgrade(r *http.Request) bool {
	return len(r.Header["Upgrade"]) > 0 && strings.EqualFold(r.Header.Get("Upgrade"), "websocket") && connectionUpgrades(r.Header)
}

func connectionUpgrades(header http.Header) bool {
	for _, line := range header["Connection"] {
		for token := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(token), "upgrade") {
				return true
			}
		}
	}
	return false
}

// RoundTrip sends the request to the process. When that does not accept a
// connection nothing was sent, and another one gets it.
func (b *backend) RoundTrip(r *http.Request) (*http.Response, error) {
	if len(b.target.backends) == 1 {
		return b.target.transport.RoundTrip(r)
	}
	var body *unread
	if r.Body != nil {
		body = &unread{ReadCloser: r.Body}
		copied := *r
		copied.Body = body
		r = &copied
	}
	res, err := b.target.transport.RoundTrip(r)
	for tried := []*backend{b}; refused(err) && (body == nil || !body.begun.Load()) && r.Context().Err() == nil; {
		other := b.target.pick(tried)
		if other == nil {
			break
		}
		tried = append(tried, other)
		res, err = other.retry(r)
	}
	return res, err
}

func (b *backend) retry(r *http.Request) (*http.Response, error) {
	b.pending.Add(1)
	defer b.pending.Add(-1)
	copied, url := *r, *r.URL
	url.Host = b.address
	copied.URL = &url
	return b.target.transport.RoundTrip(&copied)
}

// refused reports whether no connection could be made.
func refused(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}

// unread is a body that stays open until it is read for the first time, so
// that it can be sent again.
type unread struct {
	io.ReadCloser
	begun atomic.Bool
}

func (u *unread) Read(p []byte) (int, error) {
	u.begun.Store(true)
	return u.ReadCloser.Read(p)
}

func (u *unread) Close() error {
	if !u.begun.Load() {
		return nil
	}
	return u.ReadCloser.Close()
}

// fail answers when the process did not.
func (b *backend) fail(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, context.Canceled) {
		return // the client has gone
	}
	page := Page{
		Status: http.StatusBadGateway, Title: "The app broke off",
		Message: "It took the request and ended the connection without an answer. Its log tells why.",
	}
	if refused(err) {
		page.Title = "The app does not answer"
		page.Message = "It runs no process that accepts connections at the moment. Processes that end are started again."
		page.RetryAfter = 2 * time.Second
		page.Refresh = r.Method == http.MethodGet
	}
	page.write(w, r)
}

const bufferSize = 32 << 10

// buffers lends the memory that answers are copied through.
type buffers struct{ pool sync.Pool }

// Get returns a buffer of bufferSize bytes.
func (b *buffers) Get() []byte {
	if buffer, ok := b.pool.Get().(*[bufferSize]byte); ok {
		return buffer[:]
	}
	return new([bufferSize]byte)[:]
}

// Put takes a buffer back.
func (b *buffers) Put(buffer []byte) { b.pool.Put((*[bufferSize]byte)(buffer)) }

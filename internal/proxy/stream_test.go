package proxy_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/aloft-dev/aloft/internal/proxy"
)

func listen() net.Listener {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	return listener
}

// echo answers every message of a WebSocket with name and the message.
func echo(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		conn, _, _, err := ws.UpgradeHTTP(r, w)
		if err != nil {
			return
		}
		defer conn.Close()
		for {
			text, err := wsutil.ReadClientText(conn)
			if err != nil {
				return
			}
			if err := wsutil.WriteServerText(conn, append([]byte(name+" "), text...)); err != nil {
				return
			}
		}
	}
}

func (w *world) webSocket(t *testing.T) net.Conn {
	t.Helper()
	dialer := ws.Dialer{NetDial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, w.address)
	}}
	conn, _, _, err := dialer.Dial(t.Context(), "ws://"+host+"/socket")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func say(t *testing.T, conn net.Conn, text, want string) {
	t.Helper()
	if err := wsutil.WriteClientText(conn, []byte(text)); err != nil {
		t.Fatal(err)
	}
	got, err := wsutil.ReadServerText(conn)
	if err != nil || string(got) != want {
		t.Fatalf("%q, %v, want %q", got, err, want)
	}
}

func TestWebSocket(t *testing.T) {
	t.Parallel()
	w := newWorld(t, proxy.Options{UpgradeLimit: time.Millisecond})
	w.install(t, app(t, echo("old")))
	conn := w.webSocket(t)
	say(t, conn, "hello", "old hello")

	retired := w.install(t, app(t, echo("new")))
	say(t, conn, "again", "old again")
	say(t, w.webSocket(t), "hello", "new hello")
	if err := retired.Drain(t.Context()); err != nil {
		t.Errorf("drain: %v, although WebSockets are closed after a limit", err)
	}
	if _, err := wsutil.ReadServerText(conn); err == nil {
		t.Error("the WebSocket is still open")
	}
}

func TestWebSocketThatEndsByItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t, proxy.Options{UpgradeLimit: time.Hour})
	w.install(t, app(t, echo("app")))
	conn := w.webSocket(t)
	say(t, conn, "hello", "app hello")
	retired := w.Remove(host)
	if retired.InFlight() != 1 {
		t.Errorf("%d in flight", retired.InFlight())
	}
	conn.Close()
	if err := retired.Drain(t.Context()); err != nil {
		t.Error(err)
	}
}

// Each event is sent only after the one before was received.
func TestStreamIsNotBuffered(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		rule   string
		header http.Header
	}{
		{"server-sent events", http.Header{"Content-Type": {"text/event-stream"}}},
		{"a body of unknown length", nil},
		{"a body of known length", http.Header{"Content-Length": {"30"}}},
	} {
		t.Run(test.rule, func(t *testing.T) {
			w := newWorld(t, proxy.Options{})
			received := make(chan struct{})
			w.install(t, app(t, func(rw http.ResponseWriter, _ *http.Request) {
				for name, values := range test.header {
					rw.Header()[name] = values
				}
				for i := range 3 {
					fmt.Fprintf(rw, "data: %02d\n\n", i)
					_ = http.NewResponseController(rw).Flush()
					<-received
				}
			}))
			res, err := w.client.Do(w.request(t, http.MethodGet, "/", nil))
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			lines := bufio.NewScanner(res.Body)
			for i := range 3 {
				lines.Scan()
				if want := fmt.Sprintf("data: %02d", i); lines.Text() != want {
					t.Fatalf("%q, want %q", lines.Text(), want)
				}
				lines.Scan()
				received <- struct{}{}
			}
		})
	}
}

// random yields size bytes and keeps their digest.
func random(size int64) (io.Reader, hash.Hash) {
	digest := sha256.New()
	source := rand.NewChaCha8([32]byte{1})
	return io.TeeReader(io.LimitReader(source, size), digest), digest
}

func TestLargeUploadTakesLittleMemory(t *testing.T) { // alone: it looks at the memory of the whole program
	const size, limit = 100 << 20, 16 << 20
	w := newWorld(t, proxy.Options{})
	w.install(t, app(t, func(rw http.ResponseWriter, r *http.Request) {
		digest := sha256.New()
		_, _ = io.Copy(digest, r.Body)
		fmt.Fprintf(rw, "%x", digest.Sum(nil))
	}))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	body, digest := random(size)
	_, got := w.do(t, w.request(t, http.MethodPut, "/", body))
	runtime.ReadMemStats(&after)
	if want := fmt.Sprintf("%x", digest.Sum(nil)); got != want {
		t.Errorf("digest %s, want %s", got, want)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > limit {
		t.Errorf("%d bytes were allocated on the way, limit %d", used, limit)
	}
}

// A client that does not read neither fills the proxy nor holds others up.
func TestSlowClient(t *testing.T) { // alone, as above
	const size, limit = 64 << 20, 16 << 20
	w := newWorld(t, proxy.Options{})
	digests := make(chan string, 1)
	w.install(t, app(t, func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/large" {
			fmt.Fprint(rw, "quick")
			return
		}
		body, digest := random(size)
		_, _ = io.Copy(rw, body)
		digests <- fmt.Sprintf("%x", digest.Sum(nil))
	}))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	res, err := w.client.Do(w.request(t, http.MethodGet, "/large", nil))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	for range 20 {
		if _, body := w.get(t, "/"); body != "quick" {
			t.Errorf("others get %q", body)
		}
	}
	digest := sha256.New()
	if _, err := io.Copy(digest, res.Body); err != nil {
		t.Error(err)
	}
	runtime.ReadMemStats(&after)
	if got, want := fmt.Sprintf("%x", digest.Sum(nil)), <-digests; got != want {
		t.Errorf("digest %s, want %s", got, want)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > limit {
		t.Errorf("%d bytes were allocated on the way, limit %d", used, limit)
	}
}

func TestClientThatAborts(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		rule    string
		written int // before the client goes
	}{{"before the answer", 0}, {"in the middle of the answer", 4096}} {
		t.Run(test.rule, func(t *testing.T) {
			gone := make(chan struct{})
			panicked := make(chan any, 1)
			p := proxy.New(proxy.Options{})
			arrived := make(chan struct{})
			w := newWorldOf(t, p, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				defer func() { panicked <- recover() }()
				p.ServeHTTP(rw, r)
			}))
			w.install(t, app(t, func(rw http.ResponseWriter, r *http.Request) {
				_, _ = rw.Write(make([]byte, test.written))
				_ = http.NewResponseController(rw).Flush()
				close(arrived)
				<-r.Context().Done()
				close(gone)
			}))
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() {
				defer close(done)
				if res, err := w.client.Do(w.request(t, http.MethodGet, "/", nil).WithContext(ctx)); err == nil {
					<-ctx.Done()
					res.Body.Close()
				}
			}()
			<-arrived
			cancel()
			<-done
			<-gone
			if err := w.Remove(host).Drain(t.Context()); err != nil {
				t.Error(err)
			}
			if reason := <-panicked; reason != nil {
				t.Errorf("panic: %v", reason)
			}
		})
	}
}

// An answer that an app breaks off must not look whole.
func TestAppThatBreaksOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t, proxy.Options{})
	w.install(t, app(t, func(rw http.ResponseWriter, _ *http.Request) {
		_, _ = rw.Write(make([]byte, 8192))
		_ = http.NewResponseController(rw).Flush()
		panic(http.ErrAbortHandler)
	}))
	res, err := w.client.Do(w.request(t, http.MethodGet, "/", nil))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err == nil {
		t.Error("half an answer ended like a whole one")
	}
	if err := w.Remove(host).Drain(t.Context()); err != nil {
		t.Error(err)
	}
}

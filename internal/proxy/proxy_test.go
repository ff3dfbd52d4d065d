package proxy_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/proxy"
)

func TestRequestReachesTheAppAsItWas(t *testing.T) {
	t.Parallel()
	w := newWorld(t, proxy.Options{})
	requests := make(chan *http.Request, 1)
	w.install(t, app(t, func(_ http.ResponseWriter, r *http.Request) { requests <- r }))

	for _, test := range []struct {
		rule string
		send http.Header
		want map[string]string
	}{
		{"the proxy tells who asked", nil, map[string]string{
			"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "http", "X-Forwarded-Host": host,
		}},
		{"what the client claims is replaced", http.Header{
			"X-Forwarded-For": {"6.6.6.6"}, "X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"bank.example"},
			"X-Forwarded-Port": {"443"}, "X-Forwarded-Prefix": {"/x"}, "X-Real-Ip": {"6.6.6.6"}, "Forwarded": {"for=6.6.6.6"},
			"X_Forwarded_For": {"6.6.6.6"}, "x_real_ip": {"6.6.6.6"},
		}, map[string]string{
			"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "http", "X-Forwarded-Host": host,
			"X-Forwarded-Port": "", "X-Forwarded-Prefix": "", "X-Real-Ip": "", "Forwarded": "", "X_forwarded_for": "", "X_real_ip": "",
		}},
		{"headers of one hop stay on it", http.Header{
			"Connection": {"keep-alive, X-Secret"}, "X-Secret": {"1"}, "Keep-Alive": {"1"}, "Proxy-Authorization": {"Basic x"},
		}, map[string]string{"X-Secret": "", "Keep-Alive": "", "Proxy-Authorization": "", "Connection": ""}},
		{"other headers pass", http.Header{"Accept-Encoding": {"br"}, "Cookie": {"a=b"}, "X-Requested-With": {"x"}, "Forwarder": {"y"}},
			map[string]string{"Accept-Encoding": "br", "Cookie": "a=b", "X-Requested-With": "x", "Forwarder": "y"}},
		{"an upgrade to HTTP/2 is ignored", http.Header{
			"Connection": {"Upgrade, HTTP2-Settings"}, "Upgrade": {"h2c"}, "Http2-Settings": {"AAMAAABkAARAAAAAAAIAAAAA"},
		}, map[string]string{"Upgrade": "", "Connection": "", "Http2-Settings": ""}},
	} {
		t.Run(test.rule, func(t *testing.T) {
			request := w.request(t, http.MethodGet, "/a%2Fb//c?x=1;y=2&z", nil)
			maps.Copy(request.Header, test.send)
			res, _ := w.do(t, request)
			if res.StatusCode != http.StatusOK || res.ProtoMajor != 1 {
				t.Errorf("answer %s %s", res.Proto, res.Status)
			}
			got := <-requests
			if got.Host != host || got.RequestURI != "/a%2Fb//c?x=1;y=2&z" {
				t.Errorf("host %q, URI %q", got.Host, got.RequestURI)
			}
			for name, want := range test.want {
				if value := got.Header.Get(name); value != want {
					t.Errorf("%s is %q, want %q", name, value, want)
				}
			}
		})
	}
}

func TestHostNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t, proxy.Options{Page: func(_ context.Context, host string) proxy.Page { return proxy.Page{Title: "<" + host + ">"} }})
	w.install(t, app(t, says("app")))
	for _, test := range []struct{ rule, host, want string }{
		{"plain", host, "app"},
		{"with a port", host + ":8090", "app"},
		{"in capitals", "Alice.Shop.Localhost", "app"},
		{"fully qualified", host + ".:8090", "app"},
		{"a part of another", "x." + host, "404 <x." + host + ">\n"},
		{"an address", "[::1]:8090", "404 <::1>\n"},
		{"an address without a port", "[::1]", "404 <[::1]>\n"},
	} {
		t.Run(test.rule, func(t *testing.T) {
			request := w.request(t, http.MethodGet, "/", nil)
			request.Host = test.host
			if _, body := w.do(t, request); body != test.want {
				t.Errorf("%q, want %q", body, test.want)
			}
		})
	}
}

func TestInstallRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, proxy.Options{})
	w.install(t, app(t, says("app")))
	for _, test := range []struct {
		rule   string
		target proxy.Target
		code   aloft.Code
	}{
		{"a target that leads nowhere", proxy.Target{}, aloft.CodeInvalid},
		{"a backend without a port", proxy.Target{Backends: []string{"localhost"}}, aloft.CodeInvalid},
		{"a folder that is not there", proxy.Target{Static: "/nowhere/at/all"}, aloft.CodeNotFound},
	} {
		t.Run(test.rule, func(t *testing.T) {
			if _, err := w.Install(host, test.target); aloft.ErrorCode(err) != test.code {
				t.Errorf("%v, want %s", err, test.code)
			}
			if _, body := w.get(t, "/"); body != "app" {
				t.Errorf("the route before is gone: %q", body)
			}
		})
	}
}

func TestSeveralBackendsShareRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t, proxy.Options{})
	count := map[string]int{}
	w.install(t, app(t, says("a")), app(t, says("b")), app(t, says("c")))
	for range 30 {
		_, body := w.get(t, "/")
		count[body]++
	}
	if count["a"] != 10 || count["b"] != 10 || count["c"] != 10 {
		t.Errorf("%v: without load each has its turn", count)
	}
}

func TestBusyBackendIsSpared(t *testing.T) {
	t.Parallel()
	w := newWorld(t, proxy.Options{})
	arrived, release := make(chan string, 1), make(chan struct{})
	instance := func(name string) string {
		return app(t, func(rw http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/slow" {
				arrived <- name
				<-release
			}
			fmt.Fprint(rw, name)
		})
	}
	w.install(t, instance("a"), instance("b"))
	done := make(chan error)
	go func() {
		res, err := w.client.Do(w.request(t, http.MethodGet, "/slow", nil))
		if err == nil {
			res.Body.Close()
		}
		done <- err
	}()
	busy := <-arrived
	for range 10 {
		if _, body := w.get(t, "/"); body == busy {
			t.Errorf("the busy backend %s got a request", busy)
		}
	}
	close(release)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestBackendThatRefuses(t *testing.T) {
	t.Parallel()
	echo := func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = rw.Write(body)
	}
	w := newWorld(t, proxy.Options{})
	t.Run("another one answers, bodies included", func(t *testing.T) {
		w.install(t, nobody(t), app(t, echo), nobody(t))
		for i := range 12 {
			text := strings.Repeat("x", 100_000*(i%2))
			if res, body := w.do(t, w.request(t, http.MethodPost, "/", strings.NewReader(text))); res.StatusCode != 200 || body != text {
				t.Errorf("%s, %d bytes, want %d", res.Status, len(body), len(text))
			}
		}
	})
	t.Run("without another one a page tells", func(t *testing.T) {
		w.install(t, nobody(t), nobody(t))
		res, body := w.get(t, "/")
		if res.StatusCode != http.StatusBadGateway || res.Header.Get("Retry-After") == "" || !strings.Contains(body, "does not answer") {
			t.Errorf("%s %v %q", res.Status, res.Header, body)
		}
	})
	t.Run("one that breaks off is not asked again", func(t *testing.T) {
		var asked atomic.Int32
		breaks := app(t, func(http.ResponseWriter, *http.Request) { asked.Add(1); panic(http.ErrAbortHandler) })
		w.install(t, breaks)
		res, body := w.do(t, w.request(t, http.MethodPost, "/", strings.NewReader("x")))
		if res.StatusCode != http.StatusBadGateway || asked.Load() != 1 || !strings.Contains(body, "broke off") {
			t.Errorf("%s after %d times: %q", res.Status, asked.Load(), body)
		}
	})
}

func TestHTTP2PrefaceIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, proxy.Options{})
	conn, err := net.Dial("tcp", w.address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body)
	if res.StatusCode != http.StatusHTTPVersionNotSupported || !strings.Contains(string(text), "HTTP/1.1") || !res.Close {
		t.Errorf("%s %q", res.Status, text)
	}
}

func TestCountsSurviveASwap(t *testing.T) {
	t.Parallel()
	w := newWorld(t, proxy.Options{})
	w.installTarget(t, proxy.Target{Backends: []string{app(t, says("1"))}, Release: 1})
	w.get(t, "/")
	w.installTarget(t, proxy.Target{Backends: []string{app(t, says("2"))}, Release: 2})
	before, _ := w.Route(host)
	w.get(t, "/")
	route, ok := w.Route(strings.ToUpper(host) + ":80")
	if !ok || route.Requests != 2 || route.Release != 2 || !route.LastRequest.After(before.LastRequest) {
		t.Errorf("%+v", route)
	}
	if routes := w.Routes(); len(routes) != 1 || routes[0].Host != host {
		t.Errorf("routes %+v", routes)
	}
	if !w.Remove(host).Existed() || w.Remove(host).Existed() {
		t.Error("a route is removed once")
	}
	if _, ok := w.Route(host); ok || len(w.Routes()) != 0 {
		t.Error("a route is left")
	}
}

package proxy_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/aloft-dev/aloft/internal/proxy"
)

// BenchmarkProxy compares the proxy with a bare ReverseProxy that has the same
// kind of transport, both with 16 connections.
func BenchmarkProxy(b *testing.B) {
	for _, size := range []int{100, 100_000} {
		body := make([]byte, size)
		app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) }))
		defer app.Close()
		target, _ := url.Parse(app.URL)
		bare := &httputil.ReverseProxy{
			Rewrite: func(pr *httputil.ProxyRequest) {
				pr.SetURL(target)
				pr.Out.Host = pr.In.Host
				pr.SetXForwarded()
			},
			Transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 128},
		}
		ours := proxy.New(proxy.Options{})
		if _, err := ours.Install("bench.test", proxy.Target{Backends: []string{target.Host}}); err != nil {
			b.Fatal(err)
		}
		for _, subject := range []struct {
			name    string
			handler http.Handler
		}{{"bare", bare}, {"aloft", ours}} {
			b.Run(subject.name+"/"+map[int]string{100: "small", 100_000: "large"}[size], func(b *testing.B) {
				load(b, subject.handler)
			})
		}
	}
}

func load(b *testing.B, handler http.Handler) {
	server := httptest.NewServer(handler)
	defer server.Close()
	address := server.Listener.Addr().String()
	client := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", address)
		},
		MaxIdleConnsPerHost: 64,
	}}
	b.ReportAllocs()
	b.SetParallelism(max(1, 16/runtime.GOMAXPROCS(0)))
	start, before := time.Now(), cpuTime()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			res, err := client.Get("http://bench.test/")
			if err != nil {
				b.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, res.Body)
			res.Body.Close()
		}
	})
	b.ReportMetric(float64(b.N)/time.Since(start).Seconds(), "req/s")
	b.ReportMetric(float64((cpuTime()-before).Microseconds())/float64(b.N), "cpu-µs/op")
}

// cpuTime is fairer than the clock on a machine that others use as well.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

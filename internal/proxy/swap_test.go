package proxy_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aloft-dev/aloft/internal/proxy"
)

// TestSwapUnderLoad stops every old process as soon as its drain says that it
// may: a request that was led there too late would fail.
func TestSwapUnderLoad(t *testing.T) {
	t.Parallel()
	const swaps, clients = 100, 8
	w := newWorld(t, proxy.Options{})
	w.client.Transport.(*http.Transport).MaxIdleConnsPerHost = clients
	process, address := start(release(0))
	w.install(t, address)

	var served, failed atomic.Int64
	stop, answered := make(chan struct{}), make(chan struct{})
	var group sync.WaitGroup
	for range clients {
		group.Go(func() {
			for newest := 0; ; {
				select {
				case <-stop:
					return
				default:
				}
				number, err := w.number()
				served.Add(1)
				if err != nil || number < newest {
					failed.Add(1)
					t.Errorf("after release %d: %d, %v", newest, number, err)
				}
				newest = max(newest, number)
				select {
				case answered <- struct{}{}:
				default:
				}
			}
		})
	}
	for i := range swaps {
		for range 3 {
			<-answered
		}
		next, address := start(release(i + 1))
		retired := w.install(t, address)
		if err := retired.Drain(t.Context()); err != nil {
			t.Error(err)
		}
		process()
		process = next
	}
	close(stop)
	group.Wait()
	process()
	if failed.Load() > 0 || served.Load() < swaps {
		t.Errorf("%d requests, %d failed", served.Load(), failed.Load())
	}
}

func release(number int) http.HandlerFunc { return says(strconv.Itoa(number)) }

// start starts a backend which stop ends without any grace.
func start(handler http.HandlerFunc) (stop func(), address string) {
	listener := listen()
	server := &http.Server{Handler: handler}
	go func() { _ = server.Serve(listener) }()
	return func() { server.Close() }, listener.Addr().String()
}

func (w *world) number() (int, error) {
	res, err := w.client.Get("http://" + host + "/")
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err
	}
	if res.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("%s %s", res.Status, text)
	}
	return strconv.Atoi(string(text))
}

func TestDrain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, proxy.Options{})
	arrived, release := make(chan struct{}), make(chan struct{})
	if w.install(t, app(t, func(rw http.ResponseWriter, _ *http.Request) {
		close(arrived)
		<-release
		fmt.Fprint(rw, "old")
	})).Existed() {
		t.Error("a target existed before the first")
	}
	answer := make(chan string)
	go func() {
		res, err := w.client.Do(w.request(t, http.MethodGet, "/", nil))
		if err != nil {
			answer <- err.Error()
			return
		}
		defer res.Body.Close()
		text, _ := io.ReadAll(res.Body)
		answer <- string(text)
	}()
	<-arrived
	retired := w.install(t, app(t, says("new")))
	if _, body := w.get(t, "/"); body != "new" {
		t.Errorf("after the swap %q answers", body)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := retired.Drain(ctx); !errors.Is(err, context.Canceled) || retired.InFlight() != 1 {
		t.Errorf("%v with %d in flight", err, retired.InFlight())
	}
	close(release)
	if text := <-answer; text != "old" {
		t.Errorf("the request under way got %q", text)
	}
	if err := retired.Drain(t.Context()); err != nil || retired.InFlight() != 0 {
		t.Errorf("%v with %d in flight", err, retired.InFlight())
	}
	if err := w.Remove("nothing.here").Drain(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestRemovedRouteIsDrainedToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, proxy.Options{})
	w.install(t, app(t, says("app")))
	w.get(t, "/")
	if err := w.Remove(host).Drain(t.Context()); err != nil {
		t.Error(err)
	}
	if res, _ := w.get(t, "/"); res.StatusCode != http.StatusNotFound {
		t.Errorf("answer %s", res.Status)
	}
}

// A request that never ends holds a drain up until its context ends.
func TestDrainWithLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, proxy.Options{})
	arrived := make(chan struct{})
	w.install(t, app(t, func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	}))
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		if res, err := w.client.Do(w.request(t, http.MethodGet, "/", nil).WithContext(ctx)); err == nil {
			res.Body.Close()
		}
	}()
	<-arrived
	limited, stop := context.WithTimeout(t.Context(), time.Millisecond)
	defer stop()
	retired := w.Remove(host)
	if err := retired.Drain(limited); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	cancel()
	<-gone
	if err := retired.Drain(t.Context()); err != nil {
		t.Error(err)
	}
}

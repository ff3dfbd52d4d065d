package local_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/local"
	"github.com/aloft-dev/aloft/internal/supervise"
)

func TestDeploy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	slot := w.slot(t, "web")

	r := request(t, "app", "1")
	first := w.deploy(t, r)
	if first.Number != 1 || first.Status != aloft.ReleaseActive || first.SlotKey == "" || first.RunID != 1 {
		t.Errorf("release %+v", first)
	}
	w.serves(t, slot.URL, "1")
	if log := r.Log.(*log).String(); !strings.Contains(log, "1 process answers GET / after") {
		t.Errorf("log %q", log)
	}
	if err := w.Verify(t.Context(), alice, "web"); err != nil {
		t.Error(err)
	}

	second := w.deploy(t, request(t, "app", "2"))
	if second.Number != 2 {
		t.Errorf("release %+v", second)
	}
	w.serves(t, slot.URL, "2")
	w.settle(t)
	if list := w.processes(); !slices.Equal(list, []string{"web/web.1@2"}) {
		t.Errorf("processes %v", list)
	}
}

// While one release after the other takes over, each with several processes,
// nobody notices.
func TestSwapUnderLoad(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	slot := w.slot(t, "web", func(s *aloft.Slot) { s.Instances = 2 })
	w.deploy(t, request(t, "app", "0"))

	stop, served := make(chan struct{}), make(chan struct{})
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for newest := 0; ; {
				version, err := w.version(slot.URL)
				if err != nil || version < newest {
					t.Errorf("after version %d: %d, %v", newest, version, err)
				}
				newest = max(newest, version)
				select {
				case served <- struct{}{}:
				case <-stop:
					return
				}
			}
		})
	}
	for version := 1; version <= 5; version++ {
		done := make(chan struct{})
		go func() {
			defer close(done)
			w.deploy(t, request(t, "app", strconv.Itoa(version)))
		}()
		for swapped := false; !swapped; {
			select {
			case <-served:
			case <-done:
				swapped = true
			}
		}
		for range 10 {
			<-served
		}
	}
	settled := make(chan struct{})
	go func() {
		defer close(settled)
		w.settle(t)
	}()
	for stopped := false; !stopped; {
		select {
		case <-served:
		case <-settled:
			stopped = true
		}
	}
	close(stop)
	group.Wait()
	if list := w.processes(); !slices.Equal(list, []string{"web/web.1@6", "web/web.2@6"}) {
		t.Errorf("processes %v", list)
	}
}

func (w *world) version(url string) (int, error) {
	response, err := w.client.Get(url)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err
	}
	if response.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("%s: %s", response.Status, body)
	}
	return strconv.Atoi(string(body))
}

func TestFailureKeepsTheReleaseBefore(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		rule, play  string
		change      func(*local.Request)
		says, shows []string
		linux       bool
	}{
		{"a process that ends tells how, and its last words", "crash", nil,
			[]string{"web.1 ended before it answered: exit status 3"},
			[]string{"  | reading settings", "  | panic: there is no DATABASE_URL", "release 1 keeps serving"}, false},
		{"a process that listens elsewhere is told where", "elsewhere", patience(5 * time.Second),
			[]string{"web.1 listens on 127.0.0.1:", ", not on $PORT ("}, []string{"  | listening on 127.0.0.1:"}, true},
		{"a process that never listens", "deaf", patience(200 * time.Millisecond),
			[]string{"web.1 listens nowhere"}, nil, true},
		{"a process that only listens on IPv6", "beside", patience(5 * time.Second),
			[]string{"web.1 listens on [::1]:", "does not reach it"}, nil, true},
		{"a process that listens and does not answer", "mute", patience(5 * time.Second),
			[]string{"web.1 did not answer GET / on 127.0.0.1:"}, nil, false},
		{"a server error at /", "unhealthy", patience(5 * time.Second),
			[]string{"web.1 answers GET / with status 500"}, nil, false},
		{"a bad status at the health path", "unhealthy", func(r *local.Request) {
			r.App.Health.Value = "/healthz"
			patience(5 * time.Second)(r)
		}, []string{"web.1 answers GET /healthz with status 503"}, nil, false},
		{"a program that is not there", "", func(r *local.Request) { r.App.Start.Args = []string{"./server"} },
			[]string{"./server is not a program"}, nil, false},
		{"a worker that cannot be started", "app", func(r *local.Request) {
			r.App.Processes = map[string]aloft.Command{"worker": {Args: []string{"no-such-worker"}}}
		}, []string{"no program no-such-worker"}, nil, false},
		{"a folder to serve that is not there", "", func(r *local.Request) { r.App.Static.Value = "dist" },
			[]string{`its build made no folder "dist"`}, nil, false},
		{"an artifact that is gone", "app", func(r *local.Request) { r.Artifact.Dir = "/nowhere/at/all" },
			[]string{"its artifact is gone"}, nil, false},
		{"no command at all", "", func(r *local.Request) { r.App.Start = aloft.Command{} },
			[]string{"it has no start command"}, nil, false},
	} {
		t.Run(test.rule, func(t *testing.T) {
			if test.linux && runtime.GOOS != "linux" {
				t.Skip("where a process listens is only known on Linux")
			}
			if test.play == "beside" && !hasIPv6() {
				t.Skip("this machine has no IPv6")
			}
			t.Parallel()
			w := newWorld(t)
			slot := w.slot(t, "web")
			w.deploy(t, request(t, "app", "1"))
			r := request(t, test.play, "2")
			if test.change != nil {
				test.change(&r)
			}
			release, _, err := w.Deploy(t.Context(), r)
			if err == nil || release.Status != aloft.ReleaseFailed || release.Reason != err.Error() || aloft.ErrorHint(err) == "" && test.play != "" && test.shows != nil {
				t.Fatalf("%v, hint %q, release %+v", err, aloft.ErrorHint(err), release)
			}
			for _, text := range test.says {
				if !strings.Contains(err.Error(), text) {
					t.Errorf("the error lacks %q: %v", text, err)
				}
			}
			for _, text := range test.shows {
				if !strings.Contains(r.Log.(*log).String(), text) {
					t.Errorf("the log lacks %q:\n%s", text, r.Log)
				}
			}
			w.serves(t, slot.URL, "1")
			if list := w.processes(); !slices.Equal(list, []string{"web/web.1@1"}) {
				t.Errorf("processes %v", list)
			}
		})
	}
}

func hasIPv6() bool {
	listener, err := net.Listen("tcp", "[::1]:0")
	if err == nil {
		listener.Close()
	}
	return err == nil
}

func patience(limit time.Duration) func(*local.Request) {
	return func(r *local.Request) { r.App.HealthTime = limit }
}

// The end of a process is noticed when it happens, not when patience is over.
func TestExitIsToldAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.slot(t, "web")
	r := request(t, "crash", "1")
	r.App.HealthTime = time.Hour
	_, _, err := w.Deploy(t.Context(), r)
	told := time.Now()
	if err == nil {
		t.Fatal("it is healthy")
	}
	var logged strings.Builder
	if err := w.supervisor.Logs(t.Context(), alice, "web", supervise.LogOptions{}, &logged); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(logged.String()) {
		stamp, rest, _ := strings.Cut(line, " ")
		if !strings.Contains(rest, "panic") {
			continue
		}
		said, err := time.Parse(time.RFC3339, stamp)
		if err != nil {
			t.Fatal(err)
		}
		if told.Sub(said) > time.Minute { // of an hour
			t.Errorf("told %v after its last words", told.Sub(said))
		}
		return
	}
	t.Errorf("its last words are not in the log: %s", &logged)
}

func TestSlowStartIsWaitedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	slot := w.slot(t, "web", func(s *aloft.Slot) { s.HealthPath = "/healthz" })
	r := request(t, "slow", "1")
	w.deploy(t, r)
	w.serves(t, slot.URL, "1")
	if !strings.Contains(r.Log.(*log).String(), "GET /healthz") {
		t.Errorf("log %q", r.Log)
	}
}

func TestCanceledDeployLeavesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.slot(t, "web")
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for len(w.processes()) == 0 && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	_, _, err := w.Deploy(ctx, request(t, "deaf", "1"))
	if aloft.ErrorCode(err) != aloft.CodeCanceled {
		t.Errorf("%v (%s)", err, aloft.ErrorCode(err))
	}
	if left := w.supervisor.Leftovers(alice); len(left) > 0 || len(w.store.releases) > 0 {
		t.Errorf("left: %v, releases %v", left, w.store.releases)
	}
}

func TestReleaseThatCannotBeRecordedIsNotSwappedIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	slot := w.slot(t, "web")
	w.deploy(t, request(t, "app", "1"))
	w.store.refuse = true
	if _, _, err := w.Deploy(t.Context(), request(t, "app", "2")); err == nil || !strings.Contains(err.Error(), "disk is full") {
		t.Error(err)
	}
	w.serves(t, slot.URL, "1")
	if list := w.processes(); !slices.Equal(list, []string{"web/web.1@1"}) {
		t.Errorf("processes %v", list)
	}
}

func TestUnchangedReleaseIsSkipped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.slot(t, "web")
	r := request(t, "app", "1")
	w.deploy(t, r)
	again := func(change func(*local.Request)) (int64, bool) {
		t.Helper()
		copied := r
		if change != nil {
			change(&copied)
		}
		release, skipped, err := w.Deploy(t.Context(), copied)
		if err != nil {
			t.Fatal(err)
		}
		return release.Number, skipped
	}
	for _, test := range []struct {
		rule   string
		before func()
		change func(*local.Request)
		number int64
		skips  bool
	}{
		{"nothing has changed", nil, nil, 1, true},
		{"only the commit and the line of a setting have", nil, func(r *local.Request) {
			r.Revision = "another"
			r.App.Start.Source.Line = 7
		}, 1, true},
		{"it is forced", nil, func(r *local.Request) { r.Force = true }, 2, false},
		{"the artifact has changed", nil, func(r *local.Request) { r.Artifact.ID = "x" }, 3, false},
		{"a command has changed", nil, func(r *local.Request) { r.App.Start.Args = append(r.App.Start.Args, "x") }, 4, false},
		{"a variable has changed", func() {
			w.slot(t, "web", func(s *aloft.Slot) { s.Variables = map[string]string{"A": "b"} })
		}, nil, 5, false},
		{"a process is missing", func() {
			w.supervisor.Stop(t.Context(), alice, "web", 0)
		}, nil, 6, false},
		{"a route is missing", func() { w.proxy.Remove("alice.shop.localhost") }, nil, 7, false},
		{"all is well again", nil, nil, 7, true},
	} {
		t.Run(test.rule, func(t *testing.T) {
			if test.before != nil {
				test.before()
			}
			if number, skipped := again(test.change); number != test.number || skipped != test.skips {
				t.Errorf("release %d, skipped %v; want %d, %v", number, skipped, test.number, test.skips)
			}
		})
	}
}

func TestScaling(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	slot := w.slot(t, "web")
	w.deploy(t, request(t, "app", "1"))
	w.slot(t, "web", func(s *aloft.Slot) { s.Instances = 3 })
	w.deploy(t, request(t, "app", "1"))
	pids := map[string]bool{}
	for range 6 {
		_, pid := w.get(t, slot.URL+"/pid")
		pids[pid] = true
	}
	w.settle(t)
	if list := w.processes(); len(pids) != 3 || !slices.Equal(list, []string{"web/web.1@2", "web/web.2@2", "web/web.3@2"}) {
		t.Errorf("%d answer, processes %v", len(pids), list)
	}
}

func TestWorkers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.slot(t, "web")
	withWorker := func(version string) local.Request {
		r := request(t, "app", version)
		r.App.Processes = map[string]aloft.Command{"worker": {Args: append(slices.Clone(r.App.Start.Args), "play-worker")}}
		return r
	}
	w.deploy(t, withWorker("1"))
	if list := w.processes(); !slices.Equal(list, []string{"web/web.1@1", "web/worker.1@1"}) {
		t.Errorf("processes %v", list)
	}
	w.deploy(t, withWorker("2"))
	w.settle(t)
	if list := w.processes(); !slices.Equal(list, []string{"web/web.1@2", "web/worker.1@2"}) {
		t.Errorf("processes %v", list)
	}
	t.Run("without a web process", func(t *testing.T) {
		r := withWorker("3")
		r.App.Start = aloft.Command{}
		w.deploy(t, r)
		w.settle(t)
		if list := w.processes(); !slices.Equal(list, []string{"web/worker.1@3"}) {
			t.Errorf("processes %v", list)
		}
		if err := w.Verify(t.Context(), alice, "web"); err != nil || len(w.proxy.Routes()) != 0 {
			t.Errorf("%v, routes %v", err, w.proxy.Routes())
		}
	})
}

func TestStaticApp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	slot := w.slot(t, "web")
	r := request(t, "", "1")
	r.App.Start, r.App.Static = aloft.Command{}, aloft.Setting{Value: "dist"}
	if err := os.MkdirAll(filepath.Join(r.Artifact.Dir, "dist"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(r.Artifact.Dir, "dist", "index.html"), []byte("static"), 0o644); err != nil {
		t.Fatal(err)
	}
	w.deploy(t, r)
	w.serves(t, slot.URL, "static")
	if err := w.Verify(t.Context(), alice, "web"); err != nil || len(w.processes()) != 0 {
		t.Errorf("%v, processes %v", err, w.processes())
	}
	if _, skipped, err := w.Deploy(t.Context(), r); err != nil || !skipped {
		t.Errorf("again: skipped %v, %v", skipped, err)
	}
	t.Run("a command of the slot goes before", func(t *testing.T) {
		program, _ := os.Executable()
		w.slot(t, "web", func(s *aloft.Slot) { s.Command = "exec " + program + " play-app" })
		w.deploy(t, r)
		w.serves(t, slot.URL, "1")
	})
}

func TestHostNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const short = "alice.shop.localhost"
	deployApp := func(app string) {
		r := request(t, "app", app)
		r.App.Name = app
		w.deploy(t, r)
	}
	group, err := w.Group(t.Context(), alice)
	if err != nil || !strings.HasPrefix(group.URL, "http://"+short+":") {
		t.Errorf("group %v, %v", group, err)
	}
	if slot := w.slot(t, "api"); !strings.HasPrefix(slot.URL, "http://api."+short+":") {
		t.Errorf("URL of the only app, not called web: %s", slot.URL)
	}
	deployApp("api")
	w.serves(t, "api."+short, "api")
	w.serves(t, short, "api")

	if slot := w.slot(t, "web"); !strings.HasPrefix(slot.URL, "http://"+short+":") {
		t.Errorf("URL of web: %s", slot.URL)
	}
	deployApp("web")
	w.serves(t, short, "web")
	w.serves(t, "web."+short, "web")
	w.serves(t, "api."+short, "api")
	if _, host := w.get(t, "api."+short+"/host"); host != "api."+short {
		t.Errorf("the app sees host %q", host)
	}

	if err := w.DeleteSlot(t.Context(), alice, "web", ""); err != nil {
		t.Fatal(err)
	}
	w.serves(t, short, "api")
	if status, _ := w.get(t, "web."+short); status != http.StatusNotFound {
		t.Errorf("the removed app answers %d", status)
	}
}

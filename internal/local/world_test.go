package local_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/local"
	"github.com/aloft-dev/aloft/internal/proxy"
	"github.com/aloft-dev/aloft/internal/supervise"
)

var alice = aloft.EnvironmentKey{Project: "shop", Environment: "alice"}

// world is a deployer with everything real around it but the records.
type world struct {
	*local.Target
	store      *memory
	supervisor *supervise.Supervisor
	proxy      *proxy.Proxy
	options    local.Options
	client     *http.Client
	changed    chan aloft.EnvironmentKey
}

// newWorld has the group of alice and nothing else.
func newWorld(t *testing.T, change ...func(*local.Options)) *world {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	w := &world{store: newMemory(), proxy: proxy.New(proxy.Options{Logger: quiet}), changed: make(chan aloft.EnvironmentKey, 100)}
	server := httptest.NewServer(w.proxy)
	t.Cleanup(server.Close)
	address := server.Listener.Addr().(*net.TCPAddr)
	w.client = &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, address.String())
		},
	}}
	w.options = local.Options{
		Store: w.store, Proxy: w.proxy, Dir: t.TempDir(), Port: address.Port, Logger: quiet,
		Environ: func(name string) string { return map[string]string{"PATH": os.Getenv("PATH"), "TZ": "UTC"}[name] },
		Changed: func(key aloft.EnvironmentKey) { w.changed <- key },
	}
	for _, change := range change {
		change(&w.options)
	}
	w.open(t, t.TempDir())
	if _, err := w.PutGroup(t.Context(), alice, aloft.Claim{}); err != nil {
		t.Fatal(err)
	}
	return w
}

// open starts the parts that end with a server.
func (w *world) open(t *testing.T, dir string) {
	t.Helper()
	supervisor, err := supervise.Open(supervise.Options{Dir: dir, Tag: dir})
	if err != nil {
		t.Fatal(err)
	}
	w.supervisor, w.options.Supervisor = supervisor, supervisor
	local := local.New(w.options)
	w.Target = local
	t.Cleanup(func() {
		local.Close()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		supervisor.Close(ctx)
	})
}

// log is a run's log.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// request asks to deploy the test binary as an app that plays and shows version.
func request(t *testing.T, play, version string) local.Request {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return local.Request{
		Key: alice, RunID: 1, Revision: "0123456789abcdef0123456789abcdef01234567",
		App: aloft.App{
			Name: "web", Path: ".", Runtime: aloft.Setting{Value: "go"},
			Start:      aloft.Command{Args: []string{program}},
			HealthTime: 2 * time.Minute,
			Variables: map[string]string{
				playVariable: play, "VERSION": version,
				"GORACE": "atexit_sleep_ms=0", // under the race detector each exit would take a second
			},
		},
		Artifact: aloft.Artifact{ID: "artifact-" + version, App: "web", Dir: t.TempDir()},
		Log:      &log{},
	}
}

func (w *world) slot(t *testing.T, app string, change ...func(*aloft.Slot)) aloft.Slot {
	t.Helper()
	slot := aloft.Slot{EnvironmentKey: alice, App: app, Instances: 1}
	for _, change := range change {
		change(&slot)
	}
	slot, err := w.PutSlot(t.Context(), slot, aloft.Claim{})
	if err != nil {
		t.Fatal(err)
	}
	return slot
}

func (w *world) deploy(t *testing.T, r local.Request) aloft.Release {
	t.Helper()
	release, skipped, err := w.Deploy(t.Context(), r)
	if err != nil || skipped {
		t.Fatalf("deploy: %v (skipped: %v)\n%s", err, skipped, r.Log)
	}
	return release
}

// get asks a host through the proxy.
func (w *world) get(t *testing.T, url string) (int, string) {
	t.Helper()
	if !strings.Contains(url, "://") {
		url = "http://" + url
	}
	response, err := w.client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func (w *world) serves(t *testing.T, url, want string) {
	t.Helper()
	if status, body := w.get(t, url); status != http.StatusOK || body != want {
		t.Errorf("%s answers %d %q, want %q", url, status, body, want)
	}
}

// settle waits for what was replaced to have stopped.
func (w *world) settle(t *testing.T) {
	t.Helper()
	if err := w.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// processes lists what runs, such as "web/web.1@2".
func (w *world) processes() []string {
	list := []string{}
	for _, s := range w.supervisor.Processes(alice) {
		list = append(list, s.App+"/"+s.Name()+"@"+string('0'+rune(s.Release)))
	}
	return list
}

// eventually asks again and again until it is so, as long as the test may take.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	deadline := time.NewTimer(2 * time.Minute)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("it never happened that %s", what)
		}
	}
}

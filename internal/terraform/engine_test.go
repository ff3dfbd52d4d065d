package terraform_test

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/terraform"
)

// findEngines returns the real engines of this machine.
var findEngines = sync.OnceValue(func() []*terraform.Engine {
	var engines []*terraform.Engine
	cache, _ := os.UserCacheDir()
	path := os.Getenv("PATH")
	if tofu := os.Getenv("ALOFT_TEST_TOFU"); tofu != "" {
		path = filepath.Dir(tofu) + string(os.PathListSeparator) + path
	}
	for _, o := range []terraform.FindOptions{
		{Kind: terraform.KindTofu, Path: path, CacheDir: cmp.Or(cache, os.TempDir()) + "/aloft"},
		{Kind: terraform.KindTerraform, Path: path},
	} {
		if engine, err := terraform.Find(context.Background(), o); err == nil {
			engines = append(engines, engine)
		}
	}
	return engines
})

// twins runs a test against every real engine.
func twins(t *testing.T, test func(t *testing.T, e *terraform.Engine)) {
	engines := findEngines()
	if len(engines) == 0 {
		t.Skip("neither tofu nor terraform is installed")
	}
	for _, engine := range engines {
		t.Run(engine.Kind, func(t *testing.T) {
			t.Parallel()
			test(t, engine)
		})
	}
}

// backend is a state backend in memory.
type backend struct {
	t      *testing.T
	server *httptest.Server

	mu    sync.Mutex
	state []byte
	lock  []byte
	puts  chan struct{} // a token for each state written
	wrong int           // what a write is answered; 0 = it is taken
}

// refuse makes the backend answer a status to every write; 0 = it takes them.
func (b *backend) refuse(status int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wrong = status
}

func newBackend(t *testing.T) *backend {
	b := &backend{t: t, puts: make(chan struct{}, 100)}
	b.server = httptest.NewServer(b)
	t.Cleanup(b.server.Close)
	return b
}

func (b *backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	if user, password, _ := r.BasicAuth(); user != "run-7" || password != "pass-word" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	switch r.Method {
	case http.MethodGet:
		if b.state == nil {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = w.Write(b.state)
	case http.MethodPost:
		if b.wrong != 0 {
			w.WriteHeader(b.wrong)
			return
		}
		b.state = body
		b.puts <- struct{}{}
	case "LOCK":
		if b.lock != nil {
			w.WriteHeader(http.StatusLocked)
			_, _ = w.Write(b.lock)
			return
		}
		b.lock = body
	case "UNLOCK":
		b.lock = nil
	}
}

func (b *backend) stored() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return string(b.state)
}

func (b *backend) locked() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.lock != nil
}

// buffer is a log that can be read while it is written.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// environment is a configuration over an HTTP backend.
func environment(t *testing.T, files map[string]string) (aloft.Configuration, *backend, *buffer) {
	t.Helper()
	b, log := newBackend(t), &buffer{}
	c := aloft.Configuration{
		Key:     aloft.EnvironmentKey{Project: "shop", Environment: "alice"},
		Dir:     folder(t, files),
		DataDir: filepath.Join(t.TempDir(), "data"),
		Vars:    map[string]string{"environment": "alice", "undeclared": "x"},
		Backend: aloft.Backend{Type: "http", Address: b.server.URL + "/state/shop/alice", Username: "run-7", Password: "pass-word"},
		Journal: filepath.Join(t.TempDir(), "journal"),
		Log:     log,
	}
	return c, b, log
}

// folder writes files into a new folder.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, files)
	return dir
}

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func mustInit(t *testing.T, e *terraform.Engine, c aloft.Configuration) {
	t.Helper()
	if _, err := e.Init(t.Context(), c); err != nil {
		t.Fatalf("init: %v", err)
	}
}

func mustApply(t *testing.T, e *terraform.Engine, c aloft.Configuration) (aloft.Plan, aloft.Outputs) {
	t.Helper()
	mustInit(t, e, c)
	plan, outputs, err := e.Apply(t.Context(), c)
	if err != nil {
		t.Fatalf("apply: %v", err)
	}
	return plan, outputs
}

// wantError checks the code of an error and that it says all the parts.
func wantError(t *testing.T, err error, code aloft.Code, parts ...string) {
	t.Helper()
	if aloft.ErrorCode(err) != code {
		t.Fatalf("the code is %q, want %q: %v", aloft.ErrorCode(err), code, err)
	}
	text := err.Error() + "\n" + aloft.ErrorHint(err)
	for _, part := range parts {
		if !bytes.Contains([]byte(text), []byte(part)) {
			t.Errorf("%q does not say %q", text, part)
		}
	}
}

// put makes the backend's state another.
func (b *backend) put(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.state = []byte(text)
}

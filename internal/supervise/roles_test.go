package supervise_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/supervise"
)

var alice = aloft.EnvironmentKey{Project: "shop", Environment: "alice"}

// roleVariable makes the test binary play an app or a server.
const roleVariable = "SUPERVISE_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case "":
		os.Exit(m.Run())
	case "listen":
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			panic(err)
		}
		fmt.Println("listening", listener.Addr())
	case "eat":
		memory := bytes.Repeat([]byte{1}, 200<<20)
		fmt.Println("ate", len(memory))
	case "stubborn":
		signal.Ignore(syscall.SIGTERM)
		fmt.Println("ready")
	case "server":
		server()
	}
	select {} // until killed
}

// server is a server that is going to be killed: it starts a process whose
// child leaves the group and the session.
func server() {
	s, err := supervise.Open(supervise.Options{Dir: os.Getenv("SUPERVISE_TEST_DIR"), Tag: os.Getenv("SUPERVISE_TEST_DIR")})
	if err != nil {
		panic(err)
	}
	_, err = s.Start(supervise.Spec{
		Key: alice, App: "web", Process: "web", Instance: 1, Dir: "/",
		Args: []string{"sh", "-c", "setsid sleep 1000 & setsid sh -c 'sleep 1000 & sleep 1000' & sleep 1000 & echo ready; sleep 1000; true"},
		Env:  []string{"PATH=/usr/bin:/bin"},
	})
	if err != nil {
		panic(err)
	}
	if err := s.Logs(context.Background(), alice, "web", supervise.LogOptions{Follow: true}, os.Stdout); err != nil {
		panic(err)
	}
}

func open(t *testing.T, options supervise.Options) *supervise.Supervisor {
	t.Helper()
	if options.Dir == "" {
		options.Dir = t.TempDir()
	}
	options.Tag = options.Dir
	s, err := supervise.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(context.Background()) })
	return s
}

func shell(t *testing.T, script string) supervise.Spec {
	t.Helper()
	return supervise.Spec{
		Key: alice, App: "web", Process: "web", Instance: 1,
		Args: []string{"sh", "-c", script}, Dir: t.TempDir(), Env: []string{"PATH=/usr/bin:/bin"},
	}
}

func role(t *testing.T, name string) supervise.Spec {
	t.Helper()
	spec := shell(t, "")
	spec.Args = []string{os.Args[0]}
	spec.Env = []string{roleVariable + "=" + name}
	return spec
}

func start(t *testing.T, s *supervise.Supervisor, spec supervise.Spec) *supervise.Process {
	t.Helper()
	p, err := s.Start(spec)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// awaitExit waits for the end of the process's present life.
func awaitExit(t *testing.T, p *supervise.Process) supervise.Exit {
	t.Helper()
	select {
	case <-p.Exited():
		return p.Exit()
	case <-time.After(2 * time.Minute):
		t.Fatal("it does not exit")
		return supervise.Exit{}
	}
}

// awaitLine follows the log of app until a line holds text.
func awaitLine(t *testing.T, s *supervise.Supervisor, app, text string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	w := &finder{text: text, found: cancel}
	if err := s.Logs(ctx, alice, app, supervise.LogOptions{Follow: true}, w); err != nil {
		t.Fatal(err)
	}
	line := w.line()
	if line == "" {
		t.Fatalf("no line with %q in %q", text, w.String())
	}
	return line
}

// finder keeps what is written and calls found when there is a line with text.
type finder struct {
	text  string
	found func()
	mu    sync.Mutex
	all   bytes.Buffer
}

func (f *finder) Write(data []byte) (int, error) {
	f.mu.Lock()
	f.all.Write(data)
	f.mu.Unlock()
	if f.line() != "" {
		f.found()
	}
	return len(data), nil
}

func (f *finder) String() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.all.String()
}

func (f *finder) line() string {
	for line := range strings.Lines(f.String()) {
		if strings.Contains(line, f.text) && strings.HasSuffix(line, "\n") {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

func awaitText(t *testing.T, r io.Reader, text string) {
	t.Helper()
	var all []byte
	buffer := make([]byte, 4096)
	for !bytes.Contains(all, []byte(text)) {
		n, err := r.Read(buffer)
		if err != nil {
			t.Fatalf("%v after %q", err, all)
		}
		all = append(all, buffer[:n]...)
	}
}

// tagged looks for processes with a tag by itself.
func tagged(t *testing.T, dir string) []string {
	t.Helper()
	var pids []string
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	mark := []byte(supervise.TagVariable + "=" + strings.ReplaceAll(dir, "/", "%2F") + "/")
	for _, entry := range entries {
		environ, err := os.ReadFile("/proc/" + entry.Name() + "/environ")
		if err == nil && bytes.Contains(environ, mark) {
			pids = append(pids, entry.Name())
		}
	}
	return pids
}

func needLinux(t *testing.T) {
	t.Helper()
	if _, err := os.Stat("/proc/self/environ"); err != nil {
		t.Skip("needs /proc")
	}
}

package provider_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/provider"
)

// TestMain is the plugin when an engine starts the test program as one.
func TestMain(m *testing.M) {
	if os.Getenv("TF_PLUGIN_MAGIC_COOKIE") != "" {
		w := newWorld()
		if err := provider.Main(provider.Options{Client: w, Version: "1.2.3"}); err != nil {
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func TestMainServesAPlugin(t *testing.T) {
	engines(t, func(t *testing.T, program string) {
		dir := t.TempDir()
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(self, filepath.Join(dir, "terraform-provider-aloft")); err != nil {
			t.Fatal(err)
		}
		rc := filepath.Join(dir, "rc")
		text := "provider_installation {\n  dev_overrides {\n    \"aloft-dev/aloft\" = \"" + dir + "\"\n  }\n}\n"
		if err := os.WriteFile(rc, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		b := &bench{program: program, dir: t.TempDir(), env: []string{
			"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "CHECKPOINT_DISABLE=1", "TF_CLI_CONFIG_FILE=" + rc,
		}}
		b.write(t, head)
		wantText(t, b.apply(t), "Apply complete! Resources: 1 added", "aloft_environment.this: Creation complete")
	})
}

func TestServe(t *testing.T) {
	serve := func(t *testing.T) (socket string, stop func()) {
		reattach, stop, err := provider.Serve(provider.Options{Client: newWorld()})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(stop)
		var config map[string]struct {
			Addr struct{ Network, String string }
			Test bool
		}
		if err := json.Unmarshal([]byte(reattach), &config); err != nil || len(config) != 2 {
			t.Fatal(reattach, err)
		}
		for source, served := range config {
			if !served.Test || !strings.HasSuffix(source, "/"+provider.Address) {
				t.Error(source, served)
			}
			socket = served.Addr.String
		}
		return socket, stop
	}
	t.Run("only this user reaches the socket", func(t *testing.T) {
		socket, _ := serve(t)
		info, err := os.Stat(filepath.Dir(socket))
		if err != nil || info.Mode().Perm() != 0o700 {
			t.Error(info, err)
		}
	})
	t.Run("the socket is gone after stop, which may come twice", func(t *testing.T) {
		socket, stop := serve(t)
		stop()
		stop()
		wantGone(t, socket)
	})
	t.Run("two are apart", func(t *testing.T) {
		one, stop := serve(t)
		other, _ := serve(t)
		stop()
		if _, err := os.Stat(other); err != nil || one == other {
			t.Error(one, other, err)
		}
	})
	t.Run("a long folder for temporary files does not matter", func(t *testing.T) {
		long := filepath.Join(t.TempDir(), strings.Repeat("long", 30))
		if err := os.Mkdir(long, 0o700); err != nil {
			t.Fatal(err)
		}
		t.Setenv("TMPDIR", long)
		socket, stop := serve(t)
		if len(socket) > 103 {
			t.Error(socket)
		}
		stop()
		wantGone(t, socket)
	})
}

func wantGone(t *testing.T, socket string) {
	t.Helper()
	if _, err := os.Stat(filepath.Dir(socket)); !os.IsNotExist(err) {
		t.Errorf("%s is left: %v", socket, err)
	}
}

// stuck is a world in which databases are never made.
type stuck struct {
	*world
	asked chan struct{}
}

func (s *stuck) PutDatabase(ctx context.Context, _ aloft.EnvironmentKey, _ string, _ aloft.Claim) (aloft.Database, error) {
	close(s.asked)
	<-ctx.Done()
	return aloft.Database{}, ctx.Err()
}

func TestStopEndsRequests(t *testing.T) {
	engines(t, func(t *testing.T, program string) {
		b := newBench(t, program, head+"resource \"aloft_postgresql\" \"main\" {\n  environment = aloft_environment.this.id\n}\n")
		client := &stuck{newWorld(), make(chan struct{})}
		reattach, stop, err := provider.Serve(provider.Options{Client: client})
		if err != nil {
			t.Fatal(err)
		}
		b.env = append(b.env, "TF_REATTACH_PROVIDERS="+reattach)
		ended := make(chan error)
		go func() {
			_, err := b.run(t, "apply", "-auto-approve", "-input=false")
			ended <- err
		}()
		select {
		case <-client.asked:
		case err := <-ended:
			t.Fatal("the apply ended early", err)
		}
		stop()
		if err := <-ended; err == nil {
			t.Error("the apply succeeded")
		}
	})
	wantNoGoroutines(t)
}

// TestInterruptEndsRequests: an engine that is told to stop finds its provider, and
// saves its state before it ends.
func TestInterruptEndsRequests(t *testing.T) {
	engines(t, func(t *testing.T, program string) {
		b := newBench(t, program, head+"resource \"aloft_postgresql\" \"main\" {\n  environment = aloft_environment.this.id\n}\n")
		client := &stuck{b.world, make(chan struct{})}
		reattach, stop, err := provider.Serve(provider.Options{Client: client})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(stop)
		engine := exec.Command(program, "apply", "-auto-approve", "-input=false", "-no-color")
		engine.Dir, engine.Env = b.dir, append(b.env, "TF_REATTACH_PROVIDERS="+reattach)
		var out bytes.Buffer
		engine.Stdout, engine.Stderr = &out, &out
		if err := engine.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error)
		go func() { ended <- engine.Wait() }()
		select {
		case <-client.asked:
		case err := <-ended:
			t.Fatal("the apply ended early", err, out.String())
		}
		if err := engine.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		if err := <-ended; err == nil {
			t.Error("the apply succeeded")
		}
		wantText(t, out.String(), "Cannot create database main of shop/alice")
		wantText(t, b.ok(t, "state", "list"), "aloft_environment.this")
	})
}

// TestServeIsQuiet runs another test in a process of its own, to see all of its
// standard error.
func TestServeIsQuiet(t *testing.T) {
	engines(t, func(t *testing.T, program string) {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestStopEndsRequests$/^"+filepath.Base(t.Name())+"$")
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "ALOFT_TEST_" + strings.ToUpper(filepath.Base(t.Name())) + "=" + program}
		var said bytes.Buffer
		cmd.Stderr = &said
		if err := cmd.Run(); err != nil || said.Len() > 0 {
			t.Errorf("%v: %s", err, said.String())
		}
	})
}

// wantNoGoroutines checks that no provider is being served any more.
func wantNoGoroutines(t *testing.T) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	stacks := make([]byte, 1<<20)
	for range 6000 {
		stacks = stacks[:runtime.Stack(stacks[:cap(stacks)], true)]
		if !strings.Contains(string(stacks), "google.golang.org/grpc") && !strings.Contains(string(stacks), "tf6server") {
			return
		}
		<-tick.C
	}
	t.Errorf("left running:\n%s", stacks)
}

func TestRemoveSockets(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	for _, server := range []string{"killed", "other", ""} {
		_, stop, err := provider.Serve(provider.Options{Client: newWorld(), Server: server})
		if err != nil {
			t.Fatal(err)
		}
		defer stop()
	}
	for _, name := range []string{"killed", ""} { // a server without a name is nobody's to tidy
		if err := provider.RemoveSockets(name); err != nil {
			t.Error(err)
		}
	}
	left, err := os.ReadDir(os.TempDir())
	if err != nil || len(left) != 2 || slices.ContainsFunc(left, func(e os.DirEntry) bool { return strings.Contains(e.Name(), "killed") }) {
		t.Errorf("left are %v (%v), want those of the other two", left, err)
	}
}

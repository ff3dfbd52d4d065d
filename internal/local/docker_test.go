package local_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/local"
)

// engine stands in for docker: it notes its arguments, plays the app instead of
// running an image, and lists the container "left" as long as there is a file
// of that name.
const engine = `#!/bin/sh
echo "$@" >> %[1]s/calls
case "$1" in
info) test ! -e %[1]s/down ;;
run) exec %[2]s play-app ;;
ps) test ! -e %[1]s/left || echo left ;;
rm) test "$3" != left || rm -f %[1]s/left ;;
esac
`

func newContainerWorld(t *testing.T) (w *world, dir string) {
	t.Helper()
	dir = t.TempDir()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "docker"), fmt.Sprintf(engine, dir, program))
	w = newWorld(t, func(o *local.Options) {
		o.Environ = func(name string) string {
			return map[string]string{"PATH": dir + ":" + os.Getenv("PATH"), "HOME": "/home/me", "DOCKER_HOST": "unix:///docker.sock"}[name]
		}
	})
	return w, dir
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

func containerRequest(t *testing.T) local.Request {
	t.Helper()
	r := request(t, "", "1")
	r.App.Runtime.Value, r.App.Start = "docker", aloft.Command{}
	write(t, filepath.Join(r.Artifact.Dir, "image"), "aloft/shop:1\n")
	write(t, filepath.Join(r.Artifact.Dir, "engine"), "docker\n")
	return r
}

// calls returns the calls of the engine that begin with verb.
func calls(t *testing.T, dir, verb string) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "calls"))
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(strings.Split(string(data), "\n"), func(call string) bool { return !strings.HasPrefix(call, verb+" ") })
}

func TestContainer(t *testing.T) {
	t.Parallel()
	w, dir := newContainerWorld(t)
	slot := w.slot(t, "web", func(s *aloft.Slot) {
		s.MemoryLimit = 64 << 20
		s.Variables = map[string]string{"SECRET": "hunter2", "DOCKER_HOST": "tcp://elsewhere"}
	})
	w.deploy(t, containerRequest(t))
	w.serves(t, slot.URL, "1")
	runs := calls(t, dir, "run")
	if len(runs) != 1 {
		t.Fatalf("runs %q", runs)
	}
	for _, text := range []string{
		"run --rm --name aloft-", "-shop-alice-web-web-1-1 ", " --publish 127.0.0.1:", " --memory 67108864 ", " --env SECRET ",
		" --env PORT ", " --env ALOFT_URL ", " --env DOCKER_HOST=tcp://elsewhere ", " aloft/shop:1",
	} {
		if !strings.Contains(runs[0], text) {
			t.Errorf("the call lacks %q: %s", text, runs[0])
		}
	}
	for _, text := range []string{"hunter2", "--env PATH", "--env HOME", "--env TMPDIR", "--env HOST "} {
		if strings.Contains(runs[0], text) {
			t.Errorf("the call has %q: %s", text, runs[0])
		}
	}

	t.Run("its container is removed with it", func(t *testing.T) {
		write(t, filepath.Join(dir, "left"), "")
		left, err := w.Remains(t.Context(), alice)
		if err != nil || !slices.Contains(left, "container left") {
			t.Errorf("left: %q, %v", left, err)
		}
		if err := w.RemoveAll(t.Context(), alice); err != nil {
			t.Fatal(err)
		}
		if left, err := w.Remains(t.Context(), alice); err != nil || len(left) > 0 {
			t.Errorf("left: %q, %v", left, err)
		}
		if removed := calls(t, dir, "rm"); !slices.ContainsFunc(removed, func(call string) bool { return strings.HasSuffix(call, "-shop-alice-web-web-1-1") }) {
			t.Errorf("removed: %q", removed)
		}
	})
}

func TestContainerNeedsAnEngine(t *testing.T) {
	t.Parallel()
	w, dir := newContainerWorld(t)
	w.slot(t, "web")
	write(t, filepath.Join(dir, "down"), "")
	_, _, err := w.Deploy(t.Context(), containerRequest(t))
	if aloft.ErrorCode(err) != aloft.CodeUnavailable || !strings.Contains(err.Error(), "docker, which does not answer") {
		t.Errorf("%v (%s)", err, aloft.ErrorCode(err))
	}
	r := containerRequest(t)
	write(t, filepath.Join(r.Artifact.Dir, "engine"), "rm -rf\n")
	if _, _, err := w.Deploy(t.Context(), r); err == nil || !strings.Contains(err.Error(), "is no container engine") {
		t.Error(err)
	}
}

package image_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/image"
)

// pythonApp is an app whose environment the real python3 made, with a package, a
// folder that a .pth file names, and a script as pip writes them.
func pythonApp(t *testing.T, path string) image.Request {
	t.Helper()
	a := artifact(t, map[string]string{path + "/main.py": "import greeting, linked, os, sys\nprint(greeting.text, linked.text, os.environ['ALOFT_REVISION'])\n"})
	root := a.Dir
	a.Dir = filepath.Join(root, path)
	create := exec.CommandContext(t.Context(), "python3", "-m", "venv", "--without-pip", ".aloft/venv")
	create.Dir = a.Dir
	if said, err := create.CombinedOutput(); err != nil {
		t.Skipf("there is no python3 that makes environments: %v: %s", err, said)
	}
	packages, err := filepath.Glob(filepath.Join(a.Dir, ".aloft/venv/lib/python3.*/site-packages"))
	if err != nil || len(packages) != 1 {
		t.Fatal(packages, err)
	}
	venv := filepath.Join(a.Dir, ".aloft/venv")
	for name, text := range map[string]string{
		packages[0] + "/greeting.py":                          "text = 'hello'\n",
		packages[0] + "/linked.pth":                           a.Dir + "/lib\n",
		packages[0] + "/greeting-1.dist-info/RECORD":          "../../../bin/greet,sha256=" + filepath.Base(root) + ",12\n__pycache__/greeting.cpython-311.pyc,,\ngreeting.py,sha256=x,1\n",
		packages[0] + "/greeting-1.dist-info/direct_url.json": `{"url":"file://` + a.Dir + `/lib"}`,
		packages[0] + "/__pycache__/greeting.pyc":             root,
		venv + "/bin/greet":                                   "#!" + venv + "/bin/python3\nimport greeting\nprint(greeting.text)\n",
		a.Dir + "/lib/linked.py":                              "text = 'world'\n",
	} {
		err := os.MkdirAll(filepath.Dir(name), 0o755)
		if err == nil {
			err = os.WriteFile(name, []byte(text), 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return image.Request{Artifact: a, Revision: "abc123", Base: baseName, App: aloft.App{
		Name: "web", Path: path, Runtime: aloft.Setting{Value: "python"}, Start: aloft.Command{Args: []string{".aloft/venv/bin/python", "main.py"}},
	}}
}

// start runs a command of an unpacked image. Paths of the image are those of the
// folder; the interpreter is this machine's, as the base would bring one.
func start(t *testing.T, dir string, config v1.Config, args []string) string {
	t.Helper()
	run := exec.CommandContext(t.Context(), "env", args...)
	run.Dir = filepath.Join(dir, config.WorkingDir)
	for _, pair := range config.Env {
		pair = strings.ReplaceAll(pair, "=/app", "="+dir+"/app")
		if path, ok := strings.CutPrefix(pair, "PATH="); ok {
			pair = "PATH=" + strings.ReplaceAll(path, ":/app", ":"+dir+"/app") + ":" + os.Getenv("PATH")
		}
		run.Env = append(run.Env, pair)
	}
	said, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("%q: %v: %s", args, err, said)
	}
	return string(said)
}

func TestAPythonAppStartsInItsImage(t *testing.T) {
	for _, path := range []string{".", "apps/web"} {
		t.Run(path, func(t *testing.T) {
			w, r := newWorld(t), pythonApp(t, path)
			w.publishBase([]string{"PATH=/usr/local/bin"}, "amd64")
			pulled := w.pulled(w.push(w.build(r)).Reference)
			dir, config := unpack(t, pulled), configOf(t, pulled).Config
			moved := strings.ReplaceAll(string(readFile(t, dir, r, "linked.pth")), "/app/", dir+"/app/") // where the image is
			writeFile(t, dir, r, "linked.pth", moved)
			if err := os.RemoveAll(r.Artifact.Dir); err != nil {
				t.Fatal(err)
			}
			if said := start(t, dir, config, config.Entrypoint); said != "hello world abc123\n" {
				t.Errorf("it says %q", said)
			}
			if said := start(t, dir, config, []string{"greet"}); said != "hello\n" {
				t.Errorf("its script says %q", said)
			}
		})
	}
}

func packageFile(t *testing.T, dir string, r image.Request, name string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "app", r.App.Path, ".aloft/venv/lib/python3.*/site-packages", name))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	return files[0]
}

func readFile(t *testing.T, dir string, r image.Request, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(packageFile(t, dir, r, name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func writeFile(t *testing.T, dir string, r image.Request, name, text string) {
	t.Helper()
	if err := os.WriteFile(packageFile(t, dir, r, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestPackagesOfPythonHoldNoPathOfTheMachine(t *testing.T) {
	w, first, second := newWorld(t), pythonApp(t, "."), pythonApp(t, ".")
	w.publishBase(nil, "amd64")
	a, b := w.build(first), w.build(second)
	if a.Digest != b.Digest {
		t.Errorf("digests %s and %s", a.Digest, b.Digest)
	}
	for _, layer := range ownLayers(t, w.pulled(w.push(a).Reference)) {
		for _, e := range entries(t, layer) {
			if strings.Contains(e.content, first.Artifact.Dir) || strings.Contains(e.Linkname, "python") {
				t.Errorf("%s holds a path of the machine", e.Name)
			}
		}
	}
}

func TestTheVersionOfPythonIsThatOfThePackages(t *testing.T) {
	w := newWorld(t)
	r := image.Request{
		Artifact: artifact(t, map[string]string{".aloft/venv/lib/python3.12/site-packages/a.py": "", "main.py": ""}),
		App: aloft.App{
			Name: "web", Runtime: aloft.Setting{Value: "python"}, Version: aloft.Setting{Value: ">=3.10"}, Start: aloft.Command{Args: []string{"python3", "main.py"}},
		},
	}
	_, err := w.builder().Build(t.Context(), r)
	if err == nil || !strings.Contains(err.Error(), "library/python:3.12-slim-trixie") {
		t.Error(err)
	}
}

func TestScriptsOfPythonStartAnywhere(t *testing.T) {
	for _, test := range []struct{ have, want string }{
		{"#!/data/x/.aloft/venv/bin/python3\nimport a\n", "#!/usr/bin/env python3\nimport a\n"},
		{"#!/data/x/.aloft/venv/bin/python3.12\r\nimport a\n", "#!/usr/bin/env python3\nimport a\n"},
		{"#!/bin/sh\n'''exec' \"/data/long path/.aloft/venv/bin/python\" \"$0\" \"$@\"\n' '''\nimport a\n", "#!/usr/bin/env python3\nimport a\n"},
		{"#!/bin/sh\necho hello\n", "#!/bin/sh\necho hello\n"},
		{"#!/usr/bin/env python3\n", "#!/usr/bin/env python3\n"},
		{"", ""},
	} {
		if have := image.PortableScript([]byte(test.have)); string(have) != test.want {
			t.Errorf("%q: %q, want %q", test.have, have, test.want)
		}
	}
}

func FuzzPortable(f *testing.F) {
	f.Add([]byte("#!/x/.aloft/venv/bin/python\nimport a\n"))
	f.Add([]byte("../../../bin/a,sha256=x,1\na.py,,\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, portable := range []func([]byte) []byte{image.PortableScript, image.PortableRecord} {
			once := portable(text)
			if again := portable(once); !bytes.Equal(again, once) {
				t.Errorf("%q becomes %q, then %q", text, once, again)
			}
		}
	})
}

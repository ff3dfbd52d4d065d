package build_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/build"
)

// bench is a builder and what it works on.
type bench struct {
	*build.Builder
	dir     string
	options build.Options
}

func newBench(t *testing.T, change func(*build.Options)) *bench {
	t.Helper()
	dir := t.TempDir()
	options := build.Options{
		ArtifactDir: filepath.Join(dir, "artifacts"), CacheDir: filepath.Join(dir, "cache"),
		Path: os.Getenv("PATH"), Environ: os.Getenv, KeepFor: -1, Run: runner(t),
	}
	if change != nil {
		change(&options)
	}
	return &bench{build.New(options), dir, options}
}

// artifacts lists what there is of artifacts, temporary folders included.
func (b *bench) artifacts(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(b.options.ArtifactDir, "shop"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func request(source string, commands ...string) build.Request {
	app := aloft.App{Name: "web", Path: "."}
	for _, command := range commands {
		app.Build = append(app.Build, aloft.Command{Args: []string{"sh", "-c", command}, Source: aloft.Source{File: "aloft.yaml", Line: 3}})
	}
	return build.Request{Project: "shop", App: app, Source: source, Inputs: "tree-1"}
}

func need(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skipf("%s is not installed", program)
	}
}

func output(t *testing.T, dir, program string, args ...string) string {
	t.Helper()
	command := exec.Command(filepath.Join(dir, program), args...)
	command.Dir = dir
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", program, err, out)
	}
	return string(out)
}

func mustBuild(t *testing.T, b *bench, r build.Request) build.Result {
	t.Helper()
	var log bytes.Buffer
	if r.Log == nil {
		r.Log = &log
	}
	result, err := b.Build(t.Context(), r)
	if err != nil {
		t.Fatalf("%v\n%s", err, log.String())
	}
	return result
}

func TestBuildGo(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	borrowGoCache(t, b)
	source := write(t, map[string]string{
		"shop/go.mod":        "module example.com/shop\n\ngo 1.21\n\nrequire example.com/greet v1.0.0\n\nreplace example.com/greet => ../greet\n",
		"shop/main.go":       "package main\n\nimport \"example.com/greet\"\n\nfunc main() { println(greet.Text) }\n",
		"greet/go.mod":       "module example.com/greet\n\ngo 1.21\n",
		"greet/greet.go":     "package greet\n\nconst Text = \"hello\"\n",
		".aloft-complete":    "forged",
		"shop/bin/.gitkeep":  "",
		"shop/not-a-program": "",
	})
	r := request(source)
	r.App.Path = "shop"
	r.App.Build = []aloft.Command{{Args: []string{"go", "build", "-o", "bin/server", "."}}}
	r.App.Toolchains = []aloft.Toolchain{{Name: "Go", Program: []string{"go"}}}
	var log bytes.Buffer
	r.Log = &log
	first := mustBuild(t, b, r)
	if first.Skipped || first.Artifact.App != "web" || !strings.HasSuffix(first.Artifact.Dir, first.Artifact.ID+"/shop") {
		t.Errorf("%+v", first)
	}
	if got := output(t, first.Artifact.Dir, "bin/server"); got != "hello\n" {
		t.Errorf("it says %q", got)
	}
	if !strings.HasPrefix(log.String(), "$ go build -o bin/server .\n") {
		t.Errorf("log %q", log.String())
	}
	second := mustBuild(t, b, r)
	if !second.Skipped || second.Artifact != first.Artifact {
		t.Errorf("%+v", second)
	}
}

// borrowGoCache spares a build from compiling the standard library.
func borrowGoCache(t *testing.T, b *bench) {
	t.Helper()
	cache, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(b.options.CacheDir, "shop")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(strings.TrimSpace(string(cache)), filepath.Join(folder, "go-build")); err != nil {
		t.Fatal(err)
	}
}

func TestBuildNode(t *testing.T) {
	t.Parallel()
	need(t, "npm")
	b := newBench(t, nil)
	r := request(write(t, map[string]string{
		"package.json": `{"name": "shop", "version": "1.0.0", "scripts": {"build": "node build.js"}}`,
		"build.js":     `require("fs").mkdirSync("dist"); require("fs").writeFileSync("dist/index.html", "built")`,
	}), "npm install", "npm run build")
	r.App.Static = aloft.Setting{Value: "dist"}
	result := mustBuild(t, b, r)
	if text, err := os.ReadFile(filepath.Join(result.Artifact.Dir, "dist/index.html")); err != nil || string(text) != "built" {
		t.Errorf("%q, %v", text, err)
	}
}

func TestBuildPython(t *testing.T) {
	t.Parallel()
	need(t, "python3")
	if exec.Command("python3", "-c", "import venv").Run() != nil {
		t.Skip("python3 has no venv")
	}
	b := newBench(t, nil)
	r := request(write(t, map[string]string{"app.py": "print('hello')"}), "python3 -m venv --without-pip .venv")
	result := mustBuild(t, b, r)
	if got := output(t, result.Artifact.Dir, ".venv/bin/python", "app.py"); got != "hello\n" {
		t.Errorf("it says %q", got)
	}
	if got := output(t, result.Artifact.Dir, ".venv/bin/python", "-c", "import sys; print(sys.prefix)"); strings.TrimSpace(got) != filepath.Join(result.Artifact.Dir, ".venv") {
		t.Errorf("the virtual environment is at %q", got)
	}
}

func TestBuildJava(t *testing.T) {
	t.Parallel()
	need(t, "javac")
	b := newBench(t, nil)
	r := request(write(t, map[string]string{
		"Main.java": `class Main { public static void main(String[] a) { System.out.println("hello"); } }`,
	}), "javac -d out Main.java")
	result := mustBuild(t, b, r)
	if _, err := os.Stat(filepath.Join(result.Artifact.Dir, "out/Main.class")); err != nil {
		t.Error(err)
	}
}

func TestBuildStatic(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	r := request(write(t, map[string]string{"site/index.html": "hello"}))
	r.App.Static = aloft.Setting{Value: "site"}
	result := mustBuild(t, b, r)
	if text, err := os.ReadFile(filepath.Join(result.Artifact.Dir, "site/index.html")); err != nil || string(text) != "hello" {
		t.Errorf("%q, %v", text, err)
	}
	r.App.Static = aloft.Setting{Value: "dist", Source: aloft.Source{File: "package.json", Line: 7}}
	_, err := b.Build(t.Context(), r)
	if aloft.ErrorCode(err) != aloft.CodeFailed || !strings.Contains(err.Error(), "no folder dist") || !strings.Contains(err.Error(), "package.json:7") {
		t.Errorf("error %v", err)
	}
}

func TestMissingToolchain(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(o *build.Options) { o.Path = t.TempDir() })
	r := request(write(t, nil))
	r.App.Toolchains = []aloft.Toolchain{{
		Name: "PHP", Program: []string{"php", "frankenphp"}, Remedy: "apt install php-cli",
		Source: aloft.Source{File: "composer.json", Line: 4},
	}}
	_, err := b.Build(t.Context(), r)
	if aloft.ErrorCode(err) != aloft.CodeUnavailable || aloft.ErrorHint(err) != "apt install php-cli" {
		t.Errorf("error %v", err)
	}
	for _, part := range []string{"PHP", "composer.json:4", "php or frankenphp"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not name %s", err, part)
		}
	}
}

func TestFailureLeavesNothing(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		rule, command string
		change        func(*build.Options)
		code          aloft.Code
		says          string
	}{
		{"a command that fails", "echo oops; mkdir -p a/b; touch a/b/c; chmod -R a-w a; exit 3", nil, aloft.CodeFailed,
			`"echo oops; mkdir -p a/b; touch a/b/c; chmod -R a-w a; exit 3" ended with exit status 3 (aloft.yaml:3)`},
		{"a command that takes too long", "sleep 1000", func(o *build.Options) { o.Timeout = 50 * time.Millisecond }, aloft.CodeFailed, "longer than 50ms"},
		{"a command that makes too much", "head -c 3000000 /dev/zero > big", func(o *build.Options) { o.MaxBytes = 1 << 20 }, aloft.CodeFailed, "more than 1.0 MiB"},
		{"a command that makes too much and goes on", "head -c 3000000 /dev/zero > big; sleep 1000", func(o *build.Options) { o.MaxBytes = 1 << 20 }, aloft.CodeFailed, "more than 1.0 MiB"},
	} {
		t.Run(test.rule, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, test.change)
			var log bytes.Buffer
			r := request(write(t, map[string]string{"file": "text"}), test.command)
			r.Log = &log
			_, err := b.Build(t.Context(), r)
			if aloft.ErrorCode(err) != test.code || !strings.Contains(err.Error(), test.says) || aloft.ErrorHint(err) == "" {
				t.Errorf("error %v (%s), hint %q", err, aloft.ErrorCode(err), aloft.ErrorHint(err))
			}
			if strings.Contains(test.command, "oops") && !strings.Contains(log.String(), "\n  oops\n") {
				t.Errorf("log %q", log.String())
			}
			if left := b.artifacts(t); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
		})
	}
}

// signal is a log that closes c when text has been written.
type signal struct {
	mu   sync.Mutex
	all  bytes.Buffer
	text string
	c    chan struct{}
	once sync.Once
}

func await(text string) *signal { return &signal{text: text, c: make(chan struct{})} }

func (s *signal) Write(data []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all.Write(data)
	if strings.Contains(s.all.String(), s.text) {
		s.once.Do(func() { close(s.c) })
	}
	return len(data), nil
}

func TestCancel(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	ctx, cancel := context.WithCancelCause(t.Context())
	log := await("  ready")
	marker := filepath.Join(b.dir, "asked")
	r := request(write(t, nil), "trap 'touch "+marker+"; exit 0' TERM; sleep 1000 & echo ready; wait")
	r.Log = log
	go func() {
		<-log.c
		cancel(errors.New("superseded"))
	}()
	_, err := b.Build(ctx, r)
	if aloft.ErrorCode(err) != aloft.CodeCanceled || !strings.Contains(err.Error(), "superseded") {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(marker); err != nil {
		t.Error("it was not asked to stop")
	}
	if left := b.artifacts(t); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestSameInputsAtTheSameTime(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	count := filepath.Join(b.dir, "count")
	gate := filepath.Join(b.dir, "gate")
	if err := exec.Command("mkfifo", gate).Run(); err != nil {
		t.Fatal(err)
	}
	source := write(t, nil)
	first, second := request(source, "echo run >> "+count+"; read line < "+gate), build.Request{}
	second = first
	second.App.Name = "api"
	firstLog, secondLog := await("$ "), await("waiting")
	first.Log, second.Log = firstLog, secondLog

	var group sync.WaitGroup
	skipped := make([]bool, 2)
	run := func(i int, r build.Request) {
		group.Go(func() {
			result, err := b.Build(t.Context(), r)
			if err != nil || result.Artifact.App != r.App.Name {
				t.Errorf("%+v, %v", result, err)
			}
			skipped[i] = result.Skipped
		})
	}
	run(0, first)
	<-firstLog.c
	run(1, second)
	<-secondLog.c
	if err := os.WriteFile(gate, []byte("go\n"), 0); err != nil {
		t.Fatal(err)
	}
	group.Wait()
	if text, err := os.ReadFile(count); err != nil || string(text) != "run\n" || skipped[0] || !skipped[1] {
		t.Errorf("count %q, %v, skipped %v", text, err, skipped)
	}
}

func TestOutput(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	log := await("")
	r := request(write(t, nil), `printf 'one\n\n10%%\r100%%\r\nerr\n' >&2; printf end`, "true")
	r.Log = log
	mustBuild(t, b, r)
	_, got, _ := strings.Cut(log.all.String(), "\n")
	if want := "  one\n  100%\n  err\n  end\n$ true\n"; got != want {
		t.Errorf("log %q, want %q", got, want)
	}
}

func TestKey(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	source := write(t, map[string]string{"app/file": ""})
	base := mustBuild(t, b, request(source, "true")).Artifact.ID
	for _, test := range []struct {
		rule   string
		change func(*build.Request)
		same   bool
	}{
		{"the same", func(r *build.Request) {}, true},
		{"another start command", func(r *build.Request) { r.App.Start.Args = []string{"x"} }, true},
		{"another source", func(r *build.Request) { r.Inputs = "tree-2" }, false},
		{"another command", func(r *build.Request) { r.App.Build[0].Args[2] = "true; true" }, false},
		{"another version", func(r *build.Request) { r.App.Version.Value = "22" }, false},
		{"another path", func(r *build.Request) { r.App.Path = "app" }, false},
		{"a toolchain", func(r *build.Request) { r.App.Toolchains = []aloft.Toolchain{{Program: []string{"sh"}}} }, false},
	} {
		t.Run(test.rule, func(t *testing.T) {
			r := request(source, "true")
			test.change(&r)
			result := mustBuild(t, b, r)
			if same := result.Artifact.ID == base; same != test.same || result.Skipped != test.same {
				t.Errorf("same %v, %+v", same, result)
			}
		})
	}
}

func TestMarkOfAnEarlierBoot(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	r := request(write(t, nil), "true")
	mark := filepath.Join(mustBuild(t, b, r).Artifact.Dir, ".aloft-complete")
	for _, test := range []struct {
		rule, mark string
		counts     bool
	}{
		{"written to disk counts for ever", "on disk", true},
		{"another boot does not count", "0d8e8a3c-0000-0000-0000-000000000000", false},
		{"cut off does not count", "", false},
	} {
		t.Run(test.rule, func(t *testing.T) {
			if err := errors.Join(os.Remove(mark), os.WriteFile(mark, []byte(test.mark), 0o600)); err != nil {
				t.Fatal(err)
			}
			if result := mustBuild(t, b, r); result.Skipped != test.counts {
				t.Errorf("skipped %v", result.Skipped)
			}
		})
	}
}

func TestEnvironment(t *testing.T) {
	t.Parallel()
	home := write(t, map[string]string{".rustup/x": ""})
	b := newBench(t, func(o *build.Options) {
		o.Environ = func(name string) string {
			return map[string]string{"SECRET": "s", "HTTPS_PROXY": "http://proxy", "HOME": home, "GOFLAGS": "-mod=mod"}[name]
		}
	})
	result := mustBuild(t, b, request(write(t, nil), "env > env.txt"))
	text, err := os.ReadFile(filepath.Join(result.Artifact.Dir, "env.txt"))
	if err != nil {
		t.Fatal(err)
	}
	env := "\n" + string(text)
	cache := filepath.Join(b.options.CacheDir, "shop")
	programs := ""
	for _, folder := range []string{".aloft/bin", ".aloft/venv/bin", "node_modules/.bin", "vendor/bin"} {
		programs += filepath.Join(result.Artifact.Dir, folder) + ":"
	}
	for _, want := range []string{
		"HTTPS_PROXY=http://proxy", "CI=true", "HOME=" + cache + "/home", "GOFLAGS=-modcacherw -buildvcs=false -trimpath -mod=mod",
		"RUSTUP_HOME=" + home + "/.rustup", "PATH=" + programs + os.Getenv("PATH"), "npm_config_cache=" + cache + "/npm",
		"TMPDIR=" + result.Artifact.Dir + ".tmp", "MAVEN_OPTS=-Djava.io.tmpdir=" + result.Artifact.Dir + ".tmp -Dmaven.repo.local=" + cache + "/maven",
	} {
		if !strings.Contains(env, "\n"+want+"\n") {
			t.Errorf("no %s in %s", want, env)
		}
	}
	for _, refused := range []string{"SECRET", "PYENV_ROOT", "HTTP_PROXY="} {
		if strings.Contains(env, "\n"+refused) {
			t.Errorf("%s in %s", refused, env)
		}
	}
}

package local_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/local"
)

const databaseURL = "postgres://alice:s%40c;t@127.0.0.1:5433/shop_alice?sslmode=disable"

func TestReleaseCommand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.slot(t, "web", func(s *aloft.Slot) { s.Variables = map[string]string{"DATABASE_URL": databaseURL} })
	release := func(play string) (local.Request, error) {
		r := request(t, "", "1")
		r.App.Release = aloft.Command{Args: append(slices.Clone(r.App.Start.Args), "play-"+play)}
		return r, w.Release(t.Context(), r)
	}
	t.Run("runs with the variables of the slot", func(t *testing.T) {
		r, err := release("migrate")
		if err != nil || !strings.Contains(r.Log.(*log).String(), "\nmigrating "+databaseURL+"\n") {
			t.Errorf("%v, log %q", err, r.Log)
		}
	})
	t.Run("one that fails says so", func(t *testing.T) {
		r, err := release("fail")
		if aloft.ErrorCode(err) != aloft.CodeFailed || !strings.Contains(err.Error(), "exit status 7") || aloft.ErrorHint(err) == "" {
			t.Errorf("%v (%s)", err, aloft.ErrorCode(err))
		}
		if !strings.Contains(r.Log.(*log).String(), "relation users does not exist") {
			t.Errorf("log %q", r.Log)
		}
	})
	t.Run("without one there is nothing to do", func(t *testing.T) {
		r := request(t, "", "1")
		r.App.Name = "nowhere"
		if err := w.Release(t.Context(), r); err != nil {
			t.Error(err)
		}
	})
	t.Run("without a slot there is no place", func(t *testing.T) {
		r := request(t, "", "1")
		r.App.Name, r.App.Release = "nowhere", r.App.Start
		if err := w.Release(t.Context(), r); aloft.ErrorCode(err) != aloft.CodeNotFound || aloft.ErrorHint(err) == "" {
			t.Error(err)
		}
		if _, _, err := w.Deploy(t.Context(), r); aloft.ErrorCode(err) != aloft.CodeNotFound {
			t.Error(err)
		}
	})
}

func TestRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.slot(t, "web")
	program, _ := os.Executable()
	var output bytes.Buffer
	if _, err := w.Run(t.Context(), alice, "web", []string{program}, &output); aloft.ErrorCode(err) != aloft.CodeNotFound {
		t.Errorf("before the first release: %v", err)
	}
	r := request(t, "app", "1")
	w.deploy(t, r)
	if _, err := w.Run(t.Context(), alice, "web", nil, &output); aloft.ErrorCode(err) != aloft.CodeInvalid {
		t.Errorf("nothing: %v", err)
	}
	if code, err := w.Run(t.Context(), alice, "web", []string{program, "play-fail"}, &output); code != 7 || err != nil {
		t.Errorf("exit code %d, %v", code, err)
	}
	output.Reset()
	if code, err := w.Run(t.Context(), alice, "web", []string{"sh", "-c", `pwd; echo "$VERSION"`}, &output); code != 0 || err != nil {
		t.Errorf("exit code %d, %v", code, err)
	}
	dir, _ := filepath.EvalSymlinks(r.Artifact.Dir)
	if output.String() != dir+"\n1\n" && output.String() != r.Artifact.Dir+"\n1\n" {
		t.Errorf("output %q", &output)
	}
	if list := w.processes(); !slices.Equal(list, []string{"web/web.1@1"}) {
		t.Errorf("processes %v", list)
	}
}

// environment returns what a process of an app gets.
func environment(t *testing.T, w *world, change func(*local.Request)) map[string]string {
	t.Helper()
	r := request(t, "", "1")
	change(&r)
	r.App.Release = aloft.Command{Args: append(slices.Clone(r.App.Start.Args), "play-environment")}
	if err := w.Release(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	return variables(r.Log.(*log).String())
}

func variables(text string) map[string]string {
	env := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "="); ok {
			env[name] = value
		}
	}
	return env
}

func TestVariables(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	slot := w.slot(t, "web", func(s *aloft.Slot) {
		s.Variables = map[string]string{
			"DATABASE_URL": databaseURL, "LEVEL": "terraform", "ALOFT_URL": "forged", "PORT": "1", "SPRING_DATASOURCE_USERNAME": "mine",
		}
	})
	var dir string
	env := environment(t, w, func(r *local.Request) {
		dir = r.Artifact.Dir
		r.App.Variables["LEVEL"], r.App.Variables["EXTRA"] = "manifest", "yes"
		for _, folder := range []string{"node_modules/.bin", ".aloft/venv/bin"} {
			if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
				t.Fatal(err)
			}
		}
	})
	private := filepath.Join(w.options.Dir, "shop", "alice", "private")
	const jdbc = "jdbc:postgresql://127.0.0.1:5433/shop_alice?sslmode=disable"
	const ado = `Host=127.0.0.1;Port=5433;Database=shop_alice;Username=alice;Password="s@c;t"`
	for name, want := range map[string]string{
		"ALOFT_PROJECT": "shop", "ALOFT_ENVIRONMENT": "alice", "ALOFT_URL": slot.URL,
		"ALOFT_REVISION": "0123456789abcdef0123456789abcdef01234567",
		"EXTRA":          "yes", "LEVEL": "terraform", "PORT": "", "TZ": "UTC", "LANG": "C.UTF-8",
		"HOME": filepath.Join(private, "home"), "TMPDIR": filepath.Join(private, "tmp"),
		"PATH":   filepath.Join(dir, ".aloft/venv/bin") + ":" + filepath.Join(dir, "node_modules/.bin") + ":" + os.Getenv("PATH"),
		"PGHOST": "127.0.0.1", "PGPORT": "5433", "PGDATABASE": "shop_alice", "PGUSER": "alice", "PGPASSWORD": "s@c;t", "PGSSLMODE": "disable",
		"SPRING_DATASOURCE_URL": jdbc, "SPRING_DATASOURCE_USERNAME": "mine", "SPRING_DATASOURCE_PASSWORD": "s@c;t",
		"QUARKUS_DATASOURCE_JDBC_URL": jdbc, "QUARKUS_DATASOURCE_USERNAME": "alice", "DATASOURCES_DEFAULT_URL": jdbc,
		"JDBC_DATABASE_URL": jdbc, "ConnectionStrings__Default": ado, "HOST": "",
		"USER": "", "GOPATH": "", "SSH_AUTH_SOCK": "",
	} {
		if env[name] != want {
			t.Errorf("%s is %q, want %q", name, env[name], want)
		}
	}
	for _, folder := range []string{env["HOME"], env["TMPDIR"]} {
		if info, err := os.Stat(folder); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%v, %v", info, err)
		}
	}
}

func TestNamesThatFrameworksRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.slot(t, "web")
	for _, test := range []struct {
		runtime string
		want    map[string]string // {port} stands for the port
		without []string
	}{
		{"node", map[string]string{"HOST": "127.0.0.1", "PORT": "{port}"}, []string{"SERVER_PORT", "PGHOST"}},
		{"java", map[string]string{
			"SERVER_PORT": "{port}", "SERVER_ADDRESS": "127.0.0.1", "QUARKUS_HTTP_PORT": "{port}", "QUARKUS_HTTP_HOST": "127.0.0.1",
			"MICRONAUT_SERVER_PORT": "{port}",
		}, nil},
		{"dotnet", map[string]string{"ASPNETCORE_URLS": "http://127.0.0.1:{port}"}, nil},
		{"python", map[string]string{"UVICORN_PORT": "{port}", "FLASK_RUN_PORT": "{port}"}, nil},
		{"php", map[string]string{"SERVER_PORT": "{port}"}, nil},
		{"rust", map[string]string{"ROCKET_PORT": "{port}"}, nil},
	} {
		t.Run(test.runtime, func(t *testing.T) {
			r := request(t, "app", "1")
			r.App.Runtime.Value, r.Force = test.runtime, true
			r.App.Start = aloft.Command{Args: []string{"sh", "-c", "env; exec " + r.App.Start.Args[0]}}
			w.deploy(t, r)
			var logged strings.Builder
			showLog(t, w, &logged)
			env := variables(logged.String())
			for name, want := range test.want {
				if want := strings.ReplaceAll(want, "{port}", env["PORT"]); env[name] != want || want == "" {
					t.Errorf("%s is %q, want %q", name, env[name], want)
				}
			}
			for _, name := range test.without {
				if value, ok := env[name]; ok {
					t.Errorf("%s is set, to %q", name, value)
				}
			}
		})
	}
}

// A path below HOME that programs on the PATH need is named, for HOME is another.
func TestVersionManagersAreFound(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	if err := os.Mkdir(filepath.Join(home, ".pyenv"), 0o755); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, func(o *local.Options) {
		o.Environ = func(name string) string {
			return map[string]string{"PATH": os.Getenv("PATH"), "HOME": home, "VOLTA_HOME": "/opt/volta", "SECRET": "x"}[name]
		}
	})
	w.slot(t, "web")
	env := environment(t, w, func(r *local.Request) { r.App.Runtime.Value = "python" })
	for name, want := range map[string]string{
		"PYENV_ROOT": filepath.Join(home, ".pyenv"), "VOLTA_HOME": "/opt/volta", "RBENV_ROOT": "", "SECRET": "",
		"PYTHONPYCACHEPREFIX": filepath.Join(env["TMPDIR"], "pycache"),
	} {
		if env[name] != want {
			t.Errorf("%s is %q, want %q", name, env[name], want)
		}
	}
}

package terraform_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/terraform"
)

// program writes a fake engine that tells a version, or text as it is.
func program(t *testing.T, dir, name, version string) {
	t.Helper()
	script := fmt.Sprintf("#!/bin/sh\n[ -e \"$TF_CLI_CONFIG_FILE\" ] || exit 9\necho '{\"terraform_version\":%q}'\n", version)
	if version == "" {
		script = "#!/bin/sh\nexit 1\n"
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	executable(t, filepath.Join(dir, name), script)
}

// executable writes a program while no other test forks: a child that still has
// the file open for writing would keep it from being run.
func executable(t *testing.T, path, text string) {
	t.Helper()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	for rule, test := range map[string]struct {
		path   map[string]string // program to version; "2/tofu" is in the second folder
		cached string            // version of the engine in the cache
		kind   string
		want   string // kind and version
		why    []string
		code   aloft.Code
	}{
		"tofu before terraform":            {path: map[string]string{"1/terraform": "1.11.4", "2/tofu": "1.10.0"}, want: "tofu 1.10.0", why: []string{"found on the PATH", "2/tofu"}},
		"terraform when there is no tofu":  {path: map[string]string{"1/terraform": "1.11.4"}, want: "terraform 1.11.4"},
		"terraform when asked for":         {path: map[string]string{"1/terraform": "1.11.4", "1/tofu": "1.10.0"}, kind: "terraform", want: "terraform 1.11.4"},
		"an old one is passed over":        {path: map[string]string{"1/tofu": "1.7.3", "1/terraform": "1.9.0"}, want: "terraform 1.9.0", why: []string{"1.7.3, older than 1.8.0"}},
		"a newer one further down is used": {path: map[string]string{"1/tofu": "1.6.0", "2/tofu": "1.9.1"}, want: "tofu 1.9.1", why: []string{"passed over"}},
		"a broken one is passed over":      {path: map[string]string{"1/tofu": "", "2/tofu": "1.9.1"}, want: "tofu 1.9.1", why: []string{"does not run"}},
		"a pre-release counts":             {path: map[string]string{"1/tofu": "1.12.6-dev"}, want: "tofu 1.12.6-dev"},
		"the cache when the path has none": {cached: "1.12.6", want: "tofu 1.12.6", why: []string{"a test", "because no tofu or terraform is on the PATH"}},
		"the cache when the path is old":   {path: map[string]string{"1/terraform": "1.5.7"}, cached: "1.12.6", want: "tofu 1.12.6", why: []string{"1.5.7, older than 1.9.0"}},
		"the path before the cache":        {path: map[string]string{"1/terraform": "1.9.8"}, cached: "1.12.6", want: "terraform 1.9.8"},
		"the cache has no terraform":       {cached: "1.12.6", kind: "terraform", code: aloft.CodeUnavailable, why: []string{"no terraform is on the PATH", "engine: tofu"}},
		"none at all":                      {code: aloft.CodeUnavailable, why: []string{"no tofu or terraform is on the PATH", "install OpenTofu"}},
		"an unknown kind":                  {kind: "pulumi", code: aloft.CodeInvalid, why: []string{"pulumi"}},
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			o := terraform.FindOptions{
				CacheDir: filepath.Join(root, "cache"), Kind: test.kind,
				Path: strings.Join([]string{"relative", filepath.Join(root, "1"), filepath.Join(root, "2")}, string(os.PathListSeparator)),
			}
			for name, version := range test.path {
				program(t, filepath.Join(root, filepath.Dir(name)), filepath.Base(name), version)
			}
			if test.cached != "" {
				dir := filepath.Join(o.CacheDir, "engines", "opentofu-1.12.6")
				program(t, dir, "tofu", test.cached)
				write(t, dir, map[string]string{"origin": "a test\n"})
			}
			engine, err := terraform.Find(t.Context(), o)
			if test.code != "" {
				wantError(t, err, test.code, test.why...)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := engine.Kind + " " + engine.Version; got != test.want {
				t.Errorf("found %s, want %s", got, test.want)
			}
			for _, part := range test.why {
				if !strings.Contains(engine.Why, part) {
					t.Errorf("the reason %q does not say %q", engine.Why, part)
				}
			}
		})
	}
}

func TestPinnedVersion(t *testing.T) {
	t.Parallel()
	if want := "require github.com/opentofu/opentofu v" + terraform.Pinned + "\n"; !strings.Contains(terraform.EngineModule, want) {
		t.Errorf("the module that is built lacks %q", want)
	}
}

// TestInstall gets an engine as a fresh machine does: it downloads or builds it.
func TestInstall(t *testing.T) {
	if os.Getenv("ALOFT_TEST_BUILD_ENGINE") == "" {
		t.Skip("building an engine takes minutes: set ALOFT_TEST_BUILD_ENGINE=1")
	}
	cache := t.TempDir()
	found := make(chan *terraform.Engine, 2)
	start := time.Now()
	for range 2 {
		go func() {
			var log buffer
			engine, err := terraform.Find(t.Context(), terraform.FindOptions{
				CacheDir: cache, Kind: terraform.KindTofu, Install: true, Progress: &log,
				Path: withoutEngines(os.Getenv("PATH")),
			})
			t.Logf("%s\n%v after %s", log.String(), err, time.Since(start).Round(time.Second))
			found <- engine
		}()
	}
	for range 2 {
		engine := <-found
		if engine == nil || engine.Version != "1.12.6" {
			t.Fatalf("the engine is %+v", engine)
		}
		t.Log(engine.Why)
	}
	if entries, _ := os.ReadDir(filepath.Join(cache, "engines")); len(entries) != 2 { // the engine and the lock
		t.Errorf("something else is left in the cache: %v", entries)
	}
}

// withoutEngines drops the folders of path that hold an engine.
func withoutEngines(path string) string {
	var dirs []string
	for _, dir := range filepath.SplitList(path) {
		if _, err := os.Stat(filepath.Join(dir, "tofu")); err != nil {
			dirs = append(dirs, dir)
		}
	}
	return strings.Join(dirs, string(os.PathListSeparator))
}

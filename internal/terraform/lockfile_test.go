package terraform_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/terraform"
)

// mirrored makes a mirror with a provider acme/thing in these versions at both
// registries, and returns the engine's settings for it. Init does not run it.
func mirrored(t *testing.T, versions map[string][]string) string {
	t.Helper()
	dir := t.TempDir()
	for registry, list := range versions {
		for _, version := range list {
			path := filepath.Join(dir, registry, "acme", "thing", version, runtime.GOOS+"_"+runtime.GOARCH, "terraform-provider-thing_v"+version)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			executable(t, path, registry+version)
		}
	}
	settings := filepath.Join(t.TempDir(), "settings")
	text := fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", dir)
	if err := os.WriteFile(settings, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return settings
}

const (
	tofuRegistry      = "registry.opentofu.org"
	terraformRegistry = "registry.terraform.io"
)

func locked(registry, version string) string {
	return fmt.Sprintf("provider %q {\n  version     = %q\n  constraints = \">= 1.0.0\"\n  hashes = [\n    \"h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\",\n  ]\n}\n", registry+"/acme/thing", version)
}

// TestVersionsOfAnotherEngine gives each engine the lock file of the other.
func TestVersionsOfAnotherEngine(t *testing.T) {
	t.Parallel()
	for rule, test := range map[string]struct {
		available  []string // at the engine's own registry
		constraint string
		restored   bool
		want       string
		told       string
	}{
		"they are kept": {[]string{"1.2.0", "1.4.0"}, ">= 1.0", true, "1.2.0", "provider acme/thing: 1.2.0 is kept, since the engine changed to "},
		"they are kept in a lock file of the commit":   {[]string{"1.2.0", "1.4.0"}, ">= 1.0", false, "1.2.0", "1.2.0 is kept"},
		"those that cannot be had are told":            {[]string{"1.3.0", "1.4.0"}, ">= 1.0", true, "1.4.0", "provider acme/thing: 1.2.0 → 1.4.0, since the engine changed to "},
		"those that the configuration no longer takes": {[]string{"1.2.0", "1.4.0"}, ">= 1.3", true, "1.4.0", "provider acme/thing: 1.2.0 → 1.4.0"},
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			twins(t, func(t *testing.T, e *terraform.Engine) {
				own, other := tofuRegistry, terraformRegistry
				if e.Kind == terraform.KindTerraform {
					own, other = other, own
				}
				c, log := withThing(t, test.constraint, map[string][]string{own: test.available})
				write(t, c.Dir, map[string]string{".terraform.lock.hcl": locked(other, "1.2.0")})
				c.Restored = test.restored
				wantVersion(t, e, c, own, test.want)
				if !strings.Contains(log.String(), test.told) {
					t.Errorf("no %q in:\n%s", test.told, log.String())
				}
				begun := len(log.String())
				wantVersion(t, e, c, own, test.want)
				if again := log.String()[begun:]; strings.Contains(again, "acme/thing") {
					t.Errorf("it is told again:\n%s", again)
				}
			})
		})
	}
	t.Run("a restored version that the configuration no longer takes is replaced and told", func(t *testing.T) {
		t.Parallel()
		twins(t, func(t *testing.T, e *terraform.Engine) {
			own := tofuRegistry
			if e.Kind == terraform.KindTerraform {
				own = terraformRegistry
			}
			c, log := withThing(t, ">= 1.3", map[string][]string{own: {"1.2.0", "1.4.0"}})
			write(t, c.Dir, map[string]string{".terraform.lock.hcl": locked(own, "1.2.0")})
			c.Restored = true
			wantVersion(t, e, c, own, "1.4.0")
			if want := "provider acme/thing: 1.2.0 → 1.4.0\n"; !strings.Contains(log.String(), want) {
				t.Errorf("no %q in:\n%s", want, log.String())
			}
		})
	})
}

// withThing is a configuration that requires acme/thing.
func withThing(t *testing.T, constraint string, versions map[string][]string) (aloft.Configuration, *buffer) {
	t.Helper()
	c, _, log := environment(t, map[string]string{"main.tf": "terraform {\n  required_providers {\n    thing = { source = \"acme/thing\", version = \"" + constraint + "\" }\n  }\n}\n"})
	c.Env = map[string]string{"TF_CLI_CONFIG_FILE": mirrored(t, versions)}
	return c, log
}

// wantVersion fails the test unless init takes that version.
func wantVersion(t *testing.T, e *terraform.Engine, c aloft.Configuration, registry, version string) {
	t.Helper()
	if _, err := e.Init(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	lock, err := os.ReadFile(filepath.Join(c.Dir, ".terraform.lock.hcl"))
	if err != nil || !strings.Contains(string(lock), fmt.Sprintf("%q {\n  version     = %q", registry+"/acme/thing", version)) {
		t.Errorf("locked is\n%s%v", lock, err)
	}
}

package provider_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// TestAnotherEngine: what one engine has applied, the other one changes and destroys.
func TestAnotherEngine(t *testing.T) {
	terraform, tofu := lookUp("terraform"), lookUp("tofu")
	if terraform == "" || tofu == "" {
		t.Skip("needs both engines")
	}
	sourced := func(source, more string) string {
		return fmt.Sprintf("terraform {\n  required_providers {\n    aloft = { source = %q }\n  }\n}\n%s", source, more)
	}
	resources := func(name string) string {
		return "resource \"aloft_environment\" \"this\" {\n  project = \"shop\"\n  name    = \"alice\"\n}\n" + database("main") + database("more", "name = \""+name+"\"")
	}
	for _, sources := range [][2]string{
		{"aloft-dev/aloft", "aloft-dev/aloft"},
		{"registry.terraform.io/aloft-dev/aloft", "aloft-dev/aloft"},
		{"registry.terraform.io/aloft-dev/aloft", "registry.opentofu.org/aloft-dev/aloft"},
		{"registry.opentofu.org/aloft-dev/aloft", "registry.terraform.io/aloft-dev/aloft"},
	} {
		for _, order := range [][2]string{{terraform, tofu}, {tofu, terraform}, {tofu, tofu}} {
			t.Run(fmt.Sprint(sources, filepath.Base(order[0]), " ", filepath.Base(order[1])), func(t *testing.T) {
				t.Parallel()
				start := func(t *testing.T) *bench {
					b := newBench(t, order[0], sourced(sources[0], resources("one")))
					b.serve(t, true)
					b.apply(t)
					b.program = order[1]
					for _, left := range []string{".terraform", ".terraform.lock.hcl"} { // another run is in another folder
						if err := os.RemoveAll(filepath.Join(b.dir, left)); err != nil {
							t.Fatal(err)
						}
					}
					return b
				}
				t.Run("changes", func(t *testing.T) {
					b := start(t)
					b.write(t, sourced(sources[1], resources("two")))
					b.ok(t, "init", "-input=false", "-no-color")
					main := b.databasesNow()["main"]
					b.apply(t)
					b.wantNoChanges(t)
					if now := b.databasesNow(); len(now) != 2 || now["main"] != main || now["two"] == "" {
						t.Errorf("there are %v", now)
					}
					b.destroy(t)
					b.wantDatabases(t, nil)
				})
				t.Run("destroys what the configuration no longer has", func(t *testing.T) {
					b := start(t)
					b.write(t, sourced(sources[1], ""))
					b.ok(t, "init", "-input=false", "-no-color")
					b.apply(t)
					b.wantDatabases(t, nil)
				})
				t.Run("refuses a renamed label", func(t *testing.T) {
					b := start(t)
					b.write(t, sourced(sources[1], resources("one")+"moved {\n  from = aloft_postgresql.nothing\n  to = aloft_postgresql.main\n}\n"+database("again", `name = "two"`)))
					b.ok(t, "init", "-input=false", "-no-color")
					b.apply(t)
					b.write(t, sourced(sources[1], resources("two")))
					b.refused(t, "shop/alice/two would be destroyed at one address and made anew at another")
				})
			})
		}
	}
}

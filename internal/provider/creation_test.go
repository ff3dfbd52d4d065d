package provider_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft"
)

// labelled declares one of each resource, under the labels given.
func labelled(environment, database, app string) string {
	return fmt.Sprintf(`terraform {
  required_providers {
    aloft = { source = "aloft-dev/aloft" }
  }
}
resource "aloft_environment" %[1]q {
  project = "shop"
  name    = "alice"
}
resource "aloft_postgresql" %[2]q {
  environment = aloft_environment.%[1]s.id
}
resource "aloft_app" %[3]q {
  environment = aloft_environment.%[1]s.id
  name        = "web"
  variables   = { DATABASE_URL = aloft_postgresql.%[2]s.url }
}
`, environment, database, app)
}

// kinds are the resources, in the order of labelled, with what each is made of.
var kinds = []struct{ kind, id string }{
	{"aloft_environment", "shop/alice"}, {"aloft_postgresql", "shop/alice/main"}, {"aloft_app", "shop/alice/web"},
}

// renamed is labelled with another label for one kind.
func renamed(kind string) string {
	labels := []string{"a", "a", "a"}
	for i, k := range kinds {
		if k.kind == kind {
			labels[i] = "b"
		}
	}
	return labelled(labels[0], labels[1], labels[2])
}

// refused plans and applies, and checks that both fail with one error, that it says
// the parts, and that nothing was changed.
func (b *bench) refused(t *testing.T, parts ...string) {
	t.Helper()
	b.done()
	for _, args := range [][]string{{"plan"}, {"apply", "-auto-approve"}} {
		out, err := b.run(t, append(args, "-input=false", "-no-color")...)
		if err == nil {
			t.Errorf("%s: no error:\n%s", args[0], out)
		}
		wantText(t, out, parts...)
		if n := strings.Count(flat(out), "Error: "); n != 1 {
			t.Errorf("%s: %d errors:\n%s", args[0], n, out)
		}
	}
	wantDone(t, b)
}

// complete checks that everything is there.
func (b *bench) complete(t *testing.T) {
	t.Helper()
	b.behind(func() {
		if !b.groups["shop/alice"] || len(b.databases) != 1 || len(b.slots) != 1 {
			t.Errorf("there is %v, %v, %v", b.groups, b.databases, b.slots)
		}
	})
}

func TestRenamedLabels(t *testing.T) { engines(t, testRenamedLabels) }

func testRenamedLabels(t *testing.T, program string) {
	for _, k := range kinds {
		t.Run(k.kind, func(t *testing.T) {
			for _, adopt := range []bool{false, true} {
				b := newBench(t, program, labelled("a", "a", "a"))
				b.serve(t, adopt)
				b.apply(t)
				b.write(t, renamed(k.kind))
				for range 2 {
					b.refused(t, k.kind+" "+k.id+" would be destroyed at one address and made anew at another", "`moved`: from = "+k.kind+".OLD, to = "+k.kind+".NEW")
				}
				b.complete(t)
				b.write(t, renamed(k.kind)+fmt.Sprintf("moved {\n  from = %[1]s.a\n  to   = %[1]s.b\n}\n", k.kind))
				out := b.apply(t)
				wantText(t, out, "Resources: 0 added,", "0 destroyed")
				for _, change := range b.done() { // an engine updates what has sensitive values
					if change != "put app shop/alice/web" {
						t.Errorf("a move did %s", change)
					}
				}
				b.wantNoChanges(t)
			}
		})
		t.Run(k.kind+", create first", func(t *testing.T) {
			b := newBench(t, program, labelled("a", "a", "a"))
			b.apply(t)
			b.serve(t, true)
			b.write(t, renamed(k.kind))
			for _, address := range []string{".b", ".a"} { // what the new one took over is not the old one's
				b.ok(t, "apply", "-auto-approve", "-input=false", "-no-color", "-target="+k.kind+address)
				b.complete(t)
			}
			b.apply(t)
			b.complete(t)
			b.wantNoChanges(t)
		})
		t.Run(k.kind+", delete first", func(t *testing.T) {
			b := newBench(t, program, labelled("a", "a", "a"))
			b.apply(t)
			b.write(t, renamed(k.kind))
			b.ok(t, "apply", "-auto-approve", "-input=false", "-no-color", "-target="+k.kind+".a")
			b.apply(t)
			b.complete(t)
			b.wantNoChanges(t)
		})
		t.Run(k.kind+", and destroyed", func(t *testing.T) {
			b := newBench(t, program, labelled("a", "a", "a"))
			b.apply(t)
			b.write(t, renamed(k.kind))
			b.destroy(t)
			b.behind(func() {
				if len(b.databases)+len(b.slots) > 0 || b.groups["shop/alice"] {
					t.Errorf("there is %v, %v, %v", b.groups, b.databases, b.slots)
				}
			})
		})
		t.Run(k.kind+" is replaced since it is tainted", func(t *testing.T) {
			for _, adopt := range []bool{false, true} {
				b := newBench(t, program, labelled("a", "a", "a"))
				b.serve(t, adopt)
				b.apply(t)
				b.ok(t, "taint", k.kind+".a")
				wantText(t, b.apply(t), "1 added", "1 destroyed")
				b.complete(t)
				b.wantNoChanges(t)
			}
		})
		t.Run(k.kind+" is replaced by itself", func(t *testing.T) {
			b := newBench(t, program, labelled("a", "a", "a"))
			b.apply(t)
			b.ok(t, "apply", "-auto-approve", "-input=false", "-no-color", "-replace="+k.kind+".a")
			b.complete(t)
			b.wantNoChanges(t)
		})
	}
}

func TestTwoResourcesWithOneIdentity(t *testing.T) { engines(t, testTwoResources) }

func testTwoResources(t *testing.T, program string) {
	twice := labelled("a", "a", "a") + "resource \"aloft_postgresql\" \"second\" {\n  environment = aloft_environment.a.id\n}\n"
	t.Run("new ones are refused", func(t *testing.T) {
		b := newBench(t, program, twice)
		b.serve(t, true)
		b.refused(t, "More than one resource of this configuration claims the aloft_postgresql shop/alice/main, and only one can have it.", "Give the others another name, or take them out")
	})
	t.Run("a second one is refused, and what the first made stays", func(t *testing.T) {
		b := newBench(t, program, labelled("a", "a", "a"))
		b.serve(t, true)
		b.apply(t)
		b.write(t, twice)
		b.refused(t, "aloft_postgresql shop/alice/main exists already: another resource has it, and only one can have it.", "Give the new one another name", "`moved`: from = aloft_postgresql.OLD")
		b.complete(t)
		b.write(t, labelled("a", "a", "a"))
		b.apply(t)
		b.complete(t)
		b.wantNoChanges(t)
	})
}

func TestWhatAStateDoesNotKnow(t *testing.T) { engines(t, testUnknown) }

func testUnknown(t *testing.T, program string) {
	b := newBench(t, program, labelled("a", "a", "a"))
	b.apply(t)
	state := filepath.Join(b.dir, "terraform.tfstate")
	old, err := os.ReadFile(state)
	if err != nil {
		t.Fatal(err)
	}
	lose := func(t *testing.T) {
		if err := os.Remove(state); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("is refused to a person", func(t *testing.T) {
		lose(t)
		b.done()
		out, err := b.run(t, "apply", "-auto-approve", "-input=false", "-no-color")
		if err == nil {
			t.Errorf("applied:\n%s", out)
		}
		wantText(t, out, "aloft_environment shop/alice exists already: another resource made it, and only one can have it.", "`moved`: from = aloft_environment.OLD", "import aloft_environment.NEW shop/alice")
		wantDone(t, b, "put group shop/alice")
	})
	t.Run("is imported with its creation", func(t *testing.T) {
		for _, k := range kinds {
			b.ok(t, "import", "-input=false", "-no-color", k.kind+".a", k.id)
		}
		b.apply(t)
		b.wantNoChanges(t)
		b.complete(t)
	})
	b.serve(t, true)
	t.Run("is taken over by a run", func(t *testing.T) {
		lose(t)
		b.apply(t)
		b.complete(t)
		b.wantNoChanges(t)
	})
	t.Run("an older state removes nothing of what was taken over", func(t *testing.T) {
		if err := os.WriteFile(state, old, 0o600); err != nil {
			t.Fatal(err)
		}
		b.destroy(t, "-refresh=false")
		b.complete(t)
	})
	t.Run("another creation is a difference", func(t *testing.T) {
		if err := os.WriteFile(state, old, 0o600); err != nil {
			t.Fatal(err)
		}
		wantText(t, b.plan(t), "3 to add, 0 to change, 0 to destroy")
	})
	t.Run("what was made before creations had identities is taken as it is", func(t *testing.T) {
		b := newBench(t, program, labelled("a", "a", "a"))
		b.apply(t)
		b.behind(func() { clear(b.creations) })
		b.forget(t)
		b.wantNoChanges(t)
		b.destroy(t)
		b.behind(func() {
			if len(b.databases)+len(b.slots) > 0 || b.groups["shop/alice"] {
				t.Errorf("there is %v, %v, %v", b.groups, b.databases, b.slots)
			}
		})
	})
}

// forget makes of the state and the world what they were before there were creations.
func (b *bench) forget(t *testing.T) {
	t.Helper()
	path := filepath.Join(b.dir, "terraform.tfstate")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	private := regexp.MustCompile(`,\s*"private": "[^"]*"`)
	if err := os.WriteFile(path, private.ReplaceAll(text, nil), 0o600); err != nil {
		t.Fatal(err)
	}
	b.behind(func() {
		for id, slot := range b.slots {
			slot.Creation = ""
			b.slots[id] = slot
		}
		for id, d := range b.databases {
			d.Creation = aloft.FirstCreation
			b.databases[id] = d
		}
	})
}

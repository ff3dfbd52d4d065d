package provider_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// declare is a configuration of an environment and what is given beside it.
func declare(more ...string) string { return head + strings.Join(more, "") }

// database declares a database with a label and further arguments, a line each.
func database(label string, arguments ...string) string {
	return fmt.Sprintf("resource \"aloft_postgresql\" %q {\n  environment = aloft_environment.this.id\n  %s\n}\n", label, strings.Join(arguments, "\n  "))
}

const second = "provider \"aloft\" {\n  alias = \"second\"\n}\n"

// wantDatabases checks which databases there are, and that none was made anew.
func (b *bench) wantDatabases(t *testing.T, want map[string]string) {
	t.Helper()
	b.behind(func() {
		for name, creation := range want {
			if got := b.databases["shop/alice/"+name].Creation; got != creation {
				t.Errorf("database %s is of creation %q, was %q", name, got, creation)
			}
		}
		if len(b.databases) != len(want) {
			t.Errorf("there are %v", b.databases)
		}
	})
}

// databasesNow returns the databases that there are, with their creations.
func (b *bench) databasesNow() map[string]string {
	list := map[string]string{}
	b.behind(func() {
		for id, d := range b.databases {
			list[id[strings.LastIndex(id, "/")+1:]] = d.Creation
		}
	})
	return list
}

func TestOneIdentityAtTwoAddresses(t *testing.T) { engines(t, testOneIdentity) }

func testOneIdentity(t *testing.T, program string) {
	list := func(names string) string {
		return declare("locals {\n  names = ["+names+"]\n}\n", database("d", "count = length(local.names)", "name = local.names[count.index]"))
	}
	const later = "resource \"terraform_data\" \"name\" {\n  input = \"one\"\n}\n"
	const anew = "would be destroyed at one address and made anew at another"
	for _, test := range []struct {
		name, before, after string
		says                []string
	}{
		{"renamed, with a second configuration of the provider",
			declare(second, database("main"), database("other", `name = "other"`, "provider = aloft.second")),
			declare(second, database("data"), database("other", `name = "other"`, "provider = aloft.second")),
			[]string{"shop/alice/main " + anew, "`moved`: from = aloft_postgresql.OLD"}},
		{"renamed, into a second configuration of the provider",
			declare(second, database("main")), declare(second, database("data", "provider = aloft.second")),
			[]string{"shop/alice/main " + anew, "`moved`: from = aloft_postgresql.OLD"}},
		{"a second one, of a second configuration of the provider",
			declare(second, database("main")), declare(second, database("main"), database("data", "provider = aloft.second")),
			[]string{"shop/alice/main exists already: another resource has it"}},
		{"places in a list", list(`"alpha", "beta", "gamma"`), list(`"beta", "gamma"`),
			[]string{anew, "`moved`: from = aloft_postgresql.OLD", "`for_each` over the names"}},
		{"names change places",
			declare(database("p", `name = "one"`), database("q", `name = "two"`)), declare(database("p", `name = "two"`), database("q", `name = "one"`)),
			[]string{anew, "`moved`: from = aloft_postgresql.OLD"}},
		{"a name is handed on",
			declare(database("p", `name = "one"`)), declare(database("p", `name = "two"`), database("q", `name = "one"`)),
			[]string{"shop/alice/one " + anew}},
		{"imported, while another has it",
			declare(database("main")), declare(database("main"), database("copy"), "import {\n  to = aloft_postgresql.copy\n  id = \"shop/alice/main\"\n}\n"),
			[]string{"shop/alice/main is to be imported, but another resource has it", "Take the import out"}},
		{"imported, while another goes",
			declare(database("main")), declare(database("copy"), "import {\n  to = aloft_postgresql.copy\n  id = \"shop/alice/main\"\n}\n"),
			[]string{"shop/alice/main is to be imported, but another resource has it", "`moved` instead: from = aloft_postgresql.OLD"}},
		{"renamed, with a name that is known only later",
			declare(database("p", `name = "one"`)), declare(later, database("q", "name = terraform_data.name.output")),
			[]string{"The plan destroys an aloft_postgresql, and makes one whose name is known only after that"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, adopt := range []bool{true, false} {
				b := newBench(t, program, test.before)
				b.serve(t, adopt)
				b.apply(t)
				made := b.databasesNow()
				b.write(t, test.after)
				out, _ := b.run(t, "plan", "-input=false", "-no-color")
				b.done()
				apply, err := b.run(t, "apply", "-auto-approve", "-input=false", "-no-color")
				if err == nil {
					t.Errorf("applied:\n%s", apply)
				}
				wantText(t, out, test.says...)
				wantText(t, apply, test.says...)
				wantDone(t, b)
				b.wantDatabases(t, made)
				b.write(t, test.before)
				b.wantNoChanges(t)
				b.write(t, test.after)
				b.destroy(t)
				b.wantDatabases(t, nil)
			}
		})
	}
	t.Run("what the state knows twice is not destroyed, and can be forgotten", func(t *testing.T) {
		b := newBench(t, program, declare(database("main"), database("copy")))
		b.ok(t, "apply", "-auto-approve", "-input=false", "-no-color", "-target=aloft_postgresql.main")
		b.ok(t, "import", "-input=false", "-no-color", "aloft_postgresql.copy", "shop/alice/main")
		b.serve(t, true)
		b.apply(t)
		made := b.databasesNow()
		b.write(t, declare(database("main")))
		b.refused(t, "shop/alice/main would be destroyed at one address, and another resource has it", "state rm aloft_postgresql.LABEL")
		b.wantDatabases(t, made)
		b.ok(t, "state", "rm", "aloft_postgresql.copy")
		b.wantNoChanges(t)
		b.wantDatabases(t, made)
	})
	t.Run("what is imported into the only place is imported", func(t *testing.T) {
		b := newBench(t, program, declare(database("main")))
		b.apply(t)
		made := b.databasesNow()
		b.serve(t, true)
		b.ok(t, "state", "rm", "aloft_postgresql.main")
		b.write(t, declare(database("copy"), "import {\n  to = aloft_postgresql.copy\n  id = \"shop/alice/main\"\n}\n"))
		wantText(t, b.apply(t), "Resources: 1 imported, 0 added, 0 changed, 0 destroyed")
		b.wantDatabases(t, made)
		b.wantNoChanges(t)
		b.write(t, declare(database("copy")))
		b.wantNoChanges(t)
	})
	t.Run("new ones, of two configurations of the provider", func(t *testing.T) {
		b := newBench(t, program, declare(second, database("main"), database("copy", "provider = aloft.second")))
		b.serve(t, true)
		out, err := b.run(t, "apply", "-auto-approve", "-input=false", "-no-color")
		if err == nil {
			t.Errorf("applied:\n%s", out)
		}
		wantText(t, out, "shop/alice/main exists already: another resource made it, and only one can have it.")
		made := b.databasesNow()
		b.refused(t, "shop/alice/main exists already: another resource has it")
		b.wantDatabases(t, made)
	})
	t.Run("a name that is known only later", func(t *testing.T) {
		b := newBench(t, program, declare(later, database("main", "name = terraform_data.name.output")))
		b.serve(t, true)
		b.apply(t)
		b.wantNoChanges(t)
		b.write(t, declare(strings.Replace(later, "one", "two", 1), database("main", "name = terraform_data.name.output")))
		b.apply(t)
		b.wantNoChanges(t)
		if now := b.databasesNow(); len(now) != 1 || now["two"] == "" {
			t.Errorf("there are %v", now)
		}
	})
	t.Run("a name that nobody else claims may change", func(t *testing.T) {
		b := newBench(t, program, declare(second, database("p", `name = "one"`, "provider = aloft.second"), database("q", `name = "two"`)))
		b.serve(t, true)
		b.apply(t)
		b.write(t, declare(second, database("p", `name = "three"`, "provider = aloft.second"), database("q", `name = "four"`)))
		b.apply(t)
		b.wantNoChanges(t)
		if now := b.databasesNow(); len(now) != 2 || now["three"] == "" || now["four"] == "" {
			t.Errorf("there are %v", now)
		}
	})
}

func TestCreateBeforeDestroy(t *testing.T) { engines(t, testCreateBeforeDestroy) }

func testCreateBeforeDestroy(t *testing.T, program string) {
	configuration := func(value, lifecycle, name string) string {
		return declare("resource \"terraform_data\" \"turn\" {\n  input = \""+value+"\"\n}\n",
			database("main", `name = "`+name+`"`, "lifecycle {\n    "+lifecycle+"replace_triggered_by = [terraform_data.turn]\n  }"))
	}
	for _, adopt := range []bool{true, false} {
		b := newBench(t, program, configuration("1", "create_before_destroy = true\n    ", "main"))
		b.serve(t, adopt)
		b.apply(t)
		made := b.databasesNow()
		b.write(t, configuration("2", "create_before_destroy = true\n    ", "main"))
		for range 2 {
			out, err := b.run(t, "apply", "-auto-approve", "-input=false", "-no-color", "-replace=aloft_postgresql.main")
			if err == nil {
				t.Errorf("applied:\n%s", out)
			}
			wantText(t, out, "shop/alice/main is to be replaced, and its `create_before_destroy` makes the new one while the old one has the name", "Take `create_before_destroy` out of its `lifecycle`")
			if strings.Contains(out, "moved") || strings.Contains(out, "import") {
				t.Errorf("it says what does not help:\n%s", out)
			}
			b.wantDatabases(t, made)
		}
		if slices.ContainsFunc(b.done(), func(change string) bool { return strings.HasPrefix(change, "delete") }) {
			t.Error("something was deleted")
		}
		b.write(t, configuration("3", "", "main"))
		wantText(t, b.apply(t), "1 destroyed")
		b.write(t, configuration("3", "create_before_destroy = true\n    ", "other"))
		wantText(t, b.apply(t), "1 destroyed")
		b.wantNoChanges(t)
		if now := b.databasesNow(); len(now) != 1 || now["other"] == "" {
			t.Errorf("there are %v", now)
		}
	}
}

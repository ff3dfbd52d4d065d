package merge_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/aloft-dev/aloft/internal/merge"
)

// mergeFile merges a folder of one file.
func mergeFile(name, base, yours, next string) (string, []merge.Conflict, error) {
	one := func(text string) map[string]string { return map[string]string{name: text} }
	merged, err := merge.Folder{Base: one(base), Yours: one(yours), Next: one(next)}.Merge()
	return merged.Texts[name], merged.Conflicts[name], err
}

func TestFile(t *testing.T) {
	const base = `# Head.

module "web" {
  source  = "./modules/web-app"
  tier    = "basic"
  subnets = ["a", "b"]
  settings = {
    ONE = "1"
  }
}

# Says what.
module "old" {
  source = "./modules/old"
}
`
	for _, test := range []struct {
		name        string
		yours, next string
		want        string
		conflicts   []merge.Conflict
	}{
		{"nothing new, nothing changes, not even the format",
			strings.Replace(base, `"basic"`, `"premium"   # mine`, 1), base,
			strings.Replace(base, `"basic"`, `"premium"   # mine`, 1), nil},
		{"a setting goes into a map that was edited",
			strings.Replace(base, `ONE = "1"`, "ONE = \"1\"\n    # Mine.\n    MINE_IS_LONG = \"x\"", 1),
			strings.Replace(base, `ONE = "1"`, "ONE = \"1\"\n    TWO = \"2\"", 1),
			"    ONE = \"1\"\n    TWO = \"2\"\n    # Mine.\n    MINE_IS_LONG = \"x\"\n", nil},
		{"an element of a list", base, strings.Replace(base, `["a", "b"]`, `["b", "c"]`, 1), `["b", "c"]`, nil},
		{"a comment at the end of a line stays there",
			strings.Replace(base, `ONE = "1"`, "ONE = \"1\" # first\n    MINE = \"x\" # mine\n    # Last word.", 1),
			strings.Replace(base, `ONE = "1"`, "ONE = \"2\"\n    TWO = \"2\"", 1),
			"    ONE  = \"2\" # first\n    TWO  = \"2\"\n    MINE = \"x\" # mine\n    # Last word.\n", nil},
		{"an element that is taken out goes with its comment, the next one stays",
			strings.Replace(base, `ONE = "1"`, "ONE = \"1\" # first\n    MINE = \"x\"", 1),
			strings.Replace(base, "    ONE = \"1\"\n", "", 1),
			"  settings = {\n    MINE = \"x\"\n  }\n", nil},
		{"comments in what was not edited stay",
			strings.Replace(base, `    ONE = "1"`, "    # Why one.\n    ONE = \"1\"", 1),
			strings.Replace(base, `ONE = "1"`, `ONE = "2"`, 1), "    # Why one.\n    ONE = \"2\"\n", nil},
		{"an object that goes leaves what is the user's",
			strings.Replace(base, `ONE = "1"`, "ONE = \"1\"\n    MINE = \"x\"", 1),
			strings.Replace(base, "  settings = {\n    ONE = \"1\"\n  }\n", "", 1),
			"  settings = {\n    MINE = \"x\"\n  }\n", nil},
		{"a list that is made by an expression is left to its owner",
			strings.Replace(base, `["a", "b"]`, `[for x in var.names : x]`, 1), strings.Replace(base, `["a", "b"]`, `["a", "b", "c"]`, 1),
			`[for x in var.names : x]`, []merge.Conflict{{Place: "module.web.subnets", Yours: "[for x in var.names : x]", Ours: `["a", "b", "c"]`}}},
		{"a list over several lines",
			strings.Replace(base, `["a", "b"]`, "[\n    var.x ?\n    \"a\" : \"b\",\n    \"b\",\n  ]", 1), strings.Replace(base, `["a", "b"]`, `["a", "b", "c"]`, 1),
			"\"c\",\n  ]", nil},
		{"empty lines of one's own stay", "# Mine.\n\n\n\n" + base, base[:strings.Index(base, "\n# Says")], "# Mine.\n\n\n\n", nil},
		{"a changed attribute beside an edited one",
			strings.Replace(base, `"./modules/web-app"`, `"./modules/mine"`, 1), strings.Replace(base, `"basic"`, `"standard"`, 1),
			"  source  = \"./modules/mine\"\n  tier    = \"standard\"\n", nil},
		{"both changed the same attribute",
			strings.Replace(base, `"basic"`, `"premium"`, 1), strings.Replace(base, `"basic"`, `"standard"`, 1),
			`"premium"`, []merge.Conflict{{Place: "module.web.tier", Yours: `"premium"`, Ours: `"standard"`}}},
		{"a new block comes with its comment", base, base + "\n# New.\nmodule \"new\" {\n  source = \"./modules/new\"\n}\n", "# New.\nmodule \"new\" {\n", nil},
		{"an old block goes with its comment", base, base[:strings.Index(base, "\n# Says")], "", nil},
		{"an old block that was edited stays",
			strings.Replace(base, `"./modules/old"`, `"./modules/mine"`, 1), base[:strings.Index(base, "\n# Says")],
			`"./modules/mine"`, []merge.Conflict{{Place: "module.old", Yours: "edited"}}},
		{"a block that was taken out stays out", base[:strings.Index(base, "\n# Says")], base, base[:strings.Index(base, "\n# Says")], nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, conflicts, err := mergeFile("main.tf", base, test.yours, test.next)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(got, test.want) {
				t.Errorf("got:\n%s\nwant in it:\n%s", got, test.want)
			}
			if test.want == "" && strings.Contains(got, "Says") {
				t.Errorf("the block is still there:\n%s", got)
			}
			if len(conflicts) != len(test.conflicts) {
				t.Fatalf("conflicts: %+v, want %+v", conflicts, test.conflicts)
			}
			for i := range conflicts {
				if conflicts[i] != test.conflicts[i] {
					t.Errorf("conflict %+v, want %+v", conflicts[i], test.conflicts[i])
				}
			}
		})
	}
}

// What users write where Aloft writes too.
func TestFileKeeps(t *testing.T) {
	for _, test := range []struct {
		name              string
		base, yours, next string
		want              string // all of it
		conflicts         []merge.Conflict
	}{
		{"comments in a list",
			"x {\n  names = [\n    \"a\",\n    \"b\",\n  ]\n}\n",
			"x {\n  names = [\n    \"a\", # why a\n\n    # Why b.\n    \"b\" # last\n    # All of them.\n  ]\n}\n",
			"x {\n  names = [\n    \"a\",\n    \"b\",\n    \"c\",\n  ]\n}\n",
			"x {\n  names = [\n    \"a\", # why a\n\n    # Why b.\n    \"b\", # last\n    \"c\",\n    # All of them.\n  ]\n}\n", nil},
		{"a comment within an element of a list: its owner merges",
			"x {\n  names = [a, 1]\n}\n",
			"x {\n  names = [a # less\n    - 1,\n  ]\n}\n",
			"x {\n  names = [a, 1, 2]\n}\n",
			"x {\n  names = [a # less\n    - 1,\n  ]\n}\n",
			[]merge.Conflict{{Place: "x.names", Yours: "[a - 1,]", Ours: "[a, 1, 2]"}}},
		{"empty lines in a map",
			"m = {\n  ONE = 1\n}\n",
			"m = {\n  ONE = 1\n\n  # Mine.\n  MINE = 1\n\n}\n",
			"m = {\n  ONE = 1\n  TWO = 2\n}\n",
			"m = {\n  ONE = 1\n  TWO = 2\n\n  # Mine.\n  MINE = 1\n\n}\n", nil},
		{"a map in a map",
			"apps = {\n  web = {\n    hosting = \"web-app\"\n    url     = module.web.url\n  }\n}\n",
			"apps = {\n  web = {\n    hosting = \"web-app\" # for now\n    url     = module.web.url\n    mine    = 1\n  }\n}\n",
			"apps = {\n  web = {\n    hosting = \"container-app\"\n    url     = module.web.url\n    more    = 2\n  }\n}\n",
			"apps = {\n  web = {\n    hosting = \"container-app\" # for now\n    url     = module.web.url\n    more    = 2\n    mine    = 1\n  }\n}\n", nil},
		{"both changed the same in a map in a map",
			"apps = {\n  web = {\n    a = 1\n  }\n}\n",
			"apps = {\n  web = {\n    a = 2\n  }\n}\n",
			"apps = {\n  web = {\n    a = 3\n  }\n}\n",
			"apps = {\n  web = {\n    a = 2\n  }\n}\n",
			[]merge.Conflict{{Place: "apps.web.a", Yours: "2", Ours: "3"}}},
		{"a comment in an expression of several lines",
			"x = f(1,\n  2)\n", "x = f(1, # one\n  2)\n", "x = f(1, 3)\n", "x = f(1, # one\n  2)\n",
			[]merge.Conflict{{Place: "x", Yours: "f ( 1, 2 )", Ours: "f ( 1, 3 )"}}},
		{"an index of a list is no list",
			"x = [1]\n", "x = [1, 2][0]\n", "x = [1, 3]\n", "x = [1, 2][0]\n",
			[]merge.Conflict{{Place: "x", Yours: "[1, 2][0]", Ours: "[1, 3]"}}},
		{"a second provider before the first",
			"provider \"azurerm\" {\n  names = [\"a\"]\n  features {\n  }\n}\n",
			"provider \"azurerm\" {\n  alias = \"hub\"\n  features {\n  }\n}\n\nprovider \"azurerm\" {\n  names = [\"a\"]\n  # Mine.\n  features {\n  }\n}\n",
			"provider \"azurerm\" {\n  names = [\"a\", \"b\"]\n  features {\n  }\n}\n",
			"provider \"azurerm\" {\n  alias = \"hub\"\n  features {\n  }\n}\n\nprovider \"azurerm\" {\n  names = [\"a\", \"b\"]\n  # Mine.\n  features {\n  }\n}\n", nil},
		{"blocks on one line",
			"a {\n  x = 1\n}\nb {\n}\nc {\n}\n", "a { x = 1 }\nb {}\nc {}\n", "a {\n  x = 1\n  y = 2\n}\nb {\n  y = 2\n}\nc {\n  d {\n  }\n}\n",
			"a {\n  x = 1\n  y = 2\n}\nb {\n  y = 2\n}\nc {\n\n  d {\n  }\n}\n", nil},
		{"what was moved by its owner, and by a newer module",
			"", "moved {\n  from = x.old\n  to   = x.mine\n}\n", "moved {\n  from = x.a\n  to   = x.b\n}\n",
			"moved {\n  from = x.old\n  to   = x.mine\n}\n\nmoved {\n  from = x.a\n  to   = x.b\n}\n", nil},
		{"what was moved before",
			"moved {\n  from = x.a\n  to   = x.b\n}\n", "moved {\n  from = x.old\n  to   = x.mine\n}\nmoved {\n  from = x.a\n  to   = x.b\n}\n", "x = 1\n",
			"moved {\n  from = x.old\n  to   = x.mine\n}\nx = 1\n", nil},
		{"the second of two rules, when the first was taken out",
			"rule {\n  name = \"a\"\n  way  = \"in\"\n}\nrule {\n  name = \"b\"\n  way  = \"in\"\n}\n",
			"rule {\n  name = \"b\"\n  way  = \"in\"\n}\n",
			"rule {\n  name = \"a\"\n  way  = \"out\"\n}\nrule {\n  name = \"b\"\n  way  = \"in\"\n}\n",
			"rule {\n  name = \"b\"\n  way  = \"in\"\n}\n",
			[]merge.Conflict{{Place: "rule", Ours: `rule { name = "a" way = "out" }`}}},
		{"the first of two rules goes",
			"rule {\n  name = \"a\"\n}\nrule {\n  name = \"b\"\n}\n",
			"rule {\n  name = \"a\"\n}\nrule {\n  name = \"b\" # mine\n}\n",
			"rule {\n  name = \"b\"\n}\n",
			"rule {\n  name = \"b\" # mine\n}\n", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, conflicts, err := mergeFile("main.tf", test.base, test.yours, test.next)
			if err != nil || got != test.want {
				t.Errorf("got (%v):\n%s\nwant:\n%s", err, got, test.want)
			}
			if !slices.Equal(conflicts, test.conflicts) {
				t.Errorf("conflicts: %+v, want %+v", conflicts, test.conflicts)
			}
		})
	}
}

// FuzzFile merges a change into what users may have written: the
// result can be parsed, and without a change it is what it was.
func FuzzFile(f *testing.F) {
	f.Add("a = 1\n", "a = 2\n", "a = 3\n")
	f.Add("x \"y\" {\n  a = { b = \"c\" }\n}\n", "x \"y\" {\n  a = { b = \"c\", d = [1, 2] }\n}\n", "x \"y\" {\n  a = { b = \"e\" }\n}\n")
	f.Add("m = {\n  a = 1\n}\n", "m = {\n  a = 1 # one\n  b = 2\n}\n", "m = {\n  c = 3\n}\n")
	f.Add("l = [1]\n", "l = [for x in y : x]\n", "l = [1, 2]\n")
	f.Add("l = [1]\n", "l = [\n  a ?\n  1 : 2,\n]\n", "l = [1, 2]\n")
	f.Add("l = [1, 2]\n", "l = [1, 2, 3] # three\n", "l = [2]\n")
	f.Fuzz(func(t *testing.T, base, yours, next string) {
		if _, diagnostics := hclwrite.ParseConfig([]byte(next), "main.tf", hcl.InitialPos); diagnostics.HasErrors() {
			return // what is rendered can be parsed
		}
		got, _, err := mergeFile("main.tf", base, yours, next)
		if err != nil {
			return
		}
		if _, diagnostics := hclwrite.ParseConfig([]byte(got), "main.tf", hcl.InitialPos); diagnostics.HasErrors() && got != yours {
			t.Fatalf("cannot be parsed: %v\n%s", diagnostics, got)
		}
		if again, _, err := mergeFile("main.tf", base, yours, base); err != nil || again != yours {
			t.Fatalf("no change changed it: %q became %q (%v)", yours, again, err)
		}
	})
}

// Comments of theirs in a value, which the user has as they were, are no edit.
func TestCommentedValuesAreReplaced(t *testing.T) {
	const base = "locals {\n  a = merge(\n    # Why.\n    { one = 1 },\n    var.a,\n  )\n}\n"
	next := strings.Replace(base, "    # Why.", "    # What.\n    { two = 2 },\n    # Why.", 1)
	got, conflicts, err := mergeFile("a.tf", base, base+"# Mine.\n", next)
	if err != nil || len(conflicts) > 0 || got != next+"# Mine.\n" {
		t.Errorf("%q, %v, %v", got, conflicts, err)
	}
	mine := strings.Replace(base, "# Why.", "# Why, says Alice.", 1)
	got, conflicts, err = mergeFile("a.tf", base, mine, next)
	if err != nil || len(conflicts) != 1 || got != mine {
		t.Errorf("an edited comment: %q, %v, %v", got, conflicts, err)
	}
}

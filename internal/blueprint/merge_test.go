package blueprint_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/aloft-dev/aloft/internal/blueprint"
)

func TestMergeTerraform(t *testing.T) {
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
		conflicts   []blueprint.Conflict
	}{
		{"nothing new, nothing changes, not even the format",
			strings.Replace(base, `"basic"`, `"premium"   # mine`, 1), base,
			strings.Replace(base, `"basic"`, `"premium"   # mine`, 1), nil},
		{"a setting goes into a map that was edited",
			strings.Replace(base, `ONE = "1"`, "ONE = \"1\"\n    # Mine.\n    MINE_IS_LONG = \"x\"", 1),
			strings.Replace(base, `ONE = "1"`, "ONE = \"1\"\n    TWO = \"2\"", 1),
			"    # Mine.\n    MINE_IS_LONG = \"x\"\n    TWO          = \"2\"\n", nil},
		{"an element of a list", base, strings.Replace(base, `["a", "b"]`, `["b", "c"]`, 1), `["b", "c"]`, nil},
		{"a comment at the end of a line stays there",
			strings.Replace(base, `ONE = "1"`, "ONE = \"1\" # first\n    MINE = \"x\" # mine\n    # Last word.", 1),
			strings.Replace(base, `ONE = "1"`, "ONE = \"2\"\n    TWO = \"2\"", 1),
			"    ONE  = \"2\" # first\n    MINE = \"x\" # mine\n    TWO  = \"2\"\n    # Last word.\n", nil},
		{"an element that is taken out goes with its comment, the next one stays",
			strings.Replace(base, `ONE = "1"`, "ONE = \"1\" # first\n    MINE = \"x\"", 1),
			strings.Replace(base, "    ONE = \"1\"\n", "", 1),
			"  settings = {\n    MINE = \"x\"\n  }\n", nil},
		{"comments in what was not edited stay",
			strings.Replace(base, `    ONE = "1"`, "    # Why one.\n    ONE = \"1\"", 1),
			strings.Replace(base, `ONE = "1"`, `ONE = "2"`, 1), "    # Why one.\n    ONE = \"2\"\n", nil},
		{"a list that is made by an expression is left to its owner",
			strings.Replace(base, `["a", "b"]`, `[for x in var.names : x]`, 1), strings.Replace(base, `["a", "b"]`, `["a", "b", "c"]`, 1),
			`[for x in var.names : x]`, []blueprint.Conflict{{Place: "module.web.subnets", Yours: "[for x in var.names : x]", Ours: `["a", "b", "c"]`}}},
		{"a list over several lines",
			strings.Replace(base, `["a", "b"]`, "[\n    var.x ?\n    \"a\" : \"b\",\n    \"b\",\n  ]", 1), strings.Replace(base, `["a", "b"]`, `["a", "b", "c"]`, 1),
			"\"c\",\n  ]", nil},
		{"empty lines of one's own stay", "# Mine.\n\n\n\n" + base, base[:strings.Index(base, "\n# Says")], "# Mine.\n\n\n\n", nil},
		{"a changed attribute beside an edited one",
			strings.Replace(base, `"./modules/web-app"`, `"./modules/mine"`, 1), strings.Replace(base, `"basic"`, `"standard"`, 1),
			"  source  = \"./modules/mine\"\n  tier    = \"standard\"\n", nil},
		{"both changed the same attribute",
			strings.Replace(base, `"basic"`, `"premium"`, 1), strings.Replace(base, `"basic"`, `"standard"`, 1),
			`"premium"`, []blueprint.Conflict{{Place: "module.web.tier", Yours: `"premium"`, Ours: `"standard"`}}},
		{"a new block comes with its comment", base, base + "\n# New.\nmodule \"new\" {\n  source = \"./modules/new\"\n}\n", "# New.\nmodule \"new\" {\n", nil},
		{"an old block goes with its comment", base, base[:strings.Index(base, "\n# Says")], "", nil},
		{"an old block that was edited stays",
			strings.Replace(base, `"./modules/old"`, `"./modules/mine"`, 1), base[:strings.Index(base, "\n# Says")],
			`"./modules/mine"`, []blueprint.Conflict{{Place: "module.old", Yours: "edited"}}},
		{"a block that was taken out stays out", base[:strings.Index(base, "\n# Says")], base, base[:strings.Index(base, "\n# Says")], nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, conflicts, err := blueprint.MergeTerraform("main.tf", base, test.yours, test.next)
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

// FuzzMergeTerraform merges a change into what users may have written: the
// result can be parsed, and without a change it is what it was.
func FuzzMergeTerraform(f *testing.F) {
	f.Add("a = 1\n", "a = 2\n", "a = 3\n")
	f.Add("x \"y\" {\n  a = { b = \"c\" }\n}\n", "x \"y\" {\n  a = { b = \"c\", d = [1, 2] }\n}\n", "x \"y\" {\n  a = { b = \"e\" }\n}\n")
	f.Add("m = {\n  a = 1\n}\n", "m = {\n  a = 1 # one\n  b = 2\n}\n", "m = {\n  c = 3\n}\n")
	f.Add("l = [1]\n", "l = [for x in y : x]\n", "l = [1, 2]\n")
	f.Add("l = [1]\n", "l = [\n  a ?\n  1 : 2,\n]\n", "l = [1, 2]\n")
	f.Add("l = [1, 2]\n", "l = [1, 2, 3] # three\n", "l = [2]\n")
	f.Fuzz(func(t *testing.T, base, yours, next string) {
		got, _, err := blueprint.MergeTerraform("main.tf", base, yours, next)
		if err != nil {
			return
		}
		if _, diagnostics := hclwrite.ParseConfig([]byte(got), "main.tf", hcl.InitialPos); diagnostics.HasErrors() {
			t.Fatalf("cannot be parsed: %v\n%s", diagnostics, got)
		}
		if again, _, err := blueprint.MergeTerraform("main.tf", base, yours, base); err != nil || again != yours {
			t.Fatalf("no change changed it: %q became %q (%v)", yours, again, err)
		}
	})
}

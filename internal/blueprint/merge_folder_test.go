package blueprint_test

import (
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft/internal/blueprint"
)

// Engines read the files of a folder as one; so are they merged.
func TestMergeFolder(t *testing.T) {
	type texts = map[string]string
	for _, test := range []struct {
		name      string
		folder    blueprint.Folder
		want      texts
		conflicts map[string][]blueprint.Conflict
		blocked   []blueprint.Blocked
	}{
		{"a block that was moved is changed where it stands",
			blueprint.Folder{
				Base:  texts{"a.tf": "x \"a\" {\n  n = 1\n}\n\nx \"b\" {\n  n = 1\n}\n"},
				Yours: texts{"a.tf": "x \"b\" {\n  n = 1\n}\n", "mine.tf": "# Mine.\nx \"a\" {\n  n = 1\n  m = 2\n}\n"},
				Next:  texts{"a.tf": "x \"a\" {\n  n = 3\n}\n\nx \"b\" {\n  n = 1\n}\n"},
			},
			texts{"a.tf": "x \"b\" {\n  n = 1\n}\n", "mine.tf": "# Mine.\nx \"a\" {\n  n = 3\n  m = 2\n}\n"}, nil, nil},
		{"a block that was moved goes from where it stands, and nothing is left",
			blueprint.Folder{
				Base:  texts{"a.tf": "x \"a\" {\n}\n\nx \"b\" {\n}\n"},
				Yours: texts{"a.tf": "x \"b\" {\n}\n", "mine.tf": "x \"a\" {\n}\n"},
				Next:  texts{"a.tf": "x \"b\" {\n}\n"},
			},
			texts{"a.tf": "x \"b\" {\n}\n", "mine.tf": ""}, nil, nil},
		{"the order in a block is no edit",
			blueprint.Folder{
				Base:  texts{"a.tf": "x \"a\" {\n  n = 1\n  m = { a = 1, b = [1] }\n  y {\n  }\n  z {\n  }\n}\n"},
				Yours: texts{"a.tf": "x \"a\" {\n  z {\n  }\n  y {\n  }\n  m = {\n    b = [\n      1,\n    ]\n    a = 1\n  }\n  n = 1\n}\n# Mine.\n"},
				Next:  texts{"a.tf": ""},
			},
			texts{"a.tf": "# Mine.\n"}, nil, nil},
		{"a new block where one of that name stands in another file",
			blueprint.Folder{
				Base:  texts{"a.tf": ""},
				Yours: texts{"a.tf": "", "mine.tf": "x \"a\" {\n  n = 2\n}\n"},
				Next:  texts{"a.tf": "x \"a\" {\n  n = 1\n}\n"},
			},
			texts{"a.tf": "", "mine.tf": "x \"a\" {\n  n = 2\n}\n"},
			map[string][]blueprint.Conflict{"mine.tf": {{Place: "x.a", Yours: "a block of yours", Ours: "x \"a\" { n = 1 }"}}},
			[]blueprint.Blocked{{File: "mine.tf", Address: "x.a"}}},
		{"locals of one's own are no conflict",
			blueprint.Folder{
				Base:  texts{"a.tf": "locals {\n  a = 1\n}\n"},
				Yours: texts{"a.tf": "# Mine.\nlocals {\n  a = 1\n}\n", "0.tf": "locals {\n  mine = 1\n}\n"},
				Next:  texts{"a.tf": "locals {\n  a = 2\n}\n"},
			},
			texts{"a.tf": "# Mine.\nlocals {\n  a = 2\n}\n", "0.tf": "locals {\n  mine = 1\n}\n"}, nil, nil},
		{"a first block of locals is written beside one's own",
			blueprint.Folder{
				Base:  texts{"a.tf": "b = 1\n"},
				Yours: texts{"a.tf": "b = 1 # mine\n", "0.tf": "locals {\n  mine = 1\n}\n"},
				Next:  texts{"a.tf": "b = 1\n\nlocals {\n  a = 2\n}\n"},
			},
			texts{"a.tf": "b = 1 # mine\n\nlocals {\n  a = 2\n}\n", "0.tf": "locals {\n  mine = 1\n}\n"}, nil, nil},
		{"a newer blueprint has a block in another file",
			blueprint.Folder{
				Base:  texts{"a.tf": "x \"a\" {\n}\n", "c.tf": "c = 1\n"},
				Yours: texts{"a.tf": "x \"a\" {\n}\n", "c.tf": "c = 1 # mine\n"},
				Next:  texts{"b.tf": "# New.\nx \"a\" {\n}\n", "c.tf": "c = 1\n"},
			},
			texts{"a.tf": "", "b.tf": "# New.\nx \"a\" {\n}\n", "c.tf": "c = 1 # mine\n"}, nil, nil},
		{"a newer blueprint has an edited block in another file: it stays",
			blueprint.Folder{
				Base:  texts{"a.tf": "x \"a\" {\n  n = 1\n}\n"},
				Yours: texts{"a.tf": "x \"a\" {\n  n = 1\n  m = 1\n}\n"},
				Next:  texts{"b.tf": "x \"a\" {\n  n = 2\n}\n"},
			},
			texts{"a.tf": "x \"a\" {\n  n = 2\n  m = 1\n}\n", "b.tf": ""}, nil, nil},
		{"a file that its owner has taken out stays out, but for what is new",
			blueprint.Folder{
				Base:  texts{"a.tf": "x \"a\" {\n  n = 1\n}\n", "b.tf": "b = 1\n"},
				Yours: texts{"b.tf": "b = 1\n"},
				Next:  texts{"a.tf": "x \"a\" {\n  n = 2\n}\n\n# New.\nx \"b\" {\n}\n", "b.tf": "b = 1\n"},
			},
			texts{"a.tf": "# New.\nx \"b\" {\n}\n", "b.tf": "b = 1\n"}, nil, nil},
		{"nobody knows what it was made from: what is missing is new, what is otherwise stays",
			blueprint.Folder{
				Base:    texts{"a.tf": "x \"a\" {\n  n = 1\n  m = 1\n  o = 1\n}\n\nx \"b\" {\n}\n"},
				Yours:   texts{"a.tf": "x \"a\" {\n  n = 5\n  o = 1\n}\n"},
				Next:    texts{"a.tf": "x \"a\" {\n  n = 1\n  m = 1\n  o = 2\n}\n\nx \"b\" {\n}\n"},
				Guessed: map[string]bool{"a.tf": true},
			},
			texts{"a.tf": "x \"a\" {\n  n = 5\n  o = 2\n  m = 1\n}\n\nx \"b\" {\n}\n"}, nil, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := blueprint.MergeFolder(test.folder)
			if err != nil {
				t.Fatal(err)
			}
			if !maps.Equal(got.Texts, test.want) {
				t.Errorf("got %q\nwant %q", got.Texts, test.want)
			}
			if !maps.EqualFunc(got.Conflicts, test.conflicts, slices.Equal) || !slices.Equal(got.Blocked, test.blocked) {
				t.Errorf("conflicts %+v, blocked %+v", got.Conflicts, got.Blocked)
			}
		})
	}
}

// rich is a project with one of most that there is.
func rich(t *testing.T) map[string]string {
	t.Helper()
	files, err := blueprint.Generator{Version: "v1.2.3"}.Render(blueprint.Choices{
		Name: "shop", Database: blueprint.Service{Kind: "postgresql"}, AddOns: []blueprint.Service{{Kind: "redis"}, {Kind: "mongodb"}, {Kind: "blob-storage"}},
		Apps: []blueprint.App{{Name: "web", Runtime: "node", Hosting: "web-app"}, {Name: "api", Path: "api", Runtime: "go", Hosting: "container-app"}, {Name: "job", Path: "job", Runtime: "python", Hosting: "function"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, f := range files {
		if path.Ext(f.Path) == ".tf" {
			texts[f.Path] = f.Text
		}
	}
	return texts
}

// TestNewFaults breaks a project in every way that is looked for.
func TestNewFaults(t *testing.T) {
	for _, f := range blueprint.NewFaults(nil, rich(t)) {
		t.Errorf("what is rendered is refused: %s", f)
	}
	const root, module = "terraform/main.tf", "terraform/modules/postgresql/"
	for _, test := range []struct{ name, file, old, new, want string }{
		{"a module twice", "terraform/mine.tf", "", "module \"redis\" {\n  source = \"example.com/x\"\n}\n", "terraform/mine.tf: module.redis is there twice, also in terraform/main.tf"},
		{"a variable twice", "terraform/mine.tf", "", "\nvariable \"project\" {\n}\n", "terraform/variables.tf:1: var.project is there twice, also in terraform/mine.tf"},
		{"a local twice", "terraform/mine.tf", "", "locals {\n  name = 1\n}\n", "local.name is there twice"},
		{"an output twice", "terraform/mine.tf", "", "output \"apps\" {\n}\n", "output.apps is there twice"},
		{"a resource twice", "terraform/mine.tf", "", "resource \"azurerm_resource_group\" \"main\" {\n}\n", "azurerm_resource_group.main is there twice"},
		{"the same provider twice", "terraform/mine.tf", "", "provider \"azurerm\" {\n}\n", "provider.azurerm is there twice"},
		{"another provider", "terraform/mine.tf", "", "provider \"azurerm\" {\n  alias = \"hub\"\n}\n", ""},
		{"an override", "terraform/mine_override.tf", "", "module \"redis\" {\n  tier = \"x\"\n}\n", ""},
		{"an override of what is not there", "terraform/override.tf", "", "module \"none\" {\n}\n", "module.none is referred to"},
		{"a reference to a module", "terraform/mine.tf", "", "locals {\n  x = module.none.id\n}\n", "terraform/mine.tf: module.none is referred to, and would not be there"},
		{"a reference to an output", "terraform/mine.tf", "", "locals {\n  x = module.redis.none\n}\n", "module.redis.none is referred to, and terraform/modules/redis has no such output"},
		{"a reference to a resource", "terraform/mine.tf", "", "locals {\n  x = azurerm_subnet.none.id\n}\n", "azurerm_subnet.none is referred to"},
		{"a reference to data", "terraform/mine.tf", "", "locals {\n  x = data.azurerm_subnet.none.id\n}\n", "data.azurerm_subnet.none is referred to"},
		{"names of its own", "terraform/mine.tf", "", "resource \"terraform_data\" \"x\" {\n  for_each = toset([for mine_x in [\"a\"] : mine_x.y])\n  input = each.value.x\n  dynamic \"a_b\" {\n    for_each = []\n    content {\n      c = a_b.value\n    }\n  }\n  lifecycle {\n    ignore_changes = [a_b.c]\n  }\n}\n", ""},
		{"a variable that goes", "terraform/variables.tf", `variable "database_tier"`, `variable "other"`, "terraform/main.tf:"},
		{"an output of a module that goes", module + "outputs.tf", `output "host"`, `output "other"`, "module.postgresql.host is referred to"},
		{"a variable of a module that goes", module + "variables.tf", `variable "tier"`, `variable "other"`, "module.postgresql.tier is given, and terraform/modules/postgresql does not take it"},
		{"a variable of a module that must be given", module + "mine.tf", "", "variable \"mine\" {\n}\n", "module.postgresql lacks mine, which terraform/modules/postgresql needs"},
		{"a subnet that goes", root, `["container-app", `, `["mine", `, "module.network.subnet_ids[\"container-app\"] is referred to, and would not be there"},
		{"the folder of a module", root, `"./modules/redis"`, `"./modules/cache"`, "module.redis has its source in terraform/modules/cache, which would not be there"},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := rich(t)
			after := maps.Clone(before)
			after[test.file] = strings.Replace(before[test.file], test.old, test.new, 1)
			if test.old == "" {
				after[test.file] = test.new
			}
			found := blueprint.NewFaults(before, after)
			if test.want == "" && len(found) > 0 {
				t.Errorf("found %q", found)
			}
			if all := strings.Join(found, "\n"); !strings.Contains(all, test.want) {
				t.Errorf("found %q, want %q", all, test.want)
			}
			if again := blueprint.NewFaults(after, after); len(again) > 0 {
				t.Errorf("what was so before is told: %v", again)
			}
		})
	}
}

// FuzzMergeFolder merges a change into a folder of anything: what comes out can be
// read again, and without a change it is what it was.
func FuzzMergeFolder(f *testing.F) {
	f.Add("x \"a\" {\n  n = 1\n}\n", "x \"a\" {\n  n = 1\n  m = 1\n}\n", "locals {\n  a = 1\n}\n", "x \"a\" {\n  n = 2\n}\n", false)
	f.Add("locals {\n}\n", "locals {\n}\nlocals {\n}\n", "terraform {\n}\n", "terraform {\n}\n", true)
	f.Add("a \"b\" {\n}\n", "", "a \"b\" {\n}\n", "", false)
	f.Fuzz(func(t *testing.T, base, yours, mine, next string, guessed bool) {
		folder := blueprint.Folder{
			Base: map[string]string{"a.tf": base}, Yours: map[string]string{"a.tf": yours, "b.tf": mine}, Next: map[string]string{"a.tf": next, "c.tf": base},
			Guessed: map[string]bool{"a.tf": guessed},
		}
		if got, err := blueprint.MergeFolder(folder); err == nil {
			if _, err := blueprint.MergeFolder(blueprint.Folder{Base: folder.Next, Yours: got.Texts, Next: map[string]string{"a.tf": ""}}); err != nil && !strings.Contains(err.Error(), "no room") {
				t.Fatalf("what came out cannot be merged again: %v\n%q", err, got.Texts)
			}
		}
		folder.Next, folder.Guessed = folder.Base, map[string]bool{"c.tf": false}
		if again, err := blueprint.MergeFolder(folder); err == nil && !maps.Equal(again.Texts, folder.Yours) {
			t.Fatalf("no change changed it: %q became %q", folder.Yours, again.Texts)
		}
	})
}

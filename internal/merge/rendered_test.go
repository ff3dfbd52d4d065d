package merge_test

import (
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft/internal/blueprint"
	"github.com/aloft-dev/aloft/internal/merge"
)

// What blueprints render is merged like any other Terraform.

// Remarks and empty lines on every line of the Terraform are no obstacle: a change
// brings the same as where there are none.
func TestRemarksAreNoObstacle(t *testing.T) {
	few := blueprint.Choices{Name: "shop", Apps: []blueprint.App{{Name: "web", Runtime: "node", Hosting: "web-app"}, {Name: "api", Path: "api", Runtime: "go"}}, Database: blueprint.Service{Kind: "postgresql"}}
	many := few
	many.Apps = slices.Clone(few.Apps)
	many.Apps[0].Hosting = "container-app"
	many.AddOns = []blueprint.Service{{Kind: "blob-storage"}, {Kind: "redis"}}
	for _, change := range [][2]blueprint.Choices{{few, many}, {many, few}} {
		before, next := renderedTerraform(t, change[0]), renderedTerraform(t, change[1])
		for name, text := range before {
			for style, remark := range map[string]string{"behind": "$0 # mine", "above": "# mine\n$0", "below": "$0\n"} {
				line := regexp.MustCompile(`(?m)^[^#\n]+$`)
				got, conflicts, err := mergeFile(name, text, line.ReplaceAllString(text, remark), next[name])
				if err != nil || len(conflicts) > 0 {
					t.Errorf("%s, %s: %v %v", name, style, conflicts, err)
				}
				if got, want := sortedLines(got), sortedLines(next[name]); got != want {
					t.Errorf("%s, %s: got\n%s\nwant\n%s", name, style, got, want)
				}
			}
		}
	}
}

// renderedTerraform returns the files of the root, which are merged as Terraform.
func renderedTerraform(t *testing.T, c blueprint.Choices) map[string]string {
	t.Helper()
	files, err := blueprint.Generator{Version: "v1.2.3"}.Render(c)
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, f := range files {
		if ok, _ := path.Match("terraform/*.tf", f.Path); ok {
			texts[f.Path] = f.Text
		}
	}
	return texts
}

// sortedLines are the lines of a text without remarks and space, in the order of the alphabet.
func sortedLines(text string) string {
	var list []string
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		if line = strings.Join(strings.Fields(line), " "); line != "" {
			list = append(list, line)
		}
	}
	slices.Sort(list)
	return strings.Join(list, "\n")
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
	for _, f := range merge.NewFaults(nil, rich(t)) {
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
			found := merge.NewFaults(before, after)
			if test.want == "" && len(found) > 0 {
				t.Errorf("found %q", found)
			}
			if all := strings.Join(found, "\n"); !strings.Contains(all, test.want) {
				t.Errorf("found %q, want %q", all, test.want)
			}
			if again := merge.NewFaults(after, after); len(again) > 0 {
				t.Errorf("what was so before is told: %v", again)
			}
		})
	}
}

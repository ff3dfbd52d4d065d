package blueprint_test

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft/internal/blueprint"
)

var sizeInTitle = regexp.MustCompile(`\(([^)]+)\)$`)

// TestTitlesNameTheSizesOfTheModules: what a tier is called is what its module
// makes.
func TestTitlesNameTheSizesOfTheModules(t *testing.T) {
	modules := blueprint.ModuleFS(blueprint.TargetAzure)
	checked := 0
	for _, kind := range slices.Concat(blueprint.Hostings(blueprint.TargetAzure), blueprint.Databases(), blueprint.AddOns()) {
		for _, tier := range blueprint.Tiers(kind.Value) {
			size := sizeInTitle.FindStringSubmatch(tier.Title)
			if size == nil {
				continue
			}
			text, err := fs.ReadFile(modules, kind.Value+"/main.tf")
			if err != nil {
				t.Fatal(err)
			}
			row := regexp.MustCompile(`(?m)^\s*` + tier.Value + `\s*= "([A-Za-z]+_)*` + strings.ReplaceAll(size[1], " ", "_") + `"$`)
			if !row.Match(text) {
				t.Errorf("%s %s is titled %q, but its module has no such size: %s", kind.Value, tier.Value, tier.Title, row)
			}
			checked++
		}
	}
	if checked < 20 {
		t.Errorf("only %d tiers have a size in their title", checked)
	}
}

func TestReferenceTellsWhatTheRulesRefuse(t *testing.T) {
	reference := string(blueprint.Reference())
	for _, want := range []string{
		"| `docker` | Docker | in its own files | 8080 | image | **image** | – | – |",
		"one to a subscription in a region. | network `private`; `postgresql`, `mysql`, `sql-server`, `redis`, `blob-storage`, `mongodb`, `key-vault` |",
		"| `redis` | `basic` | Basic (B0) | low | Redis: Azure Managed Redis; apps use their identity. One node: gone when it fails. | network `public`;",
		"`dotnet` 10.0; `node` 24; `python` 3.13, 3.14 |",
		"regions without zones; regions without a second one |",
		"| `ukwest` | UK West | no | yes | westeurope |",
	} {
		if !strings.Contains(reference, want) {
			t.Errorf("the reference lacks %q", want)
		}
	}
	for _, name := range blueprint.Parameters() {
		if name != "app" && !strings.Contains(reference, "\n| `"+name+"` | `") {
			t.Errorf("the reference lacks %s", name)
		}
	}
}

package blueprint_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aloft-dev/aloft/internal/blueprint"
)

var rowsFlag = flag.String("rows", "some", "rows of the covering array to run: some, each (under one engine, in turn), every (under every engine)")

// someRows is how many rows of the covering array a plain `go test` runs.
const someRows = 3

// TestCoveringArray gives rows of whole configurations to the real engines and
// the real provider: fmt, init, validate, and a mocked test whose plan must keep
// our rules (policy_test.go). The rows hold every valid combination of any three
// of: runtime, packaging, hosting with tier, database with tier, network, and
// each add-on. Apps share a row, as they share an environment.
//
//	go test ./internal/blueprint -run TestCoveringArray -rows every
func TestCoveringArray(t *testing.T) {
	engines := engines(t)
	rows, covered := coveringArray()
	t.Logf("%d rows hold %d combinations of three", len(rows), covered)
	if *rowsFlag == "some" {
		rows = rows[:someRows]
	}
	for i, row := range rows {
		for j, e := range engines {
			if *rowsFlag == "each" && i%len(engines) != j {
				continue
			}
			t.Run(fmt.Sprintf("%03d/%s", i, e.kind), func(t *testing.T) {
				t.Parallel()
				tryConfiguration(t, e, row)
			})
		}
	}
}

// tryConfiguration lets an engine judge rendered choices.
func tryConfiguration(t *testing.T, e engine, choices blueprint.Choices) {
	choices.Engine = map[string]string{"tofu": "opentofu", "terraform": "terraform"}[e.kind]
	files, err := blueprint.Generator{}.Render(choices)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, f := range files {
		if path, ok := strings.CutPrefix(f.Path, "terraform/"); ok && path != "backend.tf" {
			write(t, filepath.Join(dir, filepath.FromSlash(path)), f.Text)
		}
	}
	e.run(t, dir, "fmt", "-check", "-diff", "-recursive")
	e.run(t, dir, "init", "-input=false", "-no-color")
	if output := e.run(t, dir, "validate", "-no-color"); strings.Contains(output, "Warning") {
		t.Errorf("validate warns:\n%s", output)
	}
	e.mocked(t, dir)
	write(t, filepath.Join(dir, "tests", "plan.tftest.hcl"), mocks(t)+`
variables {
  environment = "alice"
}

run "plan" {
  command = plan

  assert {
    condition     = azurerm_resource_group.main.name == "rg-shop-alice" && azurerm_resource_group.main.tags["environment"] == "alice"
    error_message = "The group is named and tagged with the environment."
  }

  assert {
    condition     = length(output.apps) == `+fmt.Sprint(len(choices.Apps))+`
    error_message = "Every app is handed to deploy."
  }
}
`)
	output, err := e.try(dir, "test", "-json", "-verbose", "-no-color")
	if err != nil {
		t.Fatalf("%s test: %v\n%s", e.kind, err, messages(output))
	}
	planned, ok := readPlan(output)
	if !ok {
		t.Fatalf("%s test shows no plan:\n%.2000s", e.kind, output)
	}
	for _, wrong := range planned.violations(choices) {
		t.Error(wrong)
	}
	if t.Failed() {
		t.Log(choices.InitCommand())
	}
	_ = os.RemoveAll(dir) // each holds a copy of all modules
}

// messages picks what an engine says to people out of its JSON.
func messages(output string) string {
	var b strings.Builder
	for line := range strings.Lines(output) {
		var message struct {
			Level      string `json:"@level"`
			Diagnostic struct {
				Summary string `json:"summary"`
				Detail  string `json:"detail"`
				Address string `json:"address"`
			} `json:"diagnostic"`
		}
		if json.Unmarshal([]byte(line), &message) == nil && message.Level == "error" {
			d := message.Diagnostic
			_, _ = fmt.Fprintln(&b, d.Address, d.Summary, d.Detail)
		}
	}
	return b.String()
}

// part is a choice of one factor, such as "runtime=node", by its number.
type part uint8

// triple is a combination of the choices of three factors, of which there are
// less than 64.
type triple uint32

// triples tells which combinations are in a set.
type triples struct {
	in    [1 << 18]bool
	count int
}

func (s *triples) add(x triple) {
	if !s.in[x] {
		s.in[x], s.count = true, s.count+1
	}
}

func (s *triples) remove(x triple) {
	if s.in[x] {
		s.in[x], s.count = false, s.count-1
	}
}

// numbers gives every choice a number.
type numbers map[string]part

func (n numbers) of(choice string) part {
	number, known := n[choice]
	if !known {
		number = part(len(n))
		n[choice] = number
	}
	return number
}

// environmentVariant is what the apps of an environment share.
type environmentVariant struct {
	database blueprint.Service
	network  string
	addOns   []blueprint.Service
}

func (v environmentVariant) parts(n numbers) []part {
	parts := []part{n.of("database=" + v.database.Kind + " " + v.database.Tier), n.of("network=" + v.network)}
	for _, kind := range blueprint.AddOns() {
		there := slices.ContainsFunc(v.addOns, func(s blueprint.Service) bool { return s.Kind == kind.Value })
		parts = append(parts, n.of(fmt.Sprintf("%s=%t", kind.Value, there)))
	}
	return parts
}

func (v environmentVariant) with(apps ...blueprint.App) blueprint.Choices {
	return blueprint.Choices{Name: "shop", Database: v.database, Network: v.network, AddOns: v.addOns, Apps: apps}.Complete()
}

func appParts(n numbers, a blueprint.App) []part {
	return []part{n.of("runtime=" + a.Runtime), n.of("packaging=" + a.Packaging), n.of("hosting=" + a.Hosting + " " + a.Tier)}
}

// triplesOf lists the combinations of three that an app in an environment holds.
func triplesOf(parts []part) []triple {
	var list []triple
	for i := range parts {
		for j := i + 1; j < len(parts); j++ {
			for k := j + 1; k < len(parts); k++ {
				list = append(list, triple(parts[i])<<12|triple(parts[j])<<6|triple(parts[k]))
			}
		}
	}
	return list
}

// coveringArray returns choices that together hold every valid combination of
// three, always the same ones, and how many those are. The build tool is no
// factor: Terraform does not know it.
var coveringArray = sync.OnceValues(func() ([]blueprint.Choices, int) {
	var apps []blueprint.App
	for _, a := range appVariants() {
		if a.BuildTool != blueprint.Gradle {
			apps = append(apps, a)
		}
	}
	var environments []environmentVariant
	fits := map[int][]fitting{} // the apps that an environment can have
	n := numbers{}
	missing := &triples{}
	for _, database := range databaseVariants() {
		for _, addOns := range subsets(blueprint.AddOns()) {
			for _, network := range []string{blueprint.NetworkPublic, blueprint.NetworkPrivate} {
				v := environmentVariant{database, network, addOns}
				for _, a := range apps {
					if len(v.with(a).Check()) > 0 {
						continue
					}
					held := triplesOf(append(appParts(n, a), v.parts(n)...))
					fits[len(environments)] = append(fits[len(environments)], fitting{a, held})
					for _, x := range held {
						missing.add(x)
					}
				}
				environments = append(environments, v)
			}
		}
	}
	total := missing.count
	random := rand.New(rand.NewPCG(1, 2))
	var rows []blueprint.Choices
	for missing.count > 0 {
		var best []blueprint.App
		var of environmentVariant
		most := 0
		for range 12 {
			i := random.IntN(len(environments))
			if chosen, gain := fill(fits[i], missing); gain > most {
				best, of, most = chosen, environments[i], gain
			}
		}
		if most == 0 { // what is left is rare: look everywhere
			for i, v := range environments {
				if chosen, gain := fill(fits[i], missing); gain > most {
					best, of, most = chosen, v, gain
				}
			}
		}
		for _, a := range best {
			for _, x := range triplesOf(append(appParts(n, a), of.parts(n)...)) {
				missing.remove(x)
			}
		}
		for i := range best {
			best[i].Name = fmt.Sprintf("app-%d", i)
		}
		rows = append(rows, of.with(best...))
	}
	return rows, total
})

// fitting is an app in an environment, and the combinations that it holds there.
type fitting struct {
	app     blueprint.App
	triples []triple
}

// fill puts up to MaxApps apps into an environment, those first that hold most of
// what is missing, and returns how much that is in all.
func fill(fits []fitting, missing *triples) ([]blueprint.App, int) {
	taken := &triples{}
	var chosen []blueprint.App
	gain := 0
	var candidates []fitting
	for _, f := range fits {
		useful := slices.DeleteFunc(slices.Clone(f.triples), func(x triple) bool { return !missing.in[x] })
		if len(useful) > 0 {
			candidates = append(candidates, fitting{f.app, useful})
		}
	}
	for len(chosen) < blueprint.MaxApps && len(candidates) > 0 {
		best, most := -1, 0
		for i, c := range candidates {
			if slices.ContainsFunc(chosen, func(a blueprint.App) bool { return apart(a, c.app) }) {
				continue
			}
			n := 0
			for _, x := range c.triples {
				if !taken.in[x] {
					n++
				}
			}
			if n > most {
				best, most = i, n
			}
		}
		if best < 0 {
			break
		}
		for _, x := range candidates[best].triples {
			taken.add(x)
		}
		chosen = append(chosen, candidates[best].app)
		gain += most
		candidates = slices.Delete(candidates, best, best+1)
	}
	return chosen, gain
}

// apart reports whether two apps cannot share an environment.
func apart(a, b blueprint.App) bool {
	return a.Hosting == blueprint.HostingFunction && b.Hosting == a.Hosting && a.Tier != b.Tier && a.Tier != "consumption" && b.Tier != "consumption"
}

// TestCoveringArrayIsWhole counts anew what the rows hold.
func TestCoveringArrayIsWhole(t *testing.T) {
	rows, total := coveringArray()
	held, n := &triples{}, numbers{}
	for _, row := range rows {
		if found := row.Check(); len(found) > 0 {
			t.Fatalf("%s: %v", row.InitCommand(), found)
		}
		v := environmentVariant{row.Database, row.Network, row.AddOns}
		v.database.Version = ""
		for _, a := range row.Apps {
			for _, x := range triplesOf(append(appParts(n, a), v.parts(n)...)) {
				held.add(x)
			}
		}
	}
	if held.count != total {
		t.Errorf("%d rows hold %d combinations of %d", len(rows), held.count, total)
	}
	t.Logf("%d rows, %d combinations", len(rows), total)
}

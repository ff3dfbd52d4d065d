package blueprint_test

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/rhysd/actionlint"

	"github.com/aloft-dev/aloft/internal/blueprint"
)

// TestEveryConfiguration renders every combination of runtime, build tool,
// packaging, hosting, tier, database, tier, add-ons and network that Azure
// allows, under each engine's name once, and checks what Terraform would: every
// argument of a module is declared and of its type, what is required is given,
// every reference leads somewhere, and the outputs are there. Texts that were
// seen before are not looked at twice.
func TestEveryConfiguration(t *testing.T) {
	c := newConfigurationChecker(t)
	choices := make(chan blueprint.Choices, 256)
	var count, refused atomic.Int64
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for choice := range choices {
				count.Add(1)
				if found := c.check(choice); len(found) > 0 && refused.Add(1) <= 10 {
					t.Errorf("%s:\n%s", choice.InitCommand(), strings.Join(found, "\n"))
				}
			}
		})
	}
	seen := 0
	combinations(func(choice blueprint.Choices) {
		if seen++; !raceDetector || seen%50 == 0 { // which makes it ten times as long
			choices <- choice
		}
	})
	close(choices)
	workers.Wait()
	t.Logf("%d configurations, %d texts of blocks, %d refused", count.Load(), c.texts(), refused.Load())
	if count.Load() <= 53_760 && !raceDetector {
		t.Errorf("there are %d configurations, NubesGen had 53,760", count.Load())
	}
}

// combinations yields every valid combination.
func combinations(yield func(blueprint.Choices)) {
	apps := appVariants()
	for _, database := range databaseVariants() {
		for _, addOns := range subsets(blueprint.AddOns()) {
			for _, network := range []string{blueprint.NetworkPublic, blueprint.NetworkPrivate} {
				for _, app := range apps {
					c := blueprint.Choices{Name: "shop", Network: network, Database: database, AddOns: addOns, Apps: []blueprint.App{app}}.Complete()
					if len(c.Check()) == 0 {
						yield(c)
					}
				}
			}
		}
	}
}

func appVariants() []blueprint.App {
	var list []blueprint.App
	for _, kind := range blueprint.Runtimes() {
		tools := []string{""}
		if kinds := blueprint.BuildTools(kind.Value); len(kinds) > 0 {
			tools = []string{blueprint.Maven, blueprint.Gradle}
		}
		for _, tool := range tools {
			for _, packaging := range blueprint.Packagings() {
				for _, hosting := range blueprint.Hostings(blueprint.TargetAzure) {
					for _, tier := range blueprint.Tiers(hosting.Value) {
						list = append(list, blueprint.App{Runtime: kind.Value, BuildTool: tool, Packaging: packaging.Value, Hosting: hosting.Value, Tier: tier.Value})
					}
				}
			}
		}
	}
	return list
}

func databaseVariants() []blueprint.Service {
	list := []blueprint.Service{{Kind: blueprint.None}}
	for _, kind := range blueprint.Databases()[1:] {
		for _, tier := range blueprint.Tiers(kind.Value) {
			list = append(list, blueprint.Service{Kind: kind.Value, Tier: tier.Value})
		}
	}
	return list
}

func subsets(kinds []blueprint.Option) [][]blueprint.Service {
	var list [][]blueprint.Service
	for bits := range 1 << len(kinds) {
		var set []blueprint.Service
		for i, kind := range kinds {
			if bits>>i&1 == 1 {
				set = append(set, blueprint.Service{Kind: kind.Value})
			}
		}
		list = append(list, set)
	}
	return list
}

// configurationChecker checks rendered configurations.
type configurationChecker struct {
	modules map[string]moduleInterface
	schema  schemas

	mutex  sync.Mutex
	blocks map[string]blockFacts

	workflows   map[string][]string // what is wrong with a text
	workflowsOf map[workflowKey][]string
}

// workflowKey is what the text of a workflow follows from.
type workflowKey struct {
	engine  string
	app     blueprint.App
	guarded bool
}

func (c *configurationChecker) texts() int {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return len(c.blocks)
}

// check returns what is wrong with a configuration.
func (c *configurationChecker) check(choices blueprint.Choices) []string {
	main, used := blueprint.AzureMain(choices)
	variables := blueprint.AzureVariables(choices)
	found := c.checkTexts(main, variables, blueprint.AzureOutputs(choices))
	for _, folder := range used {
		if _, ok := c.modules[folder]; !ok {
			found = append(found, "there is no module "+folder)
		}
	}
	return append(found, c.workflow(choices, strings.Contains(variables, "deployer_ip_addresses"))...)
}

// workflow returns what actionlint says of the workflow. It follows from the
// engine, the only app and whether something must admit the runner.
func (c *configurationChecker) workflow(choices blueprint.Choices, guarded bool) []string {
	key := workflowKey{choices.Engine, choices.Apps[0], guarded}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	wrong, known := c.workflowsOf[key]
	if known {
		return wrong
	}
	text := blueprint.Generator{}.Workflow(choices).Text
	wrong, known = c.workflows[text]
	if !known {
		wrong = lint(text)
		c.workflows[text] = wrong
	}
	c.workflowsOf[key] = wrong
	return wrong
}

// lint returns what actionlint says of a workflow.
func lint(text string) []string {
	linter, err := actionlint.NewLinter(io.Discard, &actionlint.LinterOptions{})
	if err != nil {
		return []string{err.Error()}
	}
	found, err := linter.Lint("aloft.yml", []byte(text), nil)
	if err != nil {
		return []string{err.Error()}
	}
	var wrong []string
	for _, problem := range found {
		wrong = append(wrong, problem.Error())
	}
	return wrong
}

// checkTexts returns what is wrong with the three files that refer to each other.
func (c *configurationChecker) checkTexts(main, variables, outputs string) []string {
	var found, wanted []string
	all := map[string]bool{}
	for _, text := range slices.Concat(blocksOf(main), blocksOf(variables), blocksOf(outputs)) {
		facts := c.facts(text)
		found = append(found, facts.wrong...)
		wanted = append(wanted, facts.references...)
		for _, name := range facts.declares {
			if all[name] {
				found = append(found, name+" is declared twice")
			}
			all[name] = true
		}
	}
	for _, reference := range wanted {
		if !all[reference] {
			found = append(found, reference+" is referred to and not there")
		}
	}
	if !all["output.apps"] {
		found = append(found, "there is no output apps")
	}
	for name := range all {
		input, ok := strings.CutPrefix(name, "var.")
		if ok && !slices.Contains(wanted, name) {
			found = append(found, "variable "+input+" is not used")
		}
	}
	return found
}

// facts looks at the text of a block, unless it was seen before.
func (c *configurationChecker) facts(text string) blockFacts {
	c.mutex.Lock()
	facts, known := c.blocks[text]
	c.mutex.Unlock()
	if known {
		return facts
	}
	facts = c.look(text)
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.blocks[text] = facts
	return facts
}

// blocksOf cuts formatted Terraform into its blocks, comments aside.
func blocksOf(text string) []string {
	var list []string
	var block strings.Builder
	for line := range strings.Lines(text) {
		if block.Len() == 0 && (line == "\n" || strings.HasPrefix(line, "#")) {
			continue
		}
		block.WriteString(line)
		if line == "}\n" || block.Len() == len(line) && strings.HasSuffix(line, "{}\n") {
			list = append(list, block.String())
			block.Reset()
		}
	}
	if block.Len() > 0 {
		list = append(list, fmt.Sprintf("rest %q", block.String()))
	}
	return list
}

// TestConfigurationCheckerFinds breaks a configuration in every way that the
// check is there for.
func TestConfigurationCheckerFinds(t *testing.T) {
	c := newConfigurationChecker(t)
	choices := blueprint.Choices{Name: "shop", Database: blueprint.Service{Kind: blueprint.PostgreSQL}, Apps: []blueprint.App{{Runtime: "node"}}}.Complete()
	main, _ := blueprint.AzureMain(choices)
	variables, outputs := blueprint.AzureVariables(choices), blueprint.AzureOutputs(choices)
	if found := c.checkTexts(main, variables, outputs); len(found) > 0 {
		t.Fatalf("the configuration itself is refused: %q", found)
	}
	for _, test := range []struct{ name, old, new, want string }{
		{"an argument that no module has", "tier                = var.database_tier", "tyre = var.database_tier", "module.postgresql: no input tyre"},
		{"an argument left out", "  key_vault_id        = module.key_vault.id\n", "", "module.postgresql: input key_vault_id is missing"},
		{"another type", `subnets           = ["postgresql", "web-app"]`, `subnets = { a = 1 }`, "module.network.subnets"},
		{"an attribute that no input has", "principal_id = module.identity.principal_id", "principal = module.identity.principal_id\n    principal_id = module.identity.principal_id", "module.postgresql.identity: no attribute principal"},
		{"a value that the module refuses", `runtime         = "node"`, `runtime = "cobol"`, "its validation refuses that"},
		{"a subnet that is not made", `subnets           = ["postgresql", "web-app"]`, `subnets = ["web-app"]`, "module.network.subnet_ids.postgresql is referred to and not there"},
		{"an output that no module has", "module.key_vault.id", "module.key_vault.di", "module.key_vault.di is referred to and not there"},
		{"a variable that is not declared", "var.database_tier", "var.database_size", "var.database_size is referred to and not there"},
		{"an argument that the provider has not", "location = var.region", "location = var.region\n  zone = 1", "azurerm_resource_group takes no zone"},
		{"an attribute that the provider has not", "azurerm_resource_group.main.name", "azurerm_resource_group.main.title", "azurerm_resource_group.main.title is referred to and not there"},
		{"text that is no Terraform", "module \"identity\" {", "module \"identity {", "Invalid"},
	} {
		t.Run(test.name, func(t *testing.T) {
			broken := strings.ReplaceAll(main, test.old, test.new)
			if broken == main {
				t.Fatalf("%q is not in:\n%s", test.old, main)
			}
			if found := strings.Join(c.checkTexts(broken, variables, outputs), "\n"); !strings.Contains(found, test.want) {
				t.Errorf("found %q, want %q", found, test.want)
			}
		})
	}
}

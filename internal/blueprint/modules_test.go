package blueprint_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

var azureModules = filepath.Join("modules", "azure")

// moduleNames lists the modules for Azure.
func moduleNames(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(azureModules)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// blocks returns the blocks of a file of a module.
func blocks(t *testing.T, module, file string) hclsyntax.Blocks {
	t.Helper()
	parsed, diagnostics := hclparse.NewParser().ParseHCLFile(filepath.Join(azureModules, module, file))
	if diagnostics.HasErrors() {
		t.Fatal(diagnostics)
	}
	return parsed.Body.(*hclsyntax.Body).Blocks
}

func TestModulesSayWhatTheyTakeAndGive(t *testing.T) {
	common := map[string]string{} // the text of inputs that all modules have
	versions := read(t, filepath.Join(azureModules, "identity", "versions.tf"))
	for _, module := range moduleNames(t) {
		t.Run(module, func(t *testing.T) {
			folder := filepath.Join(azureModules, module)
			files, err := filepath.Glob(filepath.Join(folder, "*"))
			if err != nil || len(files) != 4 {
				t.Fatalf("a module has main.tf, variables.tf, outputs.tf and versions.tf: %v %v", files, err)
			}
			if read(t, filepath.Join(folder, "versions.tf")) != versions {
				t.Error("versions.tf is another than that of identity")
			}
			body := read(t, filepath.Join(folder, "main.tf")) + read(t, filepath.Join(folder, "outputs.tf"))
			for _, block := range blocks(t, module, "main.tf") {
				if !slices.Contains([]string{"resource", "data", "ephemeral", "locals", "check"}, block.Type) {
					t.Errorf("main.tf has a block %s", block.Type)
				}
			}
			variables := read(t, filepath.Join(folder, "variables.tf"))
			for _, block := range blocks(t, module, "variables.tf") {
				name := block.Labels[0]
				for _, wanted := range []string{"description", "type"} {
					if block.Body.Attributes[wanted] == nil {
						t.Errorf("variable %s has no %s", name, wanted)
					}
				}
				if name != "suffix" && name != "location" && !strings.Contains(body, "var."+name) { // compositions give it to all
					t.Errorf("variable %s is not used", name)
				}
				if slices.Contains([]string{"name", "suffix", "resource_group_name", "location", "tags", "app", "log_workspace_id"}, name) {
					text := string(block.Range().SliceBytes([]byte(variables))) + string(hcl.RangeBetween(block.OpenBraceRange, block.CloseBraceRange).SliceBytes([]byte(variables)))
					if before, seen := common[name]; seen && before != text {
						t.Errorf("variable %s is another than in other modules", name)
					}
					common[name] = text
				}
			}
			for _, block := range blocks(t, module, "outputs.tf") {
				if block.Body.Attributes["description"] == nil || block.Body.Attributes["value"] == nil {
					t.Errorf("output %s has no description or no value", block.Labels[0])
				}
			}
		})
	}
}

func TestSchemaHoldsWhatModulesUse(t *testing.T) {
	var schema map[string]json.RawMessage
	if err := json.Unmarshal([]byte(read(t, filepath.Join("testdata", "azurerm-5.2.0.json"))), &schema); err != nil {
		t.Fatal(err)
	}
	for kind, list := range map[string]string{
		"resource": "resource_schemas", "data": "data_source_schemas", "ephemeral": "ephemeral_resource_schemas",
	} {
		var known map[string]json.RawMessage
		if err := json.Unmarshal(schema[list], &known); err != nil {
			t.Fatal(err)
		}
		if len(known) == 0 {
			t.Errorf("the schema has no %s", kind)
		}
		for _, module := range moduleNames(t) {
			for _, block := range blocks(t, module, "main.tf") {
				if block.Type != kind || block.Labels[0] == "terraform_data" {
					continue
				}
				if _, ok := known[block.Labels[0]]; !ok {
					t.Errorf("module %s uses %s %s, which the schema lacks: go run ./tools/azurerm -schema internal/blueprint/testdata/azurerm-5.2.0.json", module, kind, block.Labels[0])
				}
			}
		}
	}
}

// everything is a configuration that calls every module with every input that it
// must have, none of them known.
func everything(t *testing.T) string {
	t.Helper()
	var text strings.Builder
	text.WriteString("variable \"anything\" {\n  type = any\n}\n")
	for _, module := range moduleNames(t) {
		fmt.Fprintf(&text, "\nmodule %q {\n  source = \"./modules/%s\"\n", module, module)
		for _, block := range blocks(t, module, "variables.tf") {
			if block.Body.Attributes["default"] == nil {
				fmt.Fprintf(&text, "  %s = var.anything\n", block.Labels[0])
			}
		}
		text.WriteString("}\n")
	}
	return text.String()
}

// Each module is tested with the real provider under each engine: it is told
// what to answer, but checks what it is asked.
func TestModulesUnderTheEngines(t *testing.T) {
	fixtures, err := filepath.Glob(filepath.Join("testdata", "modules", "*.tftest.hcl"))
	if err != nil {
		t.Fatal(err)
	}
	names := moduleNames(t)
	if len(fixtures) != len(names) {
		t.Errorf("%d tests of %d modules", len(fixtures), len(names))
	}
	for _, e := range engines(t) {
		t.Run(e.kind, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			write(t, filepath.Join(root, "main.tf"), everything(t))
			if err := os.CopyFS(filepath.Join(root, "modules"), os.DirFS(azureModules)); err != nil {
				t.Fatal(err)
			}
			e.run(t, root, "init", "-no-color", "-input=false")
			e.run(t, root, "validate", "-no-color")
			e.run(t, root, "fmt", "-check", "-recursive", "-diff", "modules")
			e.data = filepath.Join(root, ".terraform") // the tests need the same provider
			lock := read(t, filepath.Join(root, ".terraform.lock.hcl"))
			for _, name := range names {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					dir := t.TempDir()
					if err := os.CopyFS(dir, os.DirFS(filepath.Join(azureModules, name))); err != nil {
						t.Fatal(err)
					}
					e.mocked(t, dir)
					write(t, filepath.Join(dir, ".terraform.lock.hcl"), lock)
					write(t, filepath.Join(dir, "module.tftest.hcl"), mocks(t)+read(t, filepath.Join("testdata", "modules", name+".tftest.hcl")))
					e.run(t, dir, "test", "-no-color")
				})
			}
		})
	}
}

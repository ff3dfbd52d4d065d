package blueprint_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"

	"github.com/aloft-dev/aloft/internal/blueprint"
)

// blockFacts is what a block declares and refers to, and what is wrong with it.
type blockFacts struct {
	declares, references, wrong []string
}

// moduleInterface is what a module takes and gives.
type moduleInterface struct {
	inputs   map[string]cty.Type
	defaults map[string]cty.Value
	rules    map[string][]hclsyntax.Expression // conditions of validation blocks
	required []string
	outputs  []string
}

func newConfigurationChecker(t *testing.T) *configurationChecker {
	t.Helper()
	c := &configurationChecker{modules: map[string]moduleInterface{}, schema: readSchemas(t), blocks: map[string]blockFacts{}, workflows: map[string][]string{}, workflowsOf: map[workflowKey][]string{}}
	modules := blueprint.ModuleFS("azure")
	entries, err := fs.ReadDir(modules, ".")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		c.modules[entry.Name()] = readModule(t, modules, entry.Name())
	}
	return c
}

// parseModule returns the blocks of a module's files.
func parseModule(t *testing.T, modules fs.FS, folder string) hclsyntax.Blocks {
	t.Helper()
	files, err := fs.Glob(modules, path.Join(folder, "*.tf"))
	if err != nil || len(files) == 0 {
		t.Fatalf("module %s has no files: %v", folder, err)
	}
	var blocks hclsyntax.Blocks
	for _, name := range files {
		data, err := fs.ReadFile(modules, name)
		if err != nil {
			t.Fatal(err)
		}
		file, diagnostics := hclsyntax.ParseConfig(data, name, hcl.InitialPos)
		if diagnostics.HasErrors() {
			t.Fatal(diagnostics)
		}
		blocks = append(blocks, file.Body.(*hclsyntax.Body).Blocks...)
	}
	return blocks
}

func readModule(t *testing.T, modules fs.FS, folder string) moduleInterface {
	t.Helper()
	m := moduleInterface{inputs: map[string]cty.Type{}, defaults: map[string]cty.Value{}, rules: map[string][]hclsyntax.Expression{}}
	for _, b := range parseModule(t, modules, folder) {
		switch b.Type {
		case "variable":
			kind, _, diagnostics := typeexpr.TypeConstraintWithDefaults(b.Body.Attributes["type"].Expr)
			if diagnostics.HasErrors() {
				t.Fatal(diagnostics)
			}
			m.inputs[b.Labels[0]] = kind
			if b.Body.Attributes["default"] == nil {
				m.required = append(m.required, b.Labels[0])
			} else if m.defaults[b.Labels[0]], diagnostics = b.Body.Attributes["default"].Expr.Value(nil); diagnostics.HasErrors() {
				t.Fatal(diagnostics)
			}
			for _, nested := range b.Body.Blocks {
				m.rules[b.Labels[0]] = append(m.rules[b.Labels[0]], nested.Body.Attributes["condition"].Expr)
			}
		case "output":
			m.outputs = append(m.outputs, b.Labels[0])
		}
	}
	return m
}

// look takes the text of one block apart.
func (c *configurationChecker) look(text string) blockFacts {
	file, diagnostics := hclsyntax.ParseConfig([]byte(text), "block", hcl.InitialPos)
	if diagnostics.HasErrors() {
		return blockFacts{wrong: []string{diagnostics.Error()}}
	}
	body := file.Body.(*hclsyntax.Body)
	if len(body.Blocks) != 1 {
		return blockFacts{wrong: []string{fmt.Sprintf("%d blocks in %q", len(body.Blocks), text)}}
	}
	b := body.Blocks[0]
	var f blockFacts
	for _, variable := range variablesIn(b.Body) {
		f.references = append(f.references, address(variable))
	}
	switch b.Type {
	case "variable":
		f.references = nil // its type
		f.declares = []string{"var." + b.Labels[0]}
	case "output":
		f.declares = []string{"output." + b.Labels[0]}
	case "locals":
		for name := range b.Body.Attributes {
			f.declares = append(f.declares, "local."+name)
		}
	case "module":
		f.module(c, b)
	case "resource", "data":
		prefix := ""
		list := c.schema.Resources
		if b.Type == "data" {
			prefix, list = "data.", c.schema.Data
		}
		schema, ok := list[b.Labels[0]]
		if !ok {
			f.wrong = append(f.wrong, "there is no type "+b.Labels[0])
		}
		for attribute := range schema.Block.Attributes {
			f.declares = append(f.declares, prefix+b.Labels[0]+"."+b.Labels[1]+"."+attribute)
		}
		f.wrong = append(f.wrong, schema.Block.check(b.Labels[0], b.Body)...)
	default:
		f.wrong = append(f.wrong, "a block "+b.Type)
	}
	return f
}

// address names what a traversal refers to: module.x.y, var.x, local.x,
// resource.x.y; an index of a subnet or a zone is part of it.
func address(traversal hcl.Traversal) string {
	words := []string{traversal.RootName()}
	limit := 3
	switch words[0] {
	case "var", "local":
		limit = 2
	case "data":
		limit = 4
	}
	for _, step := range traversal[1:] {
		switch step := step.(type) {
		case hcl.TraverseAttr:
			if len(words) < limit {
				words = append(words, step.Name)
			}
		case hcl.TraverseIndex:
			if words[0] == "module" && step.Key.Type() == cty.String {
				words = append(words, step.Key.AsString())
			}
		}
	}
	return strings.Join(words, ".")
}

func (f *blockFacts) module(c *configurationChecker, b *hclsyntax.Block) {
	name := "module." + b.Labels[0]
	source, _ := b.Body.Attributes["source"].Expr.Value(nil)
	module, ok := c.modules[strings.TrimPrefix(source.AsString(), "./modules/")]
	if !ok {
		f.wrong = append(f.wrong, name+": no module "+source.AsString())
		return
	}
	f.declares = []string{name}
	for _, output := range module.outputs {
		f.declares = append(f.declares, name+"."+output)
	}
	context := unknowns(b.Body)
	for argument, attribute := range b.Body.Attributes {
		kind, declared := module.inputs[argument]
		value, diagnostics := attribute.Expr.Value(context)
		switch {
		case argument == "source":
			continue
		case !declared:
			f.wrong = append(f.wrong, name+": no input "+argument)
			continue
		case diagnostics.HasErrors():
			f.wrong = append(f.wrong, name+"."+argument+": "+diagnostics.Error())
			continue
		}
		if _, err := convert.Convert(value, kind); err != nil {
			f.wrong = append(f.wrong, fmt.Sprintf("%s.%s: %v", name, argument, err))
			continue
		}
		if value.IsKnown() && value.Type().IsObjectType() && kind.IsObjectType() {
			for field := range value.Type().AttributeTypes() {
				if !kind.HasAttribute(field) {
					f.wrong = append(f.wrong, fmt.Sprintf("%s.%s: no attribute %s", name, argument, field))
				}
			}
		}
		// Subnets and zones are named by those who want them.
		if argument == "subnets" || argument == "private_dns_zones" {
			output := map[string]string{"subnets": "subnet_ids", "private_dns_zones": "private_dns_zone_ids"}[argument]
			for _, element := range value.AsValueSlice() {
				f.declares = append(f.declares, name+"."+output+"."+element.AsString())
			}
		}
	}
	for _, required := range module.required {
		if b.Body.Attributes[required] == nil {
			f.wrong = append(f.wrong, name+": input "+required+" is missing")
		}
	}
	for input, value := range module.given(b.Body, context) {
		for _, rule := range module.rules[input] {
			if text := broken(rule, module.given(b.Body, context)); text != "" {
				f.wrong = append(f.wrong, fmt.Sprintf("%s.%s = %#v: %s", name, input, value, text))
			}
		}
	}
}

// given are the values that a call gives to a module's inputs, defaults included;
// what is not known before an apply is unknown.
func (m moduleInterface) given(call *hclsyntax.Body, context *hcl.EvalContext) map[string]cty.Value {
	values := map[string]cty.Value{}
	for name, kind := range m.inputs {
		value := cty.UnknownVal(kind.WithoutOptionalAttributesDeep())
		if attribute := call.Attributes[name]; attribute != nil {
			if said, diagnostics := attribute.Expr.Value(context); !diagnostics.HasErrors() {
				value = said
			}
		} else if standard, has := m.defaults[name]; has {
			value = standard
		}
		if converted, err := convert.Convert(value, kind); err == nil {
			value = converted
		}
		values[name] = value
	}
	return values
}

// broken evaluates the condition of a validation block: "" when it holds or
// cannot be known yet.
func broken(condition hclsyntax.Expression, values map[string]cty.Value) string {
	holds, diagnostics := condition.Value(&hcl.EvalContext{
		Variables: map[string]cty.Value{"var": cty.ObjectVal(values)},
		Functions: map[string]function.Function{
			"can": tryfunc.CanFunc, "try": tryfunc.TryFunc, "contains": stdlib.ContainsFunc, "regex": stdlib.RegexFunc, "lookup": stdlib.LookupFunc,
			"coalesce": stdlib.CoalesceFunc, "floor": stdlib.FloorFunc, "length": stdlib.LengthFunc, "split": stdlib.SplitFunc,
			"setsubtract": stdlib.SetSubtractFunc, "tonumber": stdlib.MakeToFunc(cty.Number), "cidrsubnet": unknownText, "startswith": startsWith,
		},
	})
	switch {
	case diagnostics.HasErrors():
		return diagnostics.Error()
	case holds.IsKnown() && holds.False():
		return "its validation refuses that"
	}
	return ""
}

var startsWith = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "text", Type: cty.String}, {Name: "start", Type: cty.String}},
	Type:   function.StaticReturnType(cty.Bool),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		return cty.BoolVal(strings.HasPrefix(args[0].AsString(), args[1].AsString())), nil
	},
})

// variablesIn lists the references of a body.
func variablesIn(body *hclsyntax.Body) []hcl.Traversal {
	var list []hcl.Traversal
	for _, attribute := range body.Attributes {
		list = append(list, hclsyntax.Variables(attribute.Expr)...)
	}
	for _, b := range body.Blocks {
		list = append(list, variablesIn(b.Body)...)
	}
	return list
}

// unknowns gives every reference in a body a value that is not known.
func unknowns(body *hclsyntax.Body) *hcl.EvalContext {
	values := map[string]cty.Value{}
	for _, traversal := range variablesIn(body) {
		values[traversal.RootName()] = cty.DynamicVal
	}
	return &hcl.EvalContext{Variables: values, Functions: map[string]function.Function{
		"substr": stdlib.SubstrFunc, "sha256": unknownText,
	}}
}

var unknownText = function.New(&function.Spec{
	VarParam: &function.Parameter{Type: cty.DynamicPseudoType, AllowUnknown: true, AllowDynamicType: true},
	Type:     function.StaticReturnType(cty.String),
	Impl:     func([]cty.Value, cty.Type) (cty.Value, error) { return cty.UnknownVal(cty.String), nil },
})

// schemas are the parts of the provider's schema that modules use.
type schemas struct {
	Resources map[string]schema `json:"resource_schemas"`
	Data      map[string]schema `json:"data_source_schemas"`
	Ephemeral map[string]schema `json:"ephemeral_resource_schemas"`
}

type schema struct {
	Block schemaBlock `json:"block"`
}

type schemaBlock struct {
	Attributes map[string]struct {
		Required bool `json:"required"`
		Optional bool `json:"optional"`
	} `json:"attributes"`
	Blocks map[string]struct {
		Block    schemaBlock `json:"block"`
		MinItems int         `json:"min_items"`
	} `json:"block_types"`
}

func readSchemas(t *testing.T) schemas {
	t.Helper()
	data, err := os.ReadFile("testdata/azurerm-5.2.0.json")
	if err != nil {
		t.Fatal(err)
	}
	var s schemas
	if err := json.Unmarshal(data, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// metaArguments are those of every resource, whatever its type.
var metaArguments = []string{"count", "for_each", "depends_on", "provider"}

// check compares a body with the schema of its block.
func (s schemaBlock) check(place string, body *hclsyntax.Body) []string {
	var wrong []string
	for _, name := range slices.Sorted(maps.Keys(body.Attributes)) {
		attribute, known := s.Attributes[name]
		if slices.Contains(metaArguments, name) {
			continue
		}
		if !known || !attribute.Required && !attribute.Optional {
			wrong = append(wrong, place+" takes no "+name)
		}
	}
	given := map[string]int{}
	for _, b := range body.Blocks {
		name, content := b.Type, b.Body
		if name == "lifecycle" || name == "provisioner" {
			continue
		}
		if name == "dynamic" {
			name = b.Labels[0]
			content = b.Body.Blocks[0].Body
		}
		given[name]++
		nested, known := s.Blocks[name]
		if _, attribute := s.Attributes[name]; attribute && !known {
			continue // an attribute that may be written as a block
		}
		if !known {
			wrong = append(wrong, place+" has no block "+name)
			continue
		}
		wrong = append(wrong, nested.Block.check(place+"."+name, content)...)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Attributes)) {
		if s.Attributes[name].Required && body.Attributes[name] == nil {
			wrong = append(wrong, place+" lacks "+name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Blocks)) {
		if s.Blocks[name].MinItems > given[name] {
			wrong = append(wrong, place+" lacks block "+name)
		}
	}
	return wrong
}

// TestModulesFitTheSchema compares every resource of every module, argument by
// argument, with the schema of the real provider.
func TestModulesFitTheSchema(t *testing.T) {
	known := readSchemas(t)
	modules := blueprint.ModuleFS("azure")
	entries, err := fs.ReadDir(modules, ".")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		t.Run(entry.Name(), func(t *testing.T) {
			for _, b := range parseModule(t, modules, entry.Name()) {
				list := map[string]map[string]schema{"resource": known.Resources, "data": known.Data, "ephemeral": known.Ephemeral}[b.Type]
				if list == nil || b.Labels[0] == "terraform_data" {
					continue
				}
				of, there := list[b.Labels[0]]
				if !there {
					t.Errorf("there is no %s %s", b.Type, b.Labels[0])
				}
				for _, wrong := range of.Block.check(b.Labels[0], b.Body) {
					t.Error(wrong)
				}
			}
		})
	}
}

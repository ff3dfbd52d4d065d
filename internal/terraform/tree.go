package terraform

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"

	"github.com/aloft-dev/aloft"
)

// tree is a root module and the local modules that it calls, as far as they can
// be read without an engine.
type tree struct {
	backend      string // type of the backend block, "cloud", or ""
	settled      string // what it says, however it is laid out
	providers    map[string]bool
	variables    map[string]bool      // of the root module
	outputs      map[string]hcl.Range // of the root module
	requirements []string             // all that init fetches, one line each, sorted
	dirs         []string             // of the modules, the root first
	outside      bool                 // there are modules that cannot be read here, or provisioners
	dynamic      bool                 // what init fetches depends on variables

	parser *hclparse.Parser
	root   string
	folder string // root in the repository, as people know it
}

var moduleSchema = &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
	{Type: "terraform"},
	{Type: "variable", LabelNames: []string{"name"}},
	{Type: "output", LabelNames: []string{"name"}},
	{Type: "module", LabelNames: []string{"name"}},
	{Type: "provider", LabelNames: []string{"name"}},
	{Type: "resource", LabelNames: []string{"type", "name"}},
	{Type: "data", LabelNames: []string{"type", "name"}},
	{Type: "ephemeral", LabelNames: []string{"type", "name"}},
}}

var terraformSchema = &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
	{Type: "backend", LabelNames: []string{"type"}},
	{Type: "cloud"},
	{Type: "required_providers"},
}}

var callSchema = &hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "source"}, {Name: "version"}}}

var resourceSchema = &hcl.BodySchema{
	Attributes: []hcl.AttributeSchema{{Name: "provider"}},
	Blocks:     []hcl.BlockHeaderSchema{{Type: "provisioner", LabelNames: []string{"type"}}},
}

// readTree reads the module in dir and the local ones that it calls. Errors name
// files by folder, which is dir in the repository.
func readTree(dir, folder string) (*tree, error) {
	names, err := configurationFiles(dir)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, aloft.Errorf(aloft.CodeNotFound, "there is no Terraform in %s", filepath.Base(absolute(dir))).
			WithHint("write it there (main.tf), run aloft init, or name its folder in aloft.yaml, as in terraform: infrastructure")
	}
	t := &tree{
		providers: map[string]bool{}, variables: map[string]bool{}, outputs: map[string]hcl.Range{},
		parser: hclparse.NewParser(), root: absolute(dir), folder: folder,
	}
	if err := t.module(t.root); err != nil {
		return nil, err
	}
	slices.Sort(t.requirements)
	t.requirements = slices.Compact(t.requirements)
	return t, nil
}

// moduleContents are the blocks of one module.
type moduleContents struct {
	dir     string
	blocks  []*hcl.Block
	sources map[string]string // source of each provider by local name
}

// module reads the module in dir, unless it was read before.
func (t *tree) module(dir string) error {
	if slices.Contains(t.dirs, dir) {
		return nil
	}
	t.dirs = append(t.dirs, dir)
	m := moduleContents{dir: dir, sources: map[string]string{}}
	names, err := configurationFiles(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		body, err := parse(t.parser, dir, name, inRepository(t.folder, t.nameOf(filepath.Join(dir, name))))
		if err != nil {
			return err
		}
		content, _, diagnostics := body.PartialContent(moduleSchema)
		if err := syntaxError(diagnostics); err != nil {
			return err
		}
		m.blocks = append(m.blocks, content.Blocks...)
	}
	return t.blocks(m)
}

// nameOf returns the name of a file relative to the root module.
func (t *tree) nameOf(path string) string {
	if name, err := filepath.Rel(t.root, path); err == nil {
		return name
	}
	return path
}

func (t *tree) blocks(m moduleContents) error {
	for _, block := range m.blocks {
		if block.Type == "terraform" {
			if err := t.settings(m, block); err != nil {
				return err
			}
		}
	}
	for _, block := range m.blocks {
		switch block.Type {
		case "variable":
			if m.dir == t.root {
				t.variables[block.Labels[0]] = true
			}
		case "output":
			if m.dir == t.root {
				t.outputs[block.Labels[0]] = block.DefRange
			}
		case "provider":
			t.uses(m, block.Labels[0])
		case "resource", "data", "ephemeral":
			t.resource(m, block)
		case "module":
			if err := t.call(m, block); err != nil {
				return err
			}
		}
	}
	return nil
}

// settings reads a terraform block.
func (t *tree) settings(m moduleContents, block *hcl.Block) error {
	content, _, diagnostics := block.Body.PartialContent(terraformSchema)
	if err := syntaxError(diagnostics); err != nil {
		return err
	}
	for _, inner := range content.Blocks {
		switch {
		case inner.Type == "required_providers":
			attributes, diagnostics := inner.Body.JustAttributes()
			if err := syntaxError(diagnostics); err != nil {
				return err
			}
			for name, attribute := range attributes {
				t.require(m, name, attribute)
			}
		case m.dir != t.root:
		case inner.Type == "backend":
			t.backend = inner.Labels[0]
			t.configured(inner)
		default:
			t.backend = "cloud"
			t.configured(inner)
		}
	}
	return nil
}

// configured notes the settings of the backend block.
func (t *tree) configured(block *hcl.Block) {
	text, dynamic := t.bodyText(block.Body)
	t.requirements = append(t.requirements, "backend "+text)
	t.dynamic = t.dynamic || dynamic
	t.settled = t.settingsText(block.Body)
}

// require notes an entry of required_providers.
func (t *tree) require(m moduleContents, name string, attribute *hcl.Attribute) {
	source, constraint := "hashicorp/"+name, ""
	if pairs, diagnostics := hcl.ExprMap(attribute.Expr); !diagnostics.HasErrors() {
		for _, pair := range pairs {
			switch literal(pair.Key) {
			case "source":
				source = shortSource(literal(pair.Value))
			case "version":
				constraint = literal(pair.Value)
			}
		}
	} else {
		constraint = literal(attribute.Expr)
	}
	m.sources[name] = source
	t.provider(source)
	t.requirements = append(t.requirements, fmt.Sprintf("provider %s %s", source, constraint))
}

// resource notes the provider that a resource implies.
func (t *tree) resource(m moduleContents, block *hcl.Block) {
	content, _, _ := block.Body.PartialContent(resourceSchema)
	t.outside = t.outside || len(content.Blocks) > 0
	if attribute, ok := content.Attributes["provider"]; ok {
		if traversal, diagnostics := hcl.AbsTraversalForExpr(attribute.Expr); !diagnostics.HasErrors() {
			t.uses(m, traversal.RootName())
			return
		}
	}
	name, _, _ := strings.Cut(block.Labels[0], "_")
	t.uses(m, name)
}

// uses notes a provider by its local name in the module.
func (t *tree) uses(m moduleContents, name string) {
	source, ok := m.sources[name]
	if !ok {
		source = "hashicorp/" + name
	}
	t.provider(source)
	t.requirements = append(t.requirements, "provider "+source)
}

func (t *tree) provider(source string) {
	if source != "hashicorp/terraform" && source != "terraform.io/builtin/terraform" {
		t.providers[source] = true
	}
}

// call notes a module call and reads the module if it is a local one.
func (t *tree) call(m moduleContents, block *hcl.Block) error {
	content, _, diagnostics := block.Body.PartialContent(callSchema)
	if err := syntaxError(diagnostics); err != nil {
		return err
	}
	line := "module " + t.nameOf(m.dir) + " " + block.Labels[0]
	source := ""
	for _, name := range []string{"source", "version"} {
		attribute, ok := content.Attributes[name]
		if !ok {
			continue
		}
		t.dynamic = t.dynamic || len(attribute.Expr.Variables()) > 0
		line += " " + t.textOf(attribute.Expr.Range())
		if name == "source" {
			source = literal(attribute.Expr)
		}
	}
	t.requirements = append(t.requirements, line)
	if strings.HasPrefix(source, "./") || strings.HasPrefix(source, "../") {
		return t.module(filepath.Join(m.dir, source))
	}
	t.outside = true
	return nil
}

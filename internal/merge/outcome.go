package merge

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// fault is a place for which an engine would refuse a folder of Terraform.
type fault struct {
	file  string
	line  int    // 0 = it stands in what Aloft would write
	text  string // what is wrong there
	key   string // what it is, wherever it stands
	lacks string // what it refers to, and is not there; "" = something else is wrong
}

// String writes the fault as FILE:LINE: TEXT.
func (f fault) String() string {
	if f.line == 0 {
		return f.file + ": " + f.text
	}
	return fmt.Sprintf("%s:%d: %s", f.file, f.line, f.text)
}

// newFaults returns what is wrong after a change and was not before it: addresses
// that are there twice, references to what is not there, modules whose folder is
// missing, and arguments that do not fit a module. The lines are those of before.
func (l landscape) newFaults(before map[string]string, now landscape, after map[string]string) []fault {
	known := map[string]bool{}
	for _, f := range l.faults() {
		known[f.key] = true
	}
	var list []fault
	for _, f := range now.faults() {
		if known[f.key] {
			continue
		}
		known[f.key] = true
		f.line = lineBefore(before[f.file], after[f.file], f.line)
		list = append(list, f)
	}
	slices.SortFunc(list, func(a, b fault) int { return strings.Compare(a.String(), b.String()) })
	return list
}

// lineBefore finds a line of a text in an older one; 0 = it was not there.
func lineBefore(before, after string, line int) int {
	if before == after {
		return line
	}
	words := func(text string) string { return strings.Join(strings.Fields(text), " ") }
	lines := strings.Split(after, "\n")
	if line < 1 || line > len(lines) {
		return 0
	}
	return 1 + slices.IndexFunc(strings.Split(before, "\n"), func(l string) bool { return words(l) == words(lines[line-1]) })
}

// landscape is what the folders of a tree declare and refer to, by path.
type landscape map[string]*scope

// scope is one folder.
type scope struct {
	declared   map[string][]hcl.Range // by address, such as module.web, var.region, azurerm_subnet.web
	required   map[string]bool        // variables without a default
	references []mention
	calls      map[string]call // of modules, by their names
}

// mention is a reference to an address, and of a module to which of its outputs and
// which key of that.
type mention struct {
	address, output, key string
	at                   hcl.Range
}

// call is a module block.
type call struct {
	folder    string // "" = not one of the tree
	arguments map[string]hcl.Range
	words     map[string]bool // texts and keys in the arguments: a module may have outputs by them, such as subnets
	at        hcl.Range
}

// survey reads every file of a tree that is Terraform; what cannot be parsed is
// left out. Folders that are as they were are taken from an earlier survey.
func survey(texts map[string]string, was landscape, before map[string]string) landscape {
	land := landscape{}
	for name := range texts {
		folder := path.Dir(name)
		if path.Ext(name) != ".tf" || land[folder] != nil {
			continue
		}
		files := in(folder, texts)
		if was[folder] != nil && maps.Equal(files, in(folder, before)) {
			land[folder] = was[folder]
		} else {
			land[folder] = newScope(files)
		}
	}
	return land
}

func newScope(files map[string]string) *scope {
	r := &scope{declared: map[string][]hcl.Range{}, required: map[string]bool{}, calls: map[string]call{}}
	for name, text := range files {
		file, diagnostics := hclsyntax.ParseConfig([]byte(text), name, hcl.InitialPos)
		if diagnostics.HasErrors() {
			continue
		}
		for _, b := range file.Body.(*hclsyntax.Body).Blocks {
			r.read(b, overrides(name))
		}
	}
	return r
}

// overrides reports whether a file changes blocks of the others instead of having
// its own.
func overrides(name string) bool {
	return path.Base(name) == "override.tf" || strings.HasSuffix(name, "_override.tf")
}

// read takes in a block, which may override another one.
func (r *scope) read(b *hclsyntax.Block, overrides bool) {
	if slices.Contains([]string{"terraform", "moved", "import", "removed"}, b.Type) {
		return
	}
	r.mentions(b.Body, nil)
	at, address := b.DefRange(), strings.Join(b.Labels, ".")
	if overrides {
		if b.Type == "module" {
			r.references = append(r.references, mention{address: "module." + address, at: at})
		}
		return
	}
	switch {
	case b.Type == "locals":
		for name, attribute := range b.Body.Attributes {
			r.declare("local."+name, attribute.NameRange)
		}
	case b.Type == "variable" && len(b.Labels) == 1:
		r.declare("var."+address, at)
		r.required[address] = b.Body.Attributes["default"] == nil
	case b.Type == "resource":
		r.declare(address, at)
	case b.Type == "provider":
		alias := ""
		if a := b.Body.Attributes["alias"]; a != nil {
			alias = "." + literal(a.Expr)
		}
		r.declare("provider."+address+alias, at)
	case b.Type == "check":
		for _, nested := range b.Body.Blocks {
			if nested.Type == "data" {
				r.declare("data."+strings.Join(nested.Labels, "."), nested.DefRange())
			}
		}
	case b.Type == "module" && len(b.Labels) == 1:
		r.declare("module."+address, at)
		r.calls[address] = newCall(b)
	default:
		r.declare(b.Type+"."+address, at)
	}
}

func (r *scope) declare(address string, at hcl.Range) {
	r.declared[address] = append(r.declared[address], at)
}

// metaOfModules are the arguments of a module block that are not the module's.
var metaOfModules = []string{"source", "version", "count", "for_each", "providers", "depends_on"}

func newCall(b *hclsyntax.Block) call {
	c := call{arguments: map[string]hcl.Range{}, words: map[string]bool{}, at: b.DefRange()}
	for name, attribute := range b.Body.Attributes {
		if !slices.Contains(metaOfModules, name) {
			c.arguments[name] = attribute.NameRange
			c.collect(attribute.Expr)
		}
		if name == "source" {
			if source := literal(attribute.Expr); strings.HasPrefix(source, "./") || strings.HasPrefix(source, "../") {
				c.folder = path.Join(path.Dir(c.at.Filename), source)
			}
		}
	}
	return c
}

// collect takes in the texts of an argument.
func (c *call) collect(argument hclsyntax.Expression) {
	_ = hclsyntax.VisitAll(argument, func(node hclsyntax.Node) hcl.Diagnostics {
		switch node := node.(type) {
		case *hclsyntax.TemplateExpr:
			c.words[literal(node)] = true
		case *hclsyntax.ObjectConsKeyExpr:
			c.words[hcl.ExprAsKeyword(node.Wrapped)] = true
		}
		return nil
	})
}

// literal returns a text or a number that stands there as it is; "" for any other
// expression.
func literal(expression hclsyntax.Expression) string {
	value, diagnostics := expression.Value(nil)
	text, err := convert.Convert(value, cty.String)
	if diagnostics.HasErrors() || err != nil || text.IsNull() || !text.IsKnown() {
		return ""
	}
	return text.AsString()
}

// elsewhere are arguments whose names are not those of the folder.
var elsewhere = []string{"type", "provider", "providers", "ignore_changes"}

// mentions takes in the references of a body, but for the iterators that are its own.
func (r *scope) mentions(body *hclsyntax.Body, iterators []string) {
	for name, attribute := range body.Attributes {
		if slices.Contains(elsewhere, name) {
			continue
		}
		for _, traversal := range hclsyntax.Variables(attribute.Expr) {
			if m := newMention(traversal); m.address != "" && !slices.Contains(iterators, traversal.RootName()) {
				r.references = append(r.references, m)
			}
		}
	}
	for _, b := range body.Blocks {
		inner := iterators
		if b.Type == "dynamic" && len(b.Labels) == 1 {
			inner = append(slices.Clone(iterators), b.Labels[0])
			if named := b.Body.Attributes["iterator"]; named != nil {
				inner = append(inner, hcl.ExprAsKeyword(named.Expr))
			}
		}
		r.mentions(b.Body, inner)
	}
}

// newMention reads a reference; its address is empty when it is to nothing that a
// folder declares.
func newMention(traversal hcl.Traversal) mention {
	words, key := []string{traversal.RootName()}, ""
	for _, step := range traversal[1:] {
		switch step := step.(type) {
		case hcl.TraverseAttr:
			words = append(words, step.Name)
		case hcl.TraverseIndex:
			if len(words) == 3 && step.Key.Type() == cty.String {
				key = step.Key.AsString()
			}
		}
	}
	length := 2
	switch root := words[0]; {
	case root == "data", root == "ephemeral":
		length = 3
	case root != "var" && root != "local" && root != "module" && !strings.Contains(root, "_"):
		return mention{}
	}
	if len(words) < length {
		return mention{}
	}
	m := mention{address: strings.Join(words[:length], "."), at: traversal.SourceRange()}
	if words[0] == "module" && len(words) > 2 {
		m.output, m.key = words[2], key
	}
	return m
}

// callers lists the blocks that call a module's folder, sorted.
func (l landscape) callers(folder string) []string {
	var list []string
	for _, r := range l {
		for name, c := range r.calls {
			if c.folder == folder {
				list = append(list, "module."+name+" in "+c.at.Filename)
			}
		}
	}
	slices.Sort(list)
	return list
}

// faults returns what is wrong, the same for the same texts but for the order.
func (l landscape) faults() []fault {
	var list []fault
	add := func(at hcl.Range, key, format string, args ...any) *fault {
		list = append(list, fault{file: at.Filename, line: at.Start.Line, text: key + " " + fmt.Sprintf(format, args...), key: path.Dir(at.Filename) + " " + key + " " + format})
		return &list[len(list)-1]
	}
	for _, r := range l {
		for address, places := range r.declared {
			slices.SortFunc(places, func(a, b hcl.Range) int { return strings.Compare(a.String(), b.String()) })
			for _, twice := range places[1:] {
				add(twice, address, "is there twice, also in %s", places[0].Filename)
			}
		}
		for _, m := range r.references {
			if _, there := r.declared[m.address]; !there {
				add(m.at, m.address, "is referred to, and would not be there").lacks = m.address
				continue
			}
			c := r.calls[strings.TrimPrefix(m.address, "module.")]
			callee := l[c.folder]
			if m.output == "" || callee == nil {
				continue
			}
			if callee.declared["output."+m.output] == nil {
				add(m.at, m.address+"."+m.output, "is referred to, and %s has no such output", c.folder).lacks = m.address + "." + m.output
			} else if m.key != "" && !c.words[m.key] {
				add(m.at, fmt.Sprintf("%s.%s[%q]", m.address, m.output, m.key), "is referred to, and would not be there")
			}
		}
		for name, c := range r.calls {
			callee := l[c.folder]
			if c.folder != "" && callee == nil {
				add(c.at, "module."+name, "has its source in %s, which would not be there", c.folder)
			}
			if callee == nil {
				continue
			}
			for argument, at := range c.arguments {
				if _, known := callee.required[argument]; !known {
					add(at, "module."+name+"."+argument, "is given, and %s does not take it", c.folder)
				}
			}
			for variable, required := range callee.required {
				if _, given := c.arguments[variable]; required && !given {
					add(c.at, "module."+name, "lacks "+variable+", which %s needs", c.folder)
				}
			}
		}
	}
	return list
}

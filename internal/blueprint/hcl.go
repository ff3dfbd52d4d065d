package blueprint

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
)

// expression is an expression of Terraform as tokens.
type expression = hclwrite.Tokens

// text is a string without interpolation, whatever it contains.
func text(value string) expression { return hclwrite.TokensForValue(cty.StringVal(value)) }

func number(value int) expression { return hclwrite.TokensForValue(cty.NumberIntVal(int64(value))) }

func boolean(value bool) expression { return hclwrite.TokensForValue(cty.BoolVal(value)) }

func null() expression { return hclwrite.TokensForValue(cty.NullVal(cty.DynamicPseudoType)) }

// reference is a traversal such as module.postgresql.host; an index is written
// as module.network.subnet_ids["web-app"].
func reference(path string) expression {
	path, index, indexed := strings.Cut(path, "[")
	var traversal hcl.Traversal
	for i, name := range strings.Split(path, ".") {
		if i == 0 {
			traversal = append(traversal, hcl.TraverseRoot{Name: name})
			continue
		}
		traversal = append(traversal, hcl.TraverseAttr{Name: name})
	}
	if indexed {
		traversal = append(traversal, hcl.TraverseIndex{Key: cty.StringVal(strings.Trim(index, `"]`))})
	}
	return hclwrite.TokensForTraversal(traversal)
}

func list(items ...expression) expression { return hclwrite.TokensForTuple(items) }

func texts(values []string) expression {
	items := make([]expression, len(values))
	for i, v := range values {
		items[i] = text(v)
	}
	return list(items...)
}

// attribute is a name and its value, of an object or of a block.
type attribute struct {
	name  string
	value expression
}

func object(attributes ...attribute) expression {
	items := make([]hclwrite.ObjectAttrTokens, len(attributes))
	for i, a := range attributes {
		name := hclwrite.TokensForIdentifier(a.name)
		if !hclsyntax.ValidIdentifier(a.name) {
			name = text(a.name)
		}
		items[i] = hclwrite.ObjectAttrTokens{Name: name, Value: a.value}
	}
	return hclwrite.TokensForObject(items)
}

// template is a string whose parts in braces are filled in by expressions.
// A pattern that is one part alone is that expression by itself.
func template(pattern string, parts map[string]expression) expression {
	if whole, ok := parts[pattern]; ok {
		return whole
	}
	tokens := expression{{Type: hclsyntax.TokenOQuote, Bytes: []byte{'"'}}}
	for pattern != "" {
		literal, name := pattern, ""
		if open := strings.IndexByte(pattern, '{'); open >= 0 {
			if end := strings.IndexByte(pattern[open:], '}'); end >= 0 {
				literal, name = pattern[:open], pattern[open:open+end+1]
			}
		}
		pattern = pattern[len(literal)+len(name):]
		part, known := parts[name]
		if !known {
			literal += name
		}
		if literal != "" {
			quoted := text(literal)
			tokens = append(tokens, quoted[1:len(quoted)-1]...)
		}
		if constant, ok := literalText(part); ok {
			tokens = append(tokens, constant...)
		} else if known {
			tokens = append(tokens, &hclwrite.Token{Type: hclsyntax.TokenTemplateInterp, Bytes: []byte("${")})
			tokens = append(tokens, part...)
			tokens = append(tokens, &hclwrite.Token{Type: hclsyntax.TokenTemplateSeqEnd, Bytes: []byte{'}'}})
		}
	}
	return append(tokens, &hclwrite.Token{Type: hclsyntax.TokenCQuote, Bytes: []byte{'"'}})
}

// literalText returns what stands between the quotes of a string.
func literalText(e expression) (expression, bool) {
	if len(e) < 2 || e[0].Type != hclsyntax.TokenOQuote {
		return nil, false
	}
	return e[1 : len(e)-1], true
}

// document is a file of Terraform in the making.
type document struct{ file *hclwrite.File }

func newDocument() document { return document{hclwrite.NewEmptyFile()} }

// comment writes lines of comment at the top level.
func (d document) comment(lines ...string) { comment(d.file.Body(), lines...) }

func comment(body *hclwrite.Body, lines ...string) {
	var tokens expression
	for _, line := range lines {
		tokens = append(tokens, &hclwrite.Token{Type: hclsyntax.TokenComment, Bytes: []byte(strings.TrimRight("# "+line, " ") + "\n")})
	}
	body.AppendUnstructuredTokens(tokens)
}

// block writes a block with attributes, after an empty line unless it is the
// first thing or follows its comment.
func (d document) block(kind string, labels []string, attributes ...attribute) *hclwrite.Body {
	body := d.file.Body().AppendNewBlock(kind, labels).Body()
	for _, a := range attributes {
		set(body, a.name, a.value)
	}
	return body
}

// set sets an attribute to tokens of its own: formatting moves tokens, and an
// expression may stand in several places.
func set(body *hclwrite.Body, name string, e expression) {
	all := make([]hclwrite.Token, len(e))
	own := make(expression, len(e))
	for i, token := range e {
		all[i] = *token
		own[i] = &all[i]
	}
	body.SetAttributeRaw(name, own)
}

func (d document) space() { d.file.Body().AppendNewline() }

// text returns the file, formatted.
func (d document) text() string { return string(d.file.Bytes()) }

// callOf is a type such as list(string).
func callOf(name, argument string) expression {
	return hclwrite.TokensForFunctionCall(name, hclwrite.TokensForIdentifier(argument))
}

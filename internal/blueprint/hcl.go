package blueprint

import (
	"slices"
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

// lines is a list of strings, one a line.
func lines(values []string) expression {
	tokens := expression{{Type: hclsyntax.TokenOBrack, Bytes: []byte{'['}}, newline}
	for _, v := range values {
		tokens = append(append(tokens, text(v)...), &hclwrite.Token{Type: hclsyntax.TokenComma, Bytes: []byte{','}}, newline)
	}
	return fresh(append(tokens, &hclwrite.Token{Type: hclsyntax.TokenCBrack, Bytes: []byte{']'}})...)
}

// attribute is a name and its value, of an object or of a block.
type attribute struct {
	name  string
	value expression
}

func object(attributes ...attribute) expression {
	tokens := expression{opening}
	if len(attributes) > 0 {
		tokens = append(tokens, newline)
	}
	for _, a := range attributes {
		name := expression{{Type: hclsyntax.TokenIdent, Bytes: []byte(a.name)}}
		if !hclsyntax.ValidIdentifier(a.name) || a.name == "for" { // which would begin an expression
			name = text(a.name)
		}
		tokens = append(append(append(append(tokens, name...), equals), a.value...), newline)
	}
	return append(tokens, closing)
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
type document struct{ out *strings.Builder }

func newDocument() document { return document{&strings.Builder{}} }

// comment writes lines of comment.
func (d document) comment(lines ...string) {
	for _, t := range commentTokens(lines) {
		d.out.Write(t.Bytes)
	}
}

func commentTokens(lines []string) expression {
	var tokens expression
	for _, line := range lines {
		tokens = append(tokens, &hclwrite.Token{Type: hclsyntax.TokenComment, Bytes: []byte(strings.TrimRight("# "+line, " ") + "\n")})
	}
	return tokens
}

// gap is an empty line between attributes.
func gap() attribute { return attribute{} }

// remark is a comment between attributes.
func remark(lines ...string) attribute { return attribute{value: commentTokens(lines)} }

// fresh copies tokens: the formatter writes into them, and an expression may
// stand in several places.
func fresh(tokens ...*hclwrite.Token) expression {
	copies := make([]hclwrite.Token, len(tokens))
	list := make(expression, len(tokens))
	for i, t := range tokens {
		copies[i] = *t
		list[i] = &copies[i]
	}
	return list
}

var (
	newline = &hclwrite.Token{Type: hclsyntax.TokenNewline, Bytes: []byte{'\n'}}
	equals  = &hclwrite.Token{Type: hclsyntax.TokenEqual, Bytes: []byte{'='}}
	opening = &hclwrite.Token{Type: hclsyntax.TokenOBrace, Bytes: []byte{'{'}}
	closing = &hclwrite.Token{Type: hclsyntax.TokenCBrace, Bytes: []byte{'}'}}
)

// block writes a block without blocks in it. It is made of tokens, since the
// tree that hclwrite would make of it takes longer than all the rest.
func (d document) block(kind string, labels []string, attributes ...attribute) {
	tokens := hclwrite.TokensForIdentifier(kind)
	for _, label := range labels {
		tokens = append(tokens, text(label)...)
	}
	tokens = append(tokens, opening)
	if len(attributes) > 0 {
		tokens = append(tokens, newline)
	}
	for _, a := range attributes {
		switch {
		case a.name != "":
			tokens = append(tokens, &hclwrite.Token{Type: hclsyntax.TokenIdent, Bytes: []byte(a.name)}, equals)
			tokens = append(tokens, a.value...)
			tokens = append(tokens, newline)
		case a.value != nil:
			tokens = append(tokens, a.value...)
		default:
			tokens = append(tokens, newline)
		}
	}
	d.out.WriteString(formatted(append(tokens, closing, newline)))
}

// nested writes a block that has blocks in it. The key tells it from others, and all
// that fill goes by.
func (d document) nested(key, kind string, labels []string, fill func(*hclwrite.Body)) {
	d.out.WriteString(blocks.text(key, func() string {
		file := hclwrite.NewEmptyFile()
		fill(file.Body().AppendNewBlock(kind, labels).Body())
		return string(file.Bytes())
	}))
}

func (d document) space() { d.out.WriteByte('\n') }

func (d document) text() string { return d.out.String() }

// blocks keeps blocks that were formatted, by their tokens or key: formatting takes most
// of the time. There are some 5,500 of one project's choices, of 1 kB on average.
var blocks = memory{most: 32 << 20}

func formatted(tokens expression) string {
	var key strings.Builder
	for _, t := range tokens {
		key.Write(t.Bytes)
		key.WriteByte(0)
	}
	return blocks.text(key.String(), func() string {
		file := hclwrite.NewEmptyFile()
		file.Body().AppendUnstructuredTokens(fresh(tokens...))
		return string(file.Bytes())
	})
}

// callOf is a type such as list(string).
func callOf(name, argument string) expression {
	return hclwrite.TokensForFunctionCall(name, hclwrite.TokensForIdentifier(argument))
}

// equal compares two values.
func equal(a, b expression) expression {
	return slices.Concat(a, expression{{Type: hclsyntax.TokenEqualOp, Bytes: []byte("==")}}, b)
}

package merge

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
)

// plainText writes tokens without comments, spaced as one line.
func plainText(tokens hclwrite.Tokens) string {
	var b strings.Builder
	var before hclsyntax.TokenType
	for _, t := range tokens {
		if t.Type == hclsyntax.TokenComment || t.Type == hclsyntax.TokenNewline {
			continue
		}
		if b.Len() > 0 && !tight[t.Type] && !tight[before] && before != hclsyntax.TokenOBrack {
			b.WriteByte(' ')
		}
		b.Write(t.Bytes)
		before = t.Type
		if t.Type == hclsyntax.TokenComma || t.Type == hclsyntax.TokenCQuote || t.Type == hclsyntax.TokenCBrack {
			before = 0
		}
	}
	return b.String()
}

// tight are the tokens that stand close to their neighbours.
var tight = map[hclsyntax.TokenType]bool{
	hclsyntax.TokenQuotedLit: true, hclsyntax.TokenStringLit: true, hclsyntax.TokenCQuote: true, hclsyntax.TokenComma: true,
	hclsyntax.TokenDot: true, hclsyntax.TokenOBrack: true, hclsyntax.TokenCBrack: true, hclsyntax.TokenTemplateInterp: true,
	hclsyntax.TokenTemplateSeqEnd: true,
}

// same compares code; space, comments and the order in an object do not matter.
func same(a, b hclwrite.Tokens) bool {
	return (a == nil) == (b == nil) && canonical(a) == canonical(b)
}

// canonical is plainText with the elements of objects in the order of the alphabet,
// and no comma behind the last of a list.
func canonical(tokens hclwrite.Tokens) string {
	e, ok := takeApart(tokens)
	if !ok {
		return plainText(tokens)
	}
	list := make([]string, len(e.items))
	for i, item := range e.items {
		list[i] = canonical(item.value)
		if tokens[0].Type == hclsyntax.TokenOBrace {
			list[i] = item.key + " = " + list[i]
		}
	}
	if tokens[0].Type == hclsyntax.TokenOBrace {
		slices.Sort(list)
	}
	return string(tokens[0].Bytes) + strings.Join(list, ", ") + string(tokens[len(tokens)-1].Bytes)
}

// comments are those that stand in a value, in their order.
func comments(tokens hclwrite.Tokens) string {
	var b strings.Builder
	for _, t := range tokens {
		if isComment(t) {
			b.WriteString(strings.TrimSpace(string(t.Bytes)) + "\n")
		}
	}
	return b.String()
}

// sameBlock compares blocks; nor does the order of what stands in them matter.
func sameBlock(a, b *hclwrite.Block) bool {
	return blockKey(a, 1) == blockKey(b, 1) && canonicalBody(a.Body()) == canonicalBody(b.Body())
}

// canonicalBody writes the attributes and blocks of a body in the order of the alphabet.
func canonicalBody(body *hclwrite.Body) string {
	var list []string
	for name := range body.Attributes() {
		list = append(list, name+" = "+canonical(value(body, name)))
	}
	for _, b := range body.Blocks() {
		list = append(list, blockKey(b, 1)+" {\n"+canonicalBody(b.Body())+"}\n")
	}
	slices.Sort(list)
	return strings.Join(list, "\n")
}

// item is an element of an object or a tuple.
type item struct {
	key   string          // of an object; a tuple's element is its own key
	lead  hclwrite.Tokens // comments and empty lines before it
	code  hclwrite.Tokens // the element
	value hclwrite.Tokens // what the key has; the element of a tuple
	trail hclwrite.Tokens // a comment behind it, on its line
}

// elements are the items of an object or a tuple, and what stands after the last.
type elements struct {
	items []item
	rest  hclwrite.Tokens
}

func (e elements) find(key string) (item, bool) {
	i := slices.IndexFunc(e.items, func(i item) bool { return i.key == key })
	if i < 0 {
		return item{}, false
	}
	return e.items[i], true
}

// collection merges an object or a tuple element by element; comments and empty
// lines stay.
func (m *merger) collection(place string, old, have, want hclwrite.Tokens) (hclwrite.Tokens, bool) {
	olds, ok1 := takeApart(old)
	haves, ok2 := takeApart(have)
	wants, ok3 := takeApart(want)
	if !ok1 || !ok2 || !ok3 || have[0].Type != want[0].Type {
		return nil, false
	}
	var merged []item
	for _, h := range haves.items {
		o, inOld := olds.find(h.key)
		w, inWant := wants.find(h.key)
		switch {
		case same(h.value, w.value) || same(o.value, w.value):
		case inWant:
			if value, ok := m.expression(below(place, h.key), o.value, h.value, w.value); ok {
				h.code = slices.Concat(h.code[:len(h.code)-len(h.value)], value)
			}
		case inOld && same(o.value, h.value):
			continue // taken out
		case inOld:
			m.conflict(below(place, h.key), plainText(h.value), "")
		}
		merged = append(merged, h)
	}
	at := 0 // where the next new one goes: behind the one before it
	for _, w := range wants.items {
		_, inOld := olds.find(w.key)
		_, inHave := haves.find(w.key)
		if !inHave && !inOld {
			merged = slices.Insert(merged, at, w)
		}
		if i := slices.IndexFunc(merged, func(i item) bool { return i.key == w.key }); i >= 0 {
			at = i + 1
		}
	}
	return assemble(have, elements{merged, haves.rest}), true
}

// opens and closes change how deep a token is.
var (
	opens = map[hclsyntax.TokenType]bool{
		hclsyntax.TokenOBrace: true, hclsyntax.TokenOBrack: true, hclsyntax.TokenOParen: true, hclsyntax.TokenTemplateInterp: true,
		hclsyntax.TokenTemplateControl: true, hclsyntax.TokenOHeredoc: true, hclsyntax.TokenOQuote: true,
	}
	closes = map[hclsyntax.TokenType]bool{
		hclsyntax.TokenCBrace: true, hclsyntax.TokenCBrack: true, hclsyntax.TokenCParen: true, hclsyntax.TokenTemplateSeqEnd: true,
		hclsyntax.TokenCHeredoc: true, hclsyntax.TokenCQuote: true,
	}
)

// takeApart returns the elements of an object or a tuple; false when it is neither,
// or made by a for expression, or when a comment stands within an element.
func takeApart(tokens hclwrite.Tokens) (elements, bool) {
	if len(tokens) < 2 || tokens[0].Type != hclsyntax.TokenOBrace && tokens[0].Type != hclsyntax.TokenOBrack {
		return elements{}, false
	}
	a := apart{object: tokens[0].Type == hclsyntax.TokenOBrace}
	inner := tokens[1 : len(tokens)-1]
	for i, t := range inner {
		if !a.take(t, inner[i+1:]) {
			return elements{}, false
		}
	}
	a.end()
	a.rest = a.current.lead
	for i := range a.items {
		if !a.items[i].name(a.object) {
			return elements{}, false
		}
	}
	return a.elements, true
}

// apart is a collection that is being taken apart.
type apart struct {
	elements
	object  bool
	current item
	depth   int  // of brackets
	behind  bool // a comma is behind the current item, and a comment on its line follows
	empty   bool // nothing stands on the line so far
}

// end closes the current item.
func (a *apart) end() {
	if len(a.current.code) > 0 {
		a.items = append(a.items, a.current)
		a.current, a.behind = item{}, false
	}
}

// take reads a token; false when the whole cannot be taken apart.
func (a *apart) take(t *hclwrite.Token, next hclwrite.Tokens) bool {
	if opens[t.Type] {
		a.depth++
	}
	if closes[t.Type] {
		a.depth--
	}
	empty := a.empty
	a.empty = false
	switch {
	case a.depth < 0: // the first bracket is closed before the last token
		return false
	case a.depth > 0 || closes[t.Type]:
		a.current.code = append(a.current.code, t)
	case t.Type == hclsyntax.TokenNewline:
		if a.empty = true; empty {
			a.current.lead = append(a.current.lead, t)
		}
		if a.object {
			a.end()
		}
	case isComment(t):
		return a.comment(t, next)
	case t.Type == hclsyntax.TokenComma:
		if a.behind = len(next) > 0 && isComment(next[0]); !a.behind {
			a.end()
		}
	default:
		a.current.code = append(a.current.code, t)
	}
	return true
}

// comment reads a comment, which holds the end of its line if it goes so far.
func (a *apart) comment(t *hclwrite.Token, next hclwrite.Tokens) bool {
	a.empty = endsLine(hclwrite.Tokens{t})
	if len(a.current.code) == 0 {
		a.current.lead = append(a.current.lead, t)
		return true
	}
	if !a.object && !a.behind && slices.ContainsFunc(next, func(t *hclwrite.Token) bool { return !isComment(t) && t.Type != hclsyntax.TokenNewline }) {
		return false
	}
	a.current.trail = append(a.current.trail, t)
	a.end()
	return true
}

func isComment(t *hclwrite.Token) bool { return t.Type == hclsyntax.TokenComment }

// name sets the key and the value; false when there is no plain key.
func (i *item) name(object bool) bool {
	if string(i.code[0].Bytes) == "for" && i.code[0].Type == hclsyntax.TokenIdent && (len(i.code) < 2 || i.code[1].Type != hclsyntax.TokenEqual) {
		return false
	}
	if !object {
		i.key, i.value = plainText(i.code), i.code
		return true
	}
	equal := slices.IndexFunc(i.code, func(t *hclwrite.Token) bool { return t.Type == hclsyntax.TokenEqual || t.Type == hclsyntax.TokenColon })
	if equal < 1 || equal > 3 {
		return false
	}
	i.key, i.value = strings.Trim(plainText(i.code[:equal]), `"`), i.code[equal+1:]
	return true
}

// assemble puts a collection together again, in the manner of the model: one
// element a line, unless it is a tuple on one line.
func assemble(model hclwrite.Tokens, e elements) hclwrite.Tokens {
	object := model[0].Type == hclsyntax.TokenOBrace
	lines := object || slices.ContainsFunc(model, func(t *hclwrite.Token) bool { return t.Type == hclsyntax.TokenNewline || endsLine(hclwrite.Tokens{t}) })
	comma := &hclwrite.Token{Type: hclsyntax.TokenComma, Bytes: []byte{','}}
	newline := &hclwrite.Token{Type: hclsyntax.TokenNewline, Bytes: []byte{'\n'}}
	tokens := hclwrite.Tokens{model[0]}
	if lines {
		tokens = append(tokens, newline)
	}
	for i, element := range e.items {
		tokens = append(append(tokens, element.lead...), element.code...)
		if !object && (lines || i < len(e.items)-1) {
			tokens = append(tokens, comma)
		}
		tokens = append(tokens, element.trail...)
		if lines && !endsLine(element.trail) {
			tokens = append(tokens, newline)
		}
	}
	return fresh(append(append(tokens, e.rest...), model[len(model)-1])...)
}

// fresh copies tokens: the formatter writes into them, and one may stand in several
// places.
func fresh(tokens ...*hclwrite.Token) hclwrite.Tokens {
	list := make(hclwrite.Tokens, len(tokens))
	for i, t := range tokens {
		copied := *t
		list[i] = &copied
	}
	return list
}

// endsLine reports whether the last token is a comment to the end of its line.
func endsLine(tokens hclwrite.Tokens) bool {
	return len(tokens) > 0 && strings.HasSuffix(string(tokens[len(tokens)-1].Bytes), "\n")
}

package blueprint

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

// item is an element of an object or a tuple.
type item struct {
	key   string          // of an object; a tuple's element is its own key
	lead  hclwrite.Tokens // comments before it
	code  hclwrite.Tokens // the element
	value hclwrite.Tokens // what the key has; the element of a tuple
	trail hclwrite.Tokens // a comment behind it, on its line
}

// elements are the items of an object or a tuple, and the comments after the last.
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

// collection merges an object or a tuple element by element; comments stay.
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
		case inWant && inOld && !same(o.value, w.value) && same(o.value, h.value):
			h.code = w.code
			merged = append(merged, h)
		case inWant && !same(h.value, w.value) && !(inOld && same(o.value, w.value)):
			m.conflict(below(place, h.key), plainText(h.value), plainText(w.value))
			merged = append(merged, h)
		case !inWant && inOld && same(o.value, h.value): // taken out
		case !inWant && inOld:
			m.conflict(below(place, h.key), plainText(h.value), "")
			merged = append(merged, h)
		default:
			merged = append(merged, h)
		}
	}
	for _, w := range wants.items {
		_, inOld := olds.find(w.key)
		if _, inHave := haves.find(w.key); !inHave && !inOld {
			merged = append(merged, w)
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
// or made by a for expression, or a tuple with comments.
func takeApart(tokens hclwrite.Tokens) (elements, bool) {
	if len(tokens) < 2 || tokens[0].Type != hclsyntax.TokenOBrace && tokens[0].Type != hclsyntax.TokenOBrack {
		return elements{}, false
	}
	object := tokens[0].Type == hclsyntax.TokenOBrace
	var e elements
	var current item
	depth := 0
	flush := func() {
		if len(current.code) > 0 {
			e.items = append(e.items, current)
			current = item{}
		}
	}
	for i, t := range tokens[1 : len(tokens)-1] {
		if opens[t.Type] {
			depth++
		}
		if closes[t.Type] {
			depth--
		}
		outside := depth == 0 && !closes[t.Type]
		switch {
		case t.Type == hclsyntax.TokenComment && !object:
			return elements{}, false
		case outside && t.Type == hclsyntax.TokenComment && len(current.code) == 0:
			current.lead = append(current.lead, t)
		case outside && t.Type == hclsyntax.TokenComment: // it holds the end of its line
			current.trail = append(current.trail, t)
			flush()
		case outside && t.Type == hclsyntax.TokenComma:
			// A comment behind the comma belongs to the element before it.
			if next := tokens[i+2]; next.Type == hclsyntax.TokenComment && object {
				continue
			}
			flush()
		case outside && t.Type == hclsyntax.TokenNewline:
			if object {
				flush()
			}
		default:
			current.code = append(current.code, t)
		}
	}
	flush()
	e.rest = current.lead
	for i := range e.items {
		if !e.items[i].name(object) {
			return elements{}, false
		}
	}
	return e, true
}

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
	lines := object || slices.ContainsFunc(model, func(t *hclwrite.Token) bool { return t.Type == hclsyntax.TokenNewline })
	comma := &hclwrite.Token{Type: hclsyntax.TokenComma, Bytes: []byte{','}}
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

// endsLine reports whether the last token is a comment to the end of its line.
func endsLine(tokens hclwrite.Tokens) bool {
	return len(tokens) > 0 && strings.HasSuffix(string(tokens[len(tokens)-1].Bytes), "\n")
}

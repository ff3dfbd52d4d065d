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

// item is an element of an object or a tuple, with the comments before it.
type item struct {
	key    string // of an object; a tuple's element is its own key
	tokens hclwrite.Tokens
	value  hclwrite.Tokens // what the key has; the element of a tuple
}

// collection merges an object or a tuple element by element.
func (m *merger) collection(place string, old, have, want hclwrite.Tokens) (hclwrite.Tokens, bool) {
	olds, ok1 := items(old)
	haves, ok2 := items(have)
	wants, ok3 := items(want)
	if !ok1 || !ok2 || !ok3 || have[0].Type != want[0].Type {
		return nil, false
	}
	find := func(list []item, key string) (item, bool) {
		i := slices.IndexFunc(list, func(i item) bool { return i.key == key })
		if i < 0 {
			return item{}, false
		}
		return list[i], true
	}
	var merged []item
	for _, h := range haves {
		o, inOld := find(olds, h.key)
		w, inWant := find(wants, h.key)
		switch {
		case inWant && inOld && !same(o.value, w.value) && same(o.value, h.value):
			merged = append(merged, w)
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
	for _, w := range wants {
		_, inOld := find(olds, w.key)
		if _, inHave := find(haves, w.key); !inHave && !inOld {
			merged = append(merged, w)
		}
	}
	return assemble(have, merged), true
}

// items takes an object or a tuple apart.
func items(tokens hclwrite.Tokens) ([]item, bool) {
	if len(tokens) < 2 || tokens[0].Type != hclsyntax.TokenOBrace && tokens[0].Type != hclsyntax.TokenOBrack {
		return nil, false
	}
	object := tokens[0].Type == hclsyntax.TokenOBrace
	var list []item
	var current hclwrite.Tokens
	depth := 0
	flush := func() {
		if code := slices.DeleteFunc(slices.Clone(current), func(t *hclwrite.Token) bool {
			return t.Type == hclsyntax.TokenComment || t.Type == hclsyntax.TokenNewline
		}); len(code) > 0 {
			list = append(list, newItem(object, current, code))
			current = nil
		}
	}
	for _, t := range tokens[1 : len(tokens)-1] {
		switch t.Type {
		case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl, hclsyntax.TokenOHeredoc, hclsyntax.TokenOQuote:
			depth++
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenTemplateSeqEnd, hclsyntax.TokenCHeredoc, hclsyntax.TokenCQuote:
			depth--
		}
		if depth == 0 && (t.Type == hclsyntax.TokenComma || t.Type == hclsyntax.TokenNewline) {
			flush()
			continue
		}
		current = append(current, t)
	}
	flush()
	for _, i := range list {
		if i.key == "" {
			return nil, false // a for expression, or a key that is computed
		}
	}
	return list, true
}

func newItem(object bool, tokens, code hclwrite.Tokens) item {
	if !object {
		return item{key: plainText(code), tokens: tokens, value: code}
	}
	equal := slices.IndexFunc(code, func(t *hclwrite.Token) bool { return t.Type == hclsyntax.TokenEqual || t.Type == hclsyntax.TokenColon })
	if equal < 1 || equal > 3 {
		return item{}
	}
	key := strings.Trim(plainText(code[:equal]), `"`)
	return item{key: key, tokens: tokens, value: code[equal+1:]}
}

// assemble puts a collection together again, in the manner of the model: one
// element a line unless that stands on one line.
func assemble(model hclwrite.Tokens, list []item) hclwrite.Tokens {
	lines := model[0].Type == hclsyntax.TokenOBrace || slices.ContainsFunc(model, func(t *hclwrite.Token) bool { return t.Type == hclsyntax.TokenNewline })
	newline := &hclwrite.Token{Type: hclsyntax.TokenNewline, Bytes: []byte{'\n'}}
	comma := &hclwrite.Token{Type: hclsyntax.TokenComma, Bytes: []byte{','}}
	tokens := hclwrite.Tokens{model[0]}
	if lines {
		tokens = append(tokens, newline)
	}
	for i, element := range list {
		tokens = append(tokens, element.tokens...)
		if model[0].Type == hclsyntax.TokenOBrack && (lines || i < len(list)-1) {
			tokens = append(tokens, comma)
		}
		if lines {
			tokens = append(tokens, newline)
		}
	}
	return append(tokens, model[len(model)-1])
}

package blueprint

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/aloft-dev/aloft"
)

// Conflict is a place where the user's file and the new blueprint want
// different things. The user's stays.
type Conflict struct {
	Place string `json:"place"`           // such as module.app_web.tier; "" = the file as a whole
	Yours string `json:"yours,omitempty"` // what stands there
	Ours  string `json:"ours,omitempty"`  // what the blueprint would write; "" = nothing
}

// MergeTerraform brings the difference between two renderings of a file into the
// user's version of it: blocks and attributes that the blueprint changed are
// changed, what the user changed stays, comments included. Where both changed
// the same, the user's stays and a Conflict tells of it. The error is
// CodeInvalid when the user's file cannot be parsed; it names the line. It is
// CodeConflict when the result could not be.
func MergeTerraform(name, base, yours, next string) (string, []Conflict, error) {
	m := merger{}
	var files [3]*hclwrite.File
	for i, source := range []string{base, yours, next} {
		file, diagnostics := hclwrite.ParseConfig([]byte(strings.TrimRight(source, "\n")+"\n"), name, hcl.InitialPos)
		if diagnostics.HasErrors() {
			return "", nil, aloft.Errorf(aloft.CodeInvalid, "cannot read %s: %w", name, diagnostics)
		}
		files[i] = file
	}
	m.body("", files[0].Body(), files[1].Body(), files[2].Body())
	if !m.changed {
		return yours, m.conflicts, nil
	}
	result := files[1].Bytes()
	if m.removed && !strings.Contains(yours, "\n\n\n") {
		result = squeeze(result)
	}
	result = hclwrite.Format(append(bytes.TrimRight(result, "\n"), '\n'))
	if _, diagnostics := hclsyntax.ParseConfig(result, name, hcl.InitialPos); diagnostics.HasErrors() {
		return "", nil, aloft.Errorf(aloft.CodeConflict, "cannot merge %s: there is no room for what is new in a block of yours", name).
			WithHint("nothing was changed; write blocks and comments that stand on one line on several")
	}
	return string(result), m.conflicts, nil
}

// squeeze leaves one empty line where a block was taken out; not in a file with
// texts of several lines.
func squeeze(text []byte) []byte {
	for !bytes.Contains(text, []byte("<<")) && bytes.Contains(text, []byte("\n\n\n")) {
		text = bytes.ReplaceAll(text, []byte("\n\n\n"), []byte("\n\n"))
	}
	return text
}

type merger struct {
	conflicts []Conflict
	changed   bool
	removed   bool // a block was taken out
}

func (m *merger) conflict(place, yours, ours string) {
	m.conflicts = append(m.conflicts, Conflict{place, yours, ours})
}

// body merges the attributes and blocks of three bodies into the second.
func (m *merger) body(place string, base, yours, next *hclwrite.Body) {
	m.attributes(place, base, yours, next)
	m.blocks(place, base, yours, next)
}

func below(place, name string) string {
	if place == "" {
		return name
	}
	return place + "." + name
}

func (m *merger) attributes(place string, base, yours, next *hclwrite.Body) {
	for _, name := range attributeNames(base, next) {
		old, have, want := value(base, name), value(yours, name), value(next, name)
		switch {
		case same(old, want) || same(have, want):
			continue
		case want == nil && same(old, have):
			yours.RemoveAttribute(name)
			m.changed = true
		case have == nil && old == nil:
			breakLine(yours)
			yours.SetAttributeRaw(name, want)
			m.changed = true
		default:
			if merged, ok := m.expression(below(place, name), old, have, want); ok {
				yours.SetAttributeRaw(name, merged)
				m.changed = true
			}
		}
	}
}

// breakLine makes room in a block that stands on one line, which holds one attribute
// at most.
func breakLine(body *hclwrite.Body) {
	if slices.ContainsFunc(body.BuildTokens(nil), func(t *hclwrite.Token) bool { return t.Type == hclsyntax.TokenNewline || isComment(t) }) {
		return
	}
	for name := range body.Attributes() {
		only := value(body, name)
		body.RemoveAttribute(name)
		body.AppendNewline()
		body.SetAttributeRaw(name, only)
		return
	}
	body.AppendNewline()
}

// expression merges a value that the blueprint changed. False: the user's stays,
// and a conflict tells of it.
func (m *merger) expression(place string, old, have, want hclwrite.Tokens) (hclwrite.Tokens, bool) {
	if same(old, have) && !slices.ContainsFunc(have, isComment) {
		return want, true
	}
	if merged, ok := m.collection(place, old, have, want); ok {
		return merged, true
	}
	m.conflict(place, plainText(have), plainText(want))
	return nil, false
}

// attributeNames lists the attributes of both, those of the second in its order.
func attributeNames(base, next *hclwrite.Body) []string {
	names := ordered(next)
	for _, name := range ordered(base) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// ordered lists a body's attributes as they stand.
func ordered(body *hclwrite.Body) []string {
	var names []string
	attributes := body.Attributes()
	tokens := body.BuildTokens(nil)
	for name := range attributes {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		return position(tokens, a) - position(tokens, b)
	})
	return names
}

func position(tokens hclwrite.Tokens, name string) int {
	return slices.IndexFunc(tokens, func(t *hclwrite.Token) bool { return string(t.Bytes) == name })
}

func value(body *hclwrite.Body, name string) hclwrite.Tokens {
	if attribute := body.GetAttribute(name); attribute != nil {
		return attribute.Expr().BuildTokens(nil)
	}
	return nil
}

// blocksByKey names the blocks of a body by their types and labels. Of several that
// have the same, each is named as the one in like that it is, or else resembles
// most; the others are told apart by numbers.
func blocksByKey(body *hclwrite.Body, like map[string]*hclwrite.Block) (map[string]*hclwrite.Block, []string) {
	twins := map[string][]*hclwrite.Block{}
	for _, b := range body.Blocks() {
		key := blockKey(b, 1)
		twins[key] = append(twins[key], b)
	}
	found, keys := map[string]*hclwrite.Block{}, map[*hclwrite.Block]string{}
	for _, rest := range twins {
		take := func(key string, i int) {
			found[key], keys[rest[i]] = rest[i], key
			rest = slices.Delete(rest, i, i+1)
		}
		first := rest[0]
		for n := 1; len(rest) > 0 && like[blockKey(first, n)] != nil; n++ {
			key := blockKey(first, n)
			if i := slices.IndexFunc(rest, func(b *hclwrite.Block) bool { return same(code(b), code(like[key])) }); i >= 0 {
				take(key, i)
			}
		}
		for n := 1; len(rest) > 0; n++ {
			if key := blockKey(first, n); found[key] == nil {
				take(key, nearest(rest, like[key]))
			}
		}
	}
	var order []string
	for _, b := range body.Blocks() {
		order = append(order, keys[b])
	}
	return found, order
}

// unnamed are blocks that are many, and are what stands in them.
var unnamed = []string{"moved", "import", "removed"}

// blockKey is the name of the n-th block of a type and labels.
func blockKey(b *hclwrite.Block, n int) string {
	key := strings.Join(append([]string{b.Type()}, b.Labels()...), ".")
	if slices.Contains(unnamed, key) {
		key = plainText(code(b))
	}
	if n > 1 {
		key += fmt.Sprintf("#%d", n)
	}
	return key
}

// nearest returns the index of the block that has the most attributes of another
// one, if there is another one.
func nearest(list []*hclwrite.Block, like *hclwrite.Block) int {
	best, most := 0, 0
	for i, b := range list {
		if n := shared(b, like); n > most {
			best, most = i, n
		}
	}
	return best
}

// shared counts the attributes that are the same in both.
func shared(a, b *hclwrite.Block) int {
	if b == nil {
		return 0
	}
	n := 0
	for name := range b.Body().Attributes() {
		if same(value(a.Body(), name), value(b.Body(), name)) {
			n++
		}
	}
	return n
}

func (m *merger) blocks(place string, base, yours, next *hclwrite.Body) {
	old, oldKeys := blocksByKey(base, nil)
	have, _ := blocksByKey(yours, old)
	want, wantKeys := blocksByKey(next, old)
	for _, key := range oldKeys {
		b, there := have[key]
		if want[key] != nil || !there {
			continue
		}
		if !same(code(b), code(old[key])) {
			m.conflict(below(place, key), "edited", "")
			continue
		}
		yours.RemoveBlock(b)
		m.changed, m.removed = true, true
	}
	for _, key := range wantKeys {
		b, there := have[key]
		switch {
		case there && old[key] != nil:
			m.body(below(place, key), old[key].Body(), b.Body(), want[key].Body())
		case there:
			if !same(code(b), code(want[key])) {
				m.conflict(below(place, key), "a block of yours", plainText(code(want[key])))
			}
		case old[key] != nil: // the user took it out: it stays out
			if !same(code(old[key]), code(want[key])) {
				m.conflict(below(place, key), "", plainText(code(want[key])))
			}
		default:
			breakLine(yours)
			yours.AppendNewline()
			yours.AppendBlock(want[key])
			m.changed = true
		}
	}
}

func code(b *hclwrite.Block) hclwrite.Tokens { return b.BuildTokens(nil) }

// same compares code; space and comments do not matter.
func same(a, b hclwrite.Tokens) bool {
	if (a == nil) != (b == nil) {
		return false
	}
	return plainText(a) == plainText(b)
}

// Package merge brings the difference between two renderings of Terraform into files
// that were edited: three editions of each block are compared, what the newer one
// changed is changed where it stands, and what the user changed stays, comments
// included. The outcome is judged by what an engine would refuse before anybody
// writes it.
//
// merge.go, blocks.go and tokens.go merge bodies, blocks and values; folder.go does
// a folder, tree.go all folders of a repository, and outcome.go looks at the result.
// The package knows Terraform, not what was rendered or why, reads and writes no
// file, and imports the root package only.
package merge

import (
	"slices"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
)

// Conflict is a place where the user's file and the new rendering want
// different things. The user's stays.
type Conflict struct {
	Place string `json:"place"`           // such as module.app_web.tier; "" = the file as a whole
	Yours string `json:"yours,omitempty"` // what stands there
	Ours  string `json:"ours,omitempty"`  // what would be written; "" = nothing
	Diff  string `json:"diff,omitempty"`  // of the file as a whole: from yours to ours, unified
	Lacks string `json:"lacks,omitempty"` // what was written refers to it, and it is not there: something of yours is in its place
}

// merger merges the bodies of one folder.
type merger struct {
	*sheet                    // of the file that is merged now
	sheets  map[string]*sheet // by path
	guessed bool              // what is not among yours was not taken out: it is new
	blocked []Blocked
}

// sheet is what became of a file of yours.
type sheet struct {
	there     bool // before
	changed   bool
	removed   bool // a block was taken out
	conflicts []Conflict
}

func (m *merger) conflict(place, yours, ours string) {
	m.conflicts = append(m.conflicts, Conflict{Place: place, Yours: yours, Ours: ours})
}

// body merges the attributes and blocks of three bodies into the second.
func (m *merger) body(place string, base, yours, next *hclwrite.Body) {
	m.attributes(place, base, yours, next)
	m.blocks(place, []*part{{body: base, guessed: m.guessed}}, []*part{{body: yours}}, []*part{{body: next}})
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
		fresh := have == nil && (old == nil || m.guessed)
		switch {
		case same(have, want), same(old, want) && !fresh:
			continue
		case want == nil && same(old, have):
			yours.RemoveAttribute(name)
			m.changed = true
		case want != nil && fresh:
			breakLine(yours)
			yours.SetAttributeRaw(name, want)
			m.changed = true
		default:
			if want == nil && have != nil && have[0].Type == hclsyntax.TokenOBrace { // what is the user's of it stays
				want = hclwrite.TokensForObject(nil)
			}
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

// expression merges a value that the new rendering changed. False: the user's stays,
// and a conflict tells of it.
func (m *merger) expression(place string, old, have, want hclwrite.Tokens) (hclwrite.Tokens, bool) {
	if same(old, have) && comments(old) == comments(have) {
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

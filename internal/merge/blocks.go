package merge

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclwrite"
)

// part is one of the bodies that are merged as if they were one: a file of a
// folder, or a block.
type part struct {
	file    string // its path; "" = a block
	body    *hclwrite.Body
	guessed bool // of the base: what of it is not among yours is new
	edited  bool // of yours: it is not as it was written
}

// placed is a block, and the part that it stands in.
type placed struct {
	*part
	block *hclwrite.Block
}

func (p placed) there() bool { return p.block != nil }

// blocksByKey names the blocks of parts by their types and labels. Of several that
// have the same, each is named as the one in like that it is, or else resembles
// most; the others are told apart by numbers.
func blocksByKey(parts []*part, like map[string]placed) (map[string]placed, []string) {
	var all []placed
	twins := map[string][]placed{}
	for _, p := range parts {
		for _, b := range p.body.Blocks() {
			all = append(all, placed{p, b})
			twins[blockKey(b, 1)] = append(twins[blockKey(b, 1)], placed{p, b})
		}
	}
	found, keys := map[string]placed{}, map[*hclwrite.Block]string{}
	for _, rest := range twins {
		take := func(key string, i int) {
			found[key], keys[rest[i].block] = rest[i], key
			rest = slices.Delete(rest, i, i+1)
		}
		first := rest[0].block
		for n := 1; len(rest) > 0 && like[blockKey(first, n)].there(); n++ {
			key := blockKey(first, n)
			if i := slices.IndexFunc(rest, func(b placed) bool { return sameBlock(b.block, like[key].block) }); i >= 0 {
				take(key, i)
			}
		}
		for n := 1; len(rest) > 0; n++ {
			key := blockKey(first, n)
			if found[key].there() {
				continue
			}
			if i := nearest(rest, like[key]); i >= 0 {
				take(key, i)
			}
		}
	}
	var order []string
	for _, b := range all {
		order = append(order, keys[b.block])
	}
	return found, order
}

var (
	// unnamed are blocks that are many, and are what stands in them.
	unnamed = []string{"moved", "import", "removed"}
	// several are blocks that a folder may have more than one of under the same name.
	several = []string{"locals", "terraform", "provider"}
)

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

// nearest returns the index of the block that has the most of another one, which
// need not be there. -1: in another file, with nothing of it, none of them is that
// one.
func nearest(list []placed, like placed) int {
	if !like.there() {
		return 0
	}
	best, most := -1, -1
	if slices.Contains(several, like.block.Type()) {
		most = 0
	}
	for i, b := range list {
		n := 2 * shared(b.block.Body(), like.block.Body())
		if b.file == like.file {
			n++
		}
		if n > most {
			best, most = i, n
		}
	}
	return best
}

// shared counts the attributes that are the same in both, and the blocks that both
// have.
func shared(a, b *hclwrite.Body) int {
	n := 0
	for name := range b.Attributes() {
		if same(value(a, name), value(b, name)) {
			n++
		}
	}
	for _, nested := range b.Blocks() {
		if a.FirstMatchingBlock(nested.Type(), nested.Labels()) != nil {
			n++
		}
	}
	return n
}

func (m *merger) blocks(place string, base, yours, next []*part) {
	old, oldKeys := blocksByKey(base, nil)
	have, _ := blocksByKey(yours, old)
	want, wantKeys := blocksByKey(next, old)
	for _, key := range oldKeys {
		b := have[key]
		if want[key].there() || !b.there() {
			continue
		}
		m.enter(b.file)
		if sameBlock(b.block, old[key].block) {
			m.remove(b)
			continue
		}
		m.conflict(m.name(place, key), "edited", "")
		m.block(place, b, true)
	}
	for _, key := range wantKeys {
		b, o, w := have[key], old[key], want[key]
		switch {
		case !b.there() && (!o.there() || o.guessed), !o.there() && w.block.Type() == "locals":
			m.add(yours, w)
		case !b.there(): // the user took it out: it stays out
			if m.enter(w.file); m.there && !sameBlock(o.block, w.block) {
				m.conflict(m.name(place, key), "", plainText(code(w.block)))
			}
		case !o.there():
			if m.enter(b.file); !sameBlock(b.block, w.block) {
				m.conflict(m.name(place, key), "a block of yours", plainText(code(w.block)))
				m.block(place, b, false)
			}
		case w.file != o.file && b.file == o.file && !b.edited: // the new rendering has it elsewhere
			m.enter(b.file)
			m.remove(b)
			m.add(yours, w)
		default:
			m.merge(m.name(place, key), o, b, w)
		}
	}
}

// merge merges a block that all have.
func (m *merger) merge(place string, old, have, want placed) {
	m.enter(have.file)
	before := m.guessed
	m.guessed = old.guessed
	m.body(place, old.block.Body(), have.block.Body(), want.block.Body())
	m.guessed = before
}

// enter goes to the sheet of a file; within a block it stays where it is.
func (m *merger) enter(file string) {
	if file != "" {
		m.sheet = m.sheets[file]
	}
}

// name names a block for people, who know in which file it is.
func (m *merger) name(place, key string) string {
	if place == "" {
		key, _, _ = strings.Cut(key, "#")
	}
	return below(place, key)
}

// block notes a block of a file that is in the way.
func (m *merger) block(place string, b placed, kept bool) {
	if place == "" {
		m.blocked = append(m.blocked, Blocked{b.file, blockKey(b.block, 1), kept})
	}
}

func (m *merger) remove(b placed) {
	b.body.RemoveBlock(b.block)
	m.changed, m.removed = true, true
}

// add adds a block to the part that is to have it.
func (m *merger) add(yours []*part, b placed) {
	m.enter(b.file)
	i := slices.IndexFunc(yours, func(p *part) bool { return p.file == b.file })
	body := yours[i].body
	if b.file == "" || m.there || m.changed {
		breakLine(body)
		body.AppendNewline()
	}
	body.AppendBlock(b.block)
	m.changed = true
}

func code(b *hclwrite.Block) hclwrite.Tokens { return b.BuildTokens(nil) }

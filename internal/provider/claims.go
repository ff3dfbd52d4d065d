package provider

import (
	"strings"

	"github.com/aloft-dev/aloft"
)

// claims are what an engine plans for one identity. It plans everything once more
// when it applies, on other lines: what is planned twice is counted on each.
type claims struct {
	created, imported map[*line]int
	deleted, kept     creations
	replaced          string // creation in whose place one of the same identity comes; "" = none
}

// note notes a change after which the resource is there.
func (c *claims) note(of change) {
	switch {
	case of.before == "":
		c.created[of.line]++
		// Its creation tells a resource that is replaced: it was planned once before,
		// as one that stays.
		if of.creation != "" && c.kept.remove(of.creation) {
			c.replaced = of.creation
		}
	case of.imported:
		c.imported[of.line]++
	default:
		c.kept.add(of.creation)
	}
}

// unnamed is what an engine plans for a kind of resources, some of whose names are
// known only while the plan is applied: such a one may be what another destroys.
type unnamed struct{ created, deleted bool }

func (u *unnamed) note(of change, deletes bool) error {
	u.created = u.created || !deletes && of.before == ""
	u.deleted = u.deleted || deletes
	if !u.created || !u.deleted {
		return nil
	}
	return conflict(identity{kind: of.kind}, "the plan destroys an {kind}, and makes one whose name is known only after that: it could be the same",
		"do it with two pushes, or write the name out")
}

// creations are how often each one was noted.
type creations map[string]int

func (c creations) add(creation string) { c[named(creation)]++ }

// remove takes one back, and reports whether there was one.
func (c creations) remove(creation string) bool {
	name := named(creation)
	if c[name] == 0 {
		return false
	}
	if c[name]--; c[name] == 0 {
		delete(c, name)
	}
	return true
}

func (c creations) meet(other creations) bool {
	for creation := range c {
		if other[creation] > 0 {
			return true
		}
	}
	return false
}

func named(creation string) string {
	if creation == "" {
		return aloft.FirstCreation
	}
	return creation
}

func twice(counts map[*line]int) bool {
	for _, n := range counts {
		if n > 1 {
			return true
		}
	}
	return false
}

// conflict returns why the claims cannot be together: nil = they can.
func (c *claims) conflict(it identity) error {
	creates, imports := len(c.created) > 0, len(c.imported) > 0
	switch {
	case twice(c.imported) || imports && len(c.kept)+len(c.deleted) > 0:
		return conflict(it, "the {kind} {id} is to be imported, but another resource has it, and only one can have it",
			"take the import out; if the address has changed, say so with a block `moved` instead: from = {kind}.OLD, to = {kind}.NEW")
	case creates && len(c.deleted) > 0:
		return conflict(it, "the {kind} {id} would be destroyed at one address and made anew at another, without what is in it",
			"if its address has changed (label, module, place in a list), say so with a block `moved`: from = {kind}.OLD, to = {kind}.NEW; "+
				"the places of a list move with `count`: `for_each` over the names keeps them; "+
				"to begin anew on purpose, take it out with one push and put it in with the next")
	case creates && (imports || len(c.kept) > 0):
		return conflict(it, "the {kind} {id} exists already: another resource has it, and only one can have it",
			"give the new one another name, or take it out; if it is to be in the place of the other, take that out and say so with a block `moved`: from = {kind}.OLD, to = {kind}.NEW")
	case twice(c.created):
		return conflict(it, "more than one resource of this configuration claims the {kind} {id}, and only one can have it",
			"give the others another name, or take them out")
	case c.deleted.meet(c.kept):
		return conflict(it, "the {kind} {id} would be destroyed at one address, and another resource has it: the state knows it twice",
			"let the state forget the address that goes, then push again: `aloft terraform ENVIRONMENT -- state rm {kind}.LABEL`")
	}
	return nil
}

// tooEarly is the conflict of a resource with itself.
func tooEarly(it identity) error {
	return conflict(it, "the {kind} {id} is to be replaced, and its `create_before_destroy` makes the new one while the old one has the name",
		"take `create_before_destroy` out of its `lifecycle`, and out of that of what depends on it, or give it another name")
}

// conflict makes an error of texts about an identity.
func conflict(it identity, text, hint string) error {
	fill := strings.NewReplacer("{kind}", it.kind, "{id}", it.id).Replace
	return aloft.Errorf(aloft.CodeConflict, "%s", fill(text)).WithHint("%s", fill(hint))
}

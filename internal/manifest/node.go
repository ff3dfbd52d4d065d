package manifest

import (
	"cmp"
	"slices"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// maxHops bounds a chain of aliases, which may lead to itself.
const maxHops = 10

// resolve follows anchors, aliases and tags to the value itself.
func (d *decoder) resolve(node ast.Node) ast.Node {
	for range maxHops {
		switch n := node.(type) {
		case *ast.AnchorNode:
			node = n.Value
		case *ast.TagNode:
			node = n.Value
		case *ast.AliasNode:
			target, ok := d.anchors[aliasName(n)]
			if !ok {
				d.fail(positionOf(n.GetToken()), "there is no anchor &%s", aliasName(n))
				return ast.Null(n.GetToken())
			}
			node = target
		default:
			return node
		}
	}
	d.fail(positionOf(node.GetToken()), "this alias leads to itself")
	return ast.Null(node.GetToken())
}

func aliasName(n *ast.AliasNode) string {
	if n.Value == nil {
		return ""
	}
	return n.Value.GetToken().Value
}

// pair is an entry of a mapping.
type pair struct {
	key   string
	path  string
	value ast.Node
}

// pairs returns the entries of a mapping, those of merged ones last. Null is an
// empty mapping; of a key that stands twice the first counts.
func (d *decoder) pairs(node ast.Node, at string) []pair {
	var pairs, merged []pair
	seen := map[string]bool{}
	for _, entry := range d.entries(node, at) {
		if entry.Key.IsMergeKey() {
			merged = append(merged, d.merged(entry.Value, at)...)
			continue
		}
		key, ok := scalar(d.resolve(entry.Key))
		where := positionOf(entry.Key.GetToken())
		if !ok {
			d.fail(where, "a key must be plain text")
			continue
		}
		place := key
		if at != "" {
			place = at + "." + key
		}
		if seen[key] {
			d.fail(where, "key %q stands twice, first in line %d", key, d.keys[place].line)
			continue
		}
		seen[key] = true
		d.keys[place] = where
		pairs = append(pairs, pair{key, place, entry.Value})
	}
	for _, p := range merged {
		if !seen[p.key] {
			seen[p.key] = true
			pairs = append(pairs, p)
		}
	}
	return pairs
}

// merged returns the entries of the mapping, or list of mappings, after "<<:".
func (d *decoder) merged(node ast.Node, at string) []pair {
	node = d.resolve(node)
	list, ok := node.(*ast.SequenceNode)
	if !ok {
		return d.mergedOne(node, at)
	}
	var pairs []pair
	for _, value := range list.Values {
		pairs = append(pairs, d.mergedOne(d.resolve(value), at)...)
	}
	return pairs
}

func (d *decoder) mergedOne(node ast.Node, at string) []pair {
	var pairs []pair
	for _, entry := range d.entries(node, at) {
		key, ok := scalar(d.resolve(entry.Key))
		if !ok || entry.Key.IsMergeKey() {
			d.fail(positionOf(entry.Key.GetToken()), "a merged mapping may not merge another one")
			continue
		}
		place := key
		if at != "" {
			place = at + "." + key
		}
		if _, known := d.keys[place]; !known {
			d.keys[place] = positionOf(entry.Key.GetToken())
		}
		pairs = append(pairs, pair{key, place, entry.Value})
	}
	return pairs
}

func (d *decoder) entries(node ast.Node, at string) []*ast.MappingValueNode {
	switch n := node.(type) {
	case *ast.MappingNode:
		return n.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}
	case *ast.NullNode:
		return nil
	}
	d.wrongKind(node, at, "keys with values (key: value)")
	return nil
}

// scalar returns the text of a plain value as it is written: 3.10 stays 3.10.
func scalar(node ast.Node) (string, bool) {
	switch n := node.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	}
	return "", false
}

func (d *decoder) text(node ast.Node, at string) string {
	text, ok := scalar(node)
	if !ok {
		d.wrongKind(node, at, "text")
	}
	return text
}

func (d *decoder) ttl(node ast.Node, at string, target *TTL) {
	target.Set = true
	if text, ok := scalar(node); ok && text == "never" {
		return
	}
	target.Duration = d.duration(node, at)
}

func (d *decoder) duration(node ast.Node, at string) time.Duration {
	text, ok := scalar(node)
	if !ok {
		d.wrongKind(node, at, "a duration such as 72h")
		return 0
	}
	duration, err := time.ParseDuration(text)
	if err != nil || duration <= 0 {
		d.fail(positionOf(node.GetToken()), "%s: %q is not a duration: write %s", at, text, nearestDuration(text))
	}
	return duration
}

func (d *decoder) wrongKind(node ast.Node, at, want string) {
	where := positionOf(node.GetToken())
	subject := at
	if at == "" {
		subject = "the manifest"
	}
	if node.Type() == ast.NullType {
		d.fail(where, "%s has no value: it takes %s", subject, want)
		return
	}
	d.fail(where, "%s takes %s, here is %s", subject, want, kindOf(node))
}

func kindOf(node ast.Node) string {
	switch node.Type() {
	case ast.MappingType, ast.MappingValueType:
		return "a mapping"
	case ast.SequenceType:
		return "a list"
	case ast.BoolType:
		return "a yes-or-no value"
	case ast.IntegerType, ast.FloatType:
		return "a number"
	}
	return "text"
}

func sortProblems(problems []problem) {
	slices.SortStableFunc(problems, func(a, b problem) int {
		return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.column, b.column))
	})
}

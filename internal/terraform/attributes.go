package terraform

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/aloft-dev/aloft"
)

var plainKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// comparison walks the two sides of a change at once.
type comparison struct {
	hidden  secrets
	creates bool // there is nothing before
	forces  []string
	found   []aloft.AttributeChange
}

// sides are the same place in the trees of a change.
type sides struct {
	before, after, unknown, hideBefore, hideAfter any
}

func (s sides) at(step any) sides {
	return sides{
		child(s.before, step), child(s.after, step), child(s.unknown, step),
		child(s.hideBefore, step), child(s.hideAfter, step),
	}
}

// attributes returns what changes inside a resource, by path.
func attributes(c *tfjson.Change, hidden secrets) []aloft.AttributeChange {
	cmp := comparison{hidden: hidden, creates: c.Before == nil}
	for _, path := range c.ReplacePaths {
		if path, ok := path.([]any); ok {
			cmp.forces = append(cmp.forces, pathText(path))
		}
	}
	cmp.walk("", sides{c.Before, c.After, c.AfterUnknown, c.BeforeSensitive, c.AfterSensitive})
	return cmp.found
}

func (c *comparison) walk(path string, s sides) {
	switch {
	case s.unknown == true:
		c.add(path, c.text(s.before, marked(s.hideBefore) || marked(s.hideAfter)), unknown)
	case s.hideBefore == true || s.hideAfter == true:
		if !reflect.DeepEqual(s.before, s.after) {
			c.add(path, c.text(s.before, true), c.text(s.after, true))
		}
	case branches(s.before, s.after, s.unknown):
		for _, step := range steps(s.before, s.after, s.unknown) {
			c.walk(join(path, step), s.at(step))
		}
	case !reflect.DeepEqual(s.before, s.after):
		c.add(path, c.text(s.before, marked(s.hideBefore)), c.text(s.after, marked(s.hideAfter)))
	}
}

func (c *comparison) add(path, before, after string) {
	if c.creates {
		before = ""
	}
	c.found = append(c.found, aloft.AttributeChange{
		Path: c.hidden.scrub(path), Before: before, After: after,
		ForcesAction: slices.ContainsFunc(c.forces, func(force string) bool { return inside(path, force) || inside(force, path) }),
	})
}

// text writes a value as Terraform would, or its mask.
func (c *comparison) text(value any, hidden bool) string {
	if hidden && value != nil {
		return masked
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(c.scrubbed(value)); err != nil {
		return "(not readable)"
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// scrubbed returns value with the secrets in its texts masked.
func (c *comparison) scrubbed(value any) any {
	switch value := value.(type) {
	case string:
		return c.hidden.scrub(value)
	case json.Number:
		if slices.Contains(c.hidden, value.String()) {
			return masked
		}
	case []any:
		list := make([]any, len(value))
		for i := range value {
			list[i] = c.scrubbed(value[i])
		}
		return list
	case map[string]any:
		tree := make(map[string]any, len(value))
		for key := range value {
			tree[c.hidden.scrub(key)] = c.scrubbed(value[key])
		}
		return tree
	}
	return value
}

// marked reports whether a tree of marks hides anything.
func marked(marks any) bool {
	if marks == true {
		return true
	}
	return slices.ContainsFunc(steps(marks), func(step any) bool { return marked(child(marks, step)) })
}

// branches reports whether the values are to be compared part by part: none is
// a plain value, and at least one has parts.
func branches(values ...any) bool {
	parts := false
	for _, value := range values[:2] {
		switch value := value.(type) {
		case []any:
			parts = parts || len(value) > 0
		case map[string]any:
			parts = parts || len(value) > 0
		case nil:
		default:
			return false
		}
	}
	return parts || len(steps(values[2])) > 0
}

// steps returns the keys or the indexes that lead into any of the values, in order.
func steps(values ...any) []any {
	keys, length := map[string]bool{}, 0
	for _, value := range values {
		switch value := value.(type) {
		case map[string]any:
			for key := range value {
				keys[key] = true
			}
		case []any:
			length = max(length, len(value))
		}
	}
	var list []any
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		list = append(list, key)
	}
	for i := range length {
		list = append(list, i)
	}
	return list
}

// child returns the part of value that step leads to, or nil.
func child(value, step any) any {
	switch value := value.(type) {
	case map[string]any:
		if key, ok := step.(string); ok {
			return value[key]
		}
	case []any:
		if i, ok := step.(int); ok && i < len(value) {
			return value[i]
		}
	}
	return nil
}

// join extends a path by a step, as in tags.name, list[0] and map["a b"].
func join(path string, step any) string {
	key, ok := step.(string)
	switch {
	case !ok:
		return fmt.Sprintf("%s[%v]", path, step)
	case !plainKey.MatchString(key):
		return fmt.Sprintf("%s[%q]", path, key)
	case path == "":
		return key
	}
	return path + "." + key
}

func pathText(steps []any) string {
	path := ""
	for _, step := range steps {
		path = join(path, step)
	}
	return path
}

// inside reports whether the path inner is outer or leads on from it.
func inside(inner, outer string) bool {
	rest, ok := strings.CutPrefix(inner, outer)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

package manifest

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/aloft-dev/aloft"
)

// Limits of a manifest, far beyond what anybody writes: with more, the YAML
// parser takes seconds.
const (
	maxSize    = 32 << 10 // bytes
	maxNesting = 100      // brackets open at the same time
)

// Parse reads a manifest. The error of an invalid one is CodeInvalid and lists
// every problem that was found, one a line, as "name:line:column: problem".
func Parse(name string, data []byte) (Manifest, error) {
	m := Manifest{name: name, lines: map[string]int{}}
	d := &decoder{keys: map[string]position{}, values: map[string]position{}, anchors: map[string]ast.Node{}}
	if body := d.parse(data); body != nil {
		d.decode(body, "", reflect.ValueOf(&m).Elem())
		d.check(m)
	}
	if len(d.problems) > 0 {
		return Manifest{}, d.failure(name)
	}
	for key, at := range d.keys {
		m.lines[key] = at.line
	}
	return m, nil
}

// parse returns the body of the only document, or nil when there is none.
func (d *decoder) parse(data []byte) ast.Node {
	if len(data) > maxSize {
		d.fail(position{1, 1}, "the file has %d bytes, more than the %d a manifest may have", len(data), maxSize)
		return nil
	}
	if at, deep := tooDeep(data); deep {
		d.fail(at, "more than %d brackets are open here", maxNesting)
		return nil
	}
	file, err := parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		at, message := position{1, 1}, err.Error()
		var syntax *yaml.SyntaxError
		if errors.As(err, &syntax) {
			at, message = positionOf(syntax.GetToken()), syntax.GetMessage()
		}
		d.fail(at, "this is not valid YAML: %s", message)
		return nil
	}
	var body ast.Node
	for _, document := range file.Docs {
		switch {
		case document.Body == nil || document.Body.Type() == ast.CommentType || document.Body.Type() == ast.NullType:
		case body == nil:
			body = document.Body
		default:
			d.fail(positionOf(document.Body.GetToken()), "a second document begins here, a manifest is one")
		}
	}
	if body != nil {
		ast.Walk(anchorFinder(d.anchors), body)
	}
	return body
}

// tooDeep looks for the bracket that nests too deeply. It counts those in texts
// as well, which is no matter at that depth.
func tooDeep(data []byte) (position, bool) {
	at, open := position{1, 0}, 0
	for _, c := range data {
		at.column++
		switch c {
		case '\n':
			at = position{at.line + 1, 0}
		case '[', '{':
			open++
		case ']', '}':
			open = max(0, open-1)
		}
		if open > maxNesting {
			return at, true
		}
	}
	return position{}, false
}

// anchorFinder collects the nodes that aliases may refer to.
type anchorFinder map[string]ast.Node

// Visit implements ast.Visitor.
func (f anchorFinder) Visit(node ast.Node) ast.Visitor {
	if anchor, ok := node.(*ast.AnchorNode); ok && anchor.Name != nil {
		f[anchor.Name.GetToken().Value] = anchor.Value
	}
	return f
}

// decoder lays a YAML tree into Go values and collects the problems it meets.
// Paths are the keys on the way, joined by dots.
type decoder struct {
	keys     map[string]position // of the key at a path
	values   map[string]position // of the value at a path
	anchors  map[string]ast.Node
	problems []problem
}

type position struct{ line, column int }

type problem struct {
	position
	text string
}

func positionOf(t *token.Token) position {
	if t == nil || t.Position == nil {
		return position{1, 1}
	}
	return position{t.Position.Line, t.Position.Column}
}

// fail reports a problem; of several at one place the first tells the most.
func (d *decoder) fail(at position, format string, args ...any) {
	for _, p := range d.problems {
		if p.position == at {
			return
		}
	}
	d.problems = append(d.problems, problem{at, fmt.Sprintf(format, args...)})
}

// failure reports all problems in the order of the file.
func (d *decoder) failure(name string) error {
	sortProblems(d.problems)
	lines := make([]string, 0, len(d.problems))
	for _, p := range d.problems {
		lines = append(lines, fmt.Sprintf("%s:%d:%d: %s", name, p.line, p.column, p.text))
	}
	return aloft.Errorf(aloft.CodeInvalid, "%s", strings.Join(lines, "\n")).
		WithHint("correct %s and push again; the manifest reference describes every key", name)
}

var (
	ttlType      = reflect.TypeFor[TTL]()
	healthType   = reflect.TypeFor[Health]()
	durationType = reflect.TypeFor[time.Duration]()
)

func (d *decoder) decode(node ast.Node, at string, target reflect.Value) {
	node = d.resolve(node)
	d.values[at] = positionOf(node.GetToken())
	switch target.Type() {
	case ttlType:
		d.ttl(node, at, target.Addr().Interface().(*TTL))
		return
	case durationType:
		*target.Addr().Interface().(*time.Duration) = d.duration(node, at)
		return
	case healthType:
		if text, ok := scalar(node); ok {
			target.Addr().Interface().(*Health).Path = text
			return
		}
	}
	switch target.Kind() {
	case reflect.Struct:
		d.object(node, at, target)
	case reflect.Map:
		d.table(node, at, target)
	case reflect.Slice:
		d.list(node, at, target)
	case reflect.Pointer:
		target.Set(reflect.New(target.Type().Elem()))
		d.decode(node, at, target.Elem())
	case reflect.Bool:
		if flag, ok := node.(*ast.BoolNode); ok {
			target.SetBool(flag.Value)
			return
		}
		d.wrongKind(node, at, "true or false")
	default:
		target.SetString(d.text(node, at))
	}
}

func (d *decoder) object(node ast.Node, at string, target reflect.Value) {
	fields := map[string]reflect.Value{}
	for i := range target.NumField() {
		if key := target.Type().Field(i).Tag.Get("yaml"); key != "" {
			fields[key] = target.Field(i)
		}
	}
	for _, pair := range d.pairs(node, at) {
		field, ok := fields[pair.key]
		if !ok {
			d.fail(d.keys[pair.path], "unknown key %q%s", pair.key, didYouMean(pair.key, fields))
			continue
		}
		d.decode(pair.value, pair.path, field)
	}
}

func (d *decoder) table(node ast.Node, at string, target reflect.Value) {
	target.Set(reflect.MakeMap(target.Type()))
	for _, pair := range d.pairs(node, at) {
		value := reflect.New(target.Type().Elem()).Elem()
		d.decode(pair.value, pair.path, value)
		target.SetMapIndex(reflect.ValueOf(pair.key), value)
	}
}

// list takes a single text for a list of one, and an empty text for none.
func (d *decoder) list(node ast.Node, at string, target reflect.Value) {
	items := []string{}
	switch node := node.(type) {
	case *ast.SequenceNode:
		for i, value := range node.Values {
			place := fmt.Sprintf("%s[%d]", at, i)
			value = d.resolve(value)
			d.values[place] = positionOf(value.GetToken())
			items = append(items, d.text(value, place))
		}
	default:
		if text := d.text(node, at); text != "" {
			items = append(items, text)
		}
	}
	target.Set(reflect.ValueOf(items))
}

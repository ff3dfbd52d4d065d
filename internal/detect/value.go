package detect

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// value is a value of a JSON or TOML file with its line. Methods of a nil value
// answer as an absent one does.
type value struct {
	line   int
	text   string // of a string, number or truth value
	plain  bool   // it is one of these
	keys   []string
	fields map[string]*value
	items  []*value
}

// get returns the value under the keys, one below the other, or nil.
func (v *value) get(keys ...string) *value {
	for _, key := range keys {
		if v == nil {
			return nil
		}
		v = v.fields[key]
	}
	return v
}

// string returns a plain value's text, "" for all others.
func (v *value) string() string {
	if v == nil {
		return ""
	}
	return v.text
}

// at returns the line of a value, 0 for an absent one.
func (v *value) at() int {
	if v == nil {
		return 0
	}
	return v.line
}

// names returns the keys of an object in the order of the file.
func (v *value) names() []string {
	if v == nil {
		return nil
	}
	return v.keys
}

// list returns the items of a list.
func (v *value) list() []*value {
	if v == nil {
		return nil
	}
	return v.items
}

func (v *value) set(key string, field *value) {
	if v.fields == nil {
		v.fields = map[string]*value{}
	}
	if _, ok := v.fields[key]; !ok {
		v.keys = append(v.keys, key)
	}
	v.fields[key] = field
}

// readJSON returns the object in a JSON file, or nil when there is no such file.
func (f *folder) readJSON(name string) (*value, error) {
	data, err := f.read(name)
	if data == nil || err != nil {
		return nil, err
	}
	root, line, err := parseJSON(data)
	if err != nil {
		return nil, f.malformed(name, line, err)
	}
	return root, nil
}

// parseJSON returns an object, or the line of the fault.
func parseJSON(data []byte) (*value, int, error) {
	var whole map[string]any
	if err := json.Unmarshal(data, &whole); err != nil {
		offset := int64(0)
		var syntax *json.SyntaxError
		var wrong *json.UnmarshalTypeError
		switch {
		case errors.As(err, &syntax):
			offset = syntax.Offset
		case errors.As(err, &wrong):
			offset, err = wrong.Offset, fmt.Errorf("it is a JSON %s, not an object", wrong.Value)
		}
		return nil, lineAt(data, offset), err
	}
	if whole == nil {
		return nil, 1, errors.New("it is null, not an object")
	}
	p := &jsonParser{data: data, decoder: json.NewDecoder(bytes.NewReader(data)), line: 1}
	p.decoder.UseNumber()
	root, err := p.value()
	return root, p.line, err
}

// lineAt returns the number of the line with the byte at an offset.
func lineAt(data []byte, offset int64) int {
	return 1 + bytes.Count(data[:min(max(offset, 0), int64(len(data)))], []byte("\n"))
}

// jsonParser reads a document that is known to be valid, and counts its lines.
type jsonParser struct {
	data    []byte
	decoder *json.Decoder
	counted int64
	line    int
}

func (p *jsonParser) token() (json.Token, error) {
	token, err := p.decoder.Token()
	offset := p.decoder.InputOffset()
	p.line += bytes.Count(p.data[p.counted:offset], []byte("\n"))
	p.counted = offset
	return token, err
}

func (p *jsonParser) value() (*value, error) {
	token, err := p.token()
	if err != nil {
		return nil, err
	}
	v := &value{line: p.line}
	delim, ok := token.(json.Delim)
	if !ok {
		v.plain = token != nil
		if v.plain {
			v.text = fmt.Sprint(token)
		}
		return v, nil
	}
	for p.decoder.More() {
		if err := p.entry(v, delim == '{'); err != nil {
			return nil, err
		}
	}
	_, err = p.token()
	return v, err
}

func (p *jsonParser) entry(v *value, keyed bool) error {
	key, line := "", 0
	if keyed {
		token, err := p.token()
		if err != nil {
			return err
		}
		key, line = fmt.Sprint(token), p.line
	}
	field, err := p.value()
	if err != nil {
		return err
	}
	if !keyed {
		v.items = append(v.items, field)
		return nil
	}
	field.line = line
	v.set(key, field)
	return nil
}

// readTOML returns the table in a TOML file, or nil when there is no such file.
func (f *folder) readTOML(name string) (*value, error) {
	data, err := f.read(name)
	if data == nil || err != nil {
		return nil, err
	}
	root, line, err := parseTOML(data)
	if err != nil {
		return nil, f.malformed(name, line, err)
	}
	return root, nil
}

// parseTOML returns the root table, or the line of the fault.
func parseTOML(data []byte) (*value, int, error) {
	var whole map[string]any
	if err := toml.Unmarshal(data, &whole); err != nil {
		var wrong *toml.DecodeError
		if errors.As(err, &wrong) {
			line, _ := wrong.Position()
			return nil, line, errors.New(strings.TrimPrefix(wrong.Error(), "toml: "))
		}
		return nil, 1, err
	}
	p := &tomlParser{lines: lineStarts(data)}
	p.parser.Reset(data)
	root := &value{line: 1}
	table := root
	for p.parser.NextExpression() {
		switch e := p.parser.Expression(); e.Kind {
		case unstable.Table:
			table = p.descend(root, e.Key())
		case unstable.ArrayTable:
			table = &value{line: p.lineOf(e.Key())}
			list := p.descend(root, e.Key())
			list.items = append(list.items, table)
		case unstable.KeyValue:
			p.assign(table, e)
		}
	}
	if err := p.parser.Error(); err != nil && !errors.Is(err, io.EOF) {
		return nil, 1, err
	}
	return root, 0, nil
}

// tomlParser lays a document that is known to be valid into values.
type tomlParser struct {
	parser unstable.Parser
	lines  []int // offsets at which lines begin
}

func lineStarts(data []byte) []int {
	starts := []int{0}
	for i, c := range data {
		if c == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}

// line returns the line of a part of the document.
func (p *tomlParser) line(r unstable.Range) int {
	i, found := slices.BinarySearch(p.lines, int(r.Offset))
	if found {
		i++
	}
	return i
}

// lineOf returns the line of the first key.
func (p *tomlParser) lineOf(keys unstable.Iterator) int {
	if keys.Next() {
		return p.line(keys.Node().Raw)
	}
	return 0
}

// descend returns the table under the keys, making those that are missing. In a
// list of tables it is the last one.
func (p *tomlParser) descend(v *value, keys unstable.Iterator) *value {
	for keys.Next() {
		v = v.last()
		key := string(keys.Node().Data)
		if v.fields[key] == nil {
			v.set(key, &value{line: p.line(keys.Node().Raw)})
		}
		v = v.fields[key]
	}
	return v
}

func (v *value) last() *value {
	if len(v.items) > 0 {
		return v.items[len(v.items)-1]
	}
	return v
}

func (p *tomlParser) assign(table *value, e *unstable.Node) {
	line := p.lineOf(e.Key())
	var keys []string
	for it := e.Key(); it.Next(); {
		keys = append(keys, string(it.Node().Data))
	}
	table = table.last()
	for _, key := range keys[:len(keys)-1] {
		if table.fields[key] == nil {
			table.set(key, &value{line: line})
		}
		table = table.fields[key]
	}
	table.set(keys[len(keys)-1], p.convert(e.Value(), line))
}

func (p *tomlParser) convert(node *unstable.Node, line int) *value {
	v := &value{line: line}
	if at := p.line(node.Raw); node.Raw.Length > 0 && at > line {
		v.line = at
	}
	switch node.Kind {
	case unstable.Array:
		for it := node.Children(); it.Next(); {
			v.items = append(v.items, p.convert(it.Node(), v.line))
		}
	case unstable.InlineTable:
		for it := node.Children(); it.Next(); {
			p.assign(v, it.Node())
		}
	default:
		v.plain, v.text = true, string(node.Data)
	}
	return v
}

// dependency is a library that an app names, and where.
type dependency struct {
	name string
	file string
	line int
}

// sortDependencies orders them by file and line, and by name in one line.
func sortDependencies(list []dependency) {
	slices.SortFunc(list, func(a, b dependency) int {
		if n := strings.Compare(a.file, b.file); n != 0 {
			return n
		}
		if a.line != b.line {
			return a.line - b.line
		}
		return strings.Compare(a.name, b.name)
	})
}

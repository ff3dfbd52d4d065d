package detect

import (
	"errors"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Limits of a YAML file: with more, the parser takes seconds.
const (
	maxYAML    = 32 << 10 // bytes
	maxNesting = 100      // brackets open at the same time
)

// readYAML returns the documents of a YAML file whose faults do not matter.
func (f *folder) readYAML(name string) []*value {
	documents, _, err := parseYAML([]byte(f.text(name)))
	if err != nil {
		return nil
	}
	return documents
}

// parseYAML returns the documents, or the line of the fault.
func parseYAML(data []byte) ([]*value, int, error) {
	if len(data) > maxYAML {
		return nil, 1, errors.New("the file is longer than such files are")
	}
	if line := nestsAt(data); line > 0 {
		return nil, line, errors.New("too many brackets are open here")
	}
	file, err := parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		var syntax *yaml.SyntaxError
		if errors.As(err, &syntax) && syntax.GetToken() != nil {
			return nil, syntax.GetToken().Position.Line, errors.New(syntax.GetMessage())
		}
		return nil, 1, err
	}
	var documents []*value
	for _, document := range file.Docs {
		if document.Body != nil {
			documents = append(documents, yamlReader{}.value(document.Body, 0))
		}
	}
	return documents, 0, nil
}

// nestsAt returns the line in which brackets nest too deeply, or 0.
func nestsAt(data []byte) int {
	line, open := 1, 0
	for _, c := range data {
		switch c {
		case '\n':
			line++
		case '[', '{':
			open++
		case ']', '}':
			open = max(0, open-1)
		}
		if open > maxNesting {
			return line
		}
	}
	return 0
}

// yamlReader lays a tree of nodes into values. It knows the anchors so far: an
// alias shares the value of its anchor.
type yamlReader map[string]*value

func (r yamlReader) value(node ast.Node, depth int) *value {
	if node == nil || depth > maxDepth {
		return &value{}
	}
	switch node := node.(type) {
	case *ast.MappingNode:
		v := &value{line: yamlLine(node)}
		for _, entry := range node.Values {
			r.entry(v, entry, depth)
		}
		return v
	case *ast.MappingValueNode:
		v := &value{line: yamlLine(node)}
		r.entry(v, node, depth)
		return v
	case *ast.SequenceNode:
		v := &value{line: yamlLine(node)}
		for _, item := range node.Values {
			v.items = append(v.items, r.value(item, depth+1))
		}
		return v
	case *ast.AnchorNode:
		v := r.value(node.Value, depth+1)
		if node.Name != nil {
			r[node.Name.GetToken().Value] = v
		}
		return v
	case *ast.AliasNode:
		if node.Value != nil && r[node.Value.GetToken().Value] != nil {
			return r[node.Value.GetToken().Value]
		}
		return &value{line: yamlLine(node)}
	case *ast.TagNode:
		return r.value(node.Value, depth+1)
	case *ast.LiteralNode:
		return &value{line: yamlLine(node), plain: true, text: node.Value.Value}
	case *ast.NullNode:
		return &value{line: yamlLine(node)}
	case ast.ScalarNode:
		return &value{line: yamlLine(node), plain: true, text: node.GetToken().Value}
	}
	return &value{line: yamlLine(node)}
}

func (r yamlReader) entry(v *value, entry *ast.MappingValueNode, depth int) {
	field := r.value(entry.Value, depth+1)
	if entry.Key == nil {
		return
	}
	if _, ok := entry.Key.(*ast.MergeKeyNode); ok {
		for _, key := range field.names() {
			if v.get(key) == nil {
				v.set(key, field.get(key))
			}
		}
		return
	}
	copied := *field
	copied.line = yamlLine(entry.Key)
	v.set(entry.Key.GetToken().Value, &copied)
}

func yamlLine(node ast.Node) int {
	if token := node.GetToken(); token != nil && token.Position != nil {
		return token.Position.Line
	}
	return 0
}

package blueprint

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
)

// mapping is a YAML mapping that keeps its order.
type mapping []entry

// entry is a key of a mapping. The value is a string, a bool, an int, a list of
// strings, a mapping, a list of mappings, or nil.
type entry struct {
	key    string
	value  any
	above  []string // comment in the lines above it
	beside string   // comment at the end of its line
}

// encode writes a mapping as YAML. Whatever a value holds, it stays that value.
// The entries of a mapping under the last key are encoded by themselves: most of
// them are the same in most blueprints, and the encoder takes its time.
func encode(m mapping) string {
	head, last := m[:len(m)-1], m[len(m)-1]
	parts, ok := last.value.(mapping)
	if !ok || len(last.above) > 0 || last.beside != "" {
		return airy(encodePlain(m))
	}
	var text strings.Builder
	text.WriteString(encodePlain(head) + last.key + ":\n")
	for _, part := range parts {
		for line := range strings.Lines(encoded.text(fmt.Sprintf("%v", part), func() string { return encodePlain(mapping{part}) })) {
			if line != "\n" {
				text.WriteString("  ")
			}
			text.WriteString(line)
		}
	}
	return airy(text.String())
}

// encoded remembers what was encoded before.
var encoded = memory{most: 4 << 20}

func encodePlain(m mapping) string {
	comments := yaml.CommentMap{}
	text, err := yaml.MarshalWithOptions(m.plain("$", comments),
		yaml.Indent(2), yaml.IndentSequence(true), yaml.UseLiteralStyleIfMultiline(true), yaml.WithComment(comments))
	if err != nil {
		panic(fmt.Sprintf("cannot encode plain values: %v", err)) // a defect, whatever was chosen
	}
	return string(text)
}

// plain turns the mapping into what the encoder knows, and collects its comments
// by their path.
func (m mapping) plain(path string, comments yaml.CommentMap) yaml.MapSlice {
	slice := make(yaml.MapSlice, 0, len(m))
	listed := strings.HasSuffix(path, "]") // its first comment stands above the dash
	for i, e := range m {
		here := path + "." + e.key
		value := e.value
		switch v := e.value.(type) {
		case string:
			if numberYAML.MatchString(v) {
				value = quotedText(v)
			}
		case mapping:
			value = v.plain(here, comments)
		case []mapping:
			list := make([]yaml.MapSlice, len(v))
			for n, item := range v {
				at := fmt.Sprintf("%s[%d]", here, n)
				list[n] = item.plain(at, comments)
				if len(item[0].above) > 0 {
					comments[at] = []*yaml.Comment{yaml.HeadComment(spaced(item[0].above)...)}
				}
			}
			value = list
		}
		slice = append(slice, yaml.MapItem{Key: e.key, Value: value})
		if len(e.above) > 0 && !(listed && i == 0) {
			comments[here] = append(comments[here], yaml.HeadComment(spaced(e.above)...))
		}
		if e.beside != "" {
			comments[here] = append(comments[here], yaml.LineComment(" "+e.beside))
		}
	}
	return slice
}

// quotedText is text that would be a number: the encoder leaves 1e5 as it is, which
// is 100000 to GitHub.
type quotedText string

// MarshalYAML implements yaml.BytesMarshaler.
func (t quotedText) MarshalYAML() ([]byte, error) { return []byte(strconv.Quote(string(t))), nil }

func spaced(lines []string) []string {
	list := make([]string, len(lines))
	for i, line := range lines {
		list[i] = " " + line
	}
	return list
}

// airy puts an empty line before every section of the file and every job.
func airy(text string) string {
	var b strings.Builder
	inJobs, attached := false, true // attached: to the line before, as the first is to nothing
	for line := range strings.Lines(text) {
		indent := len(line) - len(strings.TrimLeft(line, " "))
		starts := indent == 0 || inJobs && indent == 2
		if starts && !attached {
			b.WriteString("\n")
		}
		b.WriteString(line)
		inJobs = inJobs || line == "jobs:\n"
		attached = line == "jobs:\n" || starts && strings.HasPrefix(line[indent:], "#")
	}
	return b.String()
}

package manifest

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
)

//go:embed schema.json
var schema []byte

// Schema returns the JSON Schema (2020-12) of the manifest, for editors.
func Schema() []byte { return bytes.Clone(schema) }

// object is a JSON object that keeps the order of its keys.
type object struct {
	keys   []string
	values map[string]node
}

// node is what the reference needs of a schema.
type node struct {
	Title       string            `json:"title"`
	Description string            `json:"description"`
	Ref         string            `json:"$ref"`
	Examples    []json.RawMessage `json:"examples"`
	Properties  object            `json:"properties"`
	Defs        object            `json:"$defs"`
}

// UnmarshalJSON implements json.Unmarshaler.
func (o *object) UnmarshalJSON(data []byte) error {
	if err := json.Unmarshal(data, &o.values); err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	if _, err := decoder.Token(); err != nil {
		return err
	}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return err
		}
		o.keys = append(o.keys, fmt.Sprint(key))
		var skipped json.RawMessage
		if err := decoder.Decode(&skipped); err != nil {
			return err
		}
	}
	return nil
}

// Reference returns the description of every key as Markdown, made from the schema.
func Reference() []byte {
	var root node
	if err := json.Unmarshal(schema, &root); err != nil {
		panic(fmt.Sprintf("the embedded schema is broken: %v", err)) // a defect of the build: the tests read it
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "# %s\n\n%s\n\n", root.Title, root.Description)
	writeKeys(&b, root.Properties)
	for _, name := range root.Defs.keys {
		if def := root.Defs.values[name]; len(def.Properties.keys) > 0 {
			fmt.Fprintf(&b, "\n## %s\n\n%s\n\n", def.Title, def.Description)
			writeKeys(&b, def.Properties)
		}
	}
	return b.Bytes()
}

func writeKeys(b *bytes.Buffer, properties object) {
	b.WriteString("| key | meaning | example |\n|---|---|---|\n")
	for _, key := range properties.keys {
		property := properties.values[key]
		example := ""
		if len(property.Examples) > 0 {
			example = "`" + key + ": " + string(property.Examples[0]) + "`"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", key, strings.ReplaceAll(property.Description, "|", "\\|"), example)
	}
}

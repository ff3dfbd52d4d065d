package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
)

// kinds are the kinds of blocks of a module that a provider has schemas for, and
// what the engine calls these.
var kinds = map[string]string{
	"resource":  "resource_schemas",
	"data":      "data_source_schemas",
	"ephemeral": "ephemeral_resource_schemas",
}

// ofTheRoot is what a composition uses besides its modules.
var ofTheRoot = map[string][]string{
	"resource": {"azurerm_resource_group"},
	"data":     {"azurerm_client_config"},
}

var declaration = regexp.MustCompile(`(?m)^(resource|data|ephemeral) "(azurerm_[a-z0-9_]+)"`)

// used returns the types that modules and their composition use, by kind.
func used(modules string) (map[string]map[string]bool, error) {
	types := map[string]map[string]bool{}
	for kind := range kinds {
		types[kind] = map[string]bool{}
		for _, name := range ofTheRoot[kind] {
			types[kind][name] = true
		}
	}
	files, err := filepath.Glob(filepath.Join(modules, "*", "*.tf"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s holds no modules", modules)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		for _, match := range declaration.FindAllSubmatch(text, -1) {
			types[string(match[1])][string(match[2])] = true
		}
	}
	return types, nil
}

// writeSchema writes what the engine tells of the types that are used, one line
// each, without descriptions, in an order that never changes.
func (m mirror) writeSchema(ctx context.Context, modules, file string) error {
	types, err := used(modules)
	if err != nil {
		return err
	}
	e, err := m.engine()
	if err != nil {
		return err
	}
	output, err := m.schemas(ctx, e)
	if err != nil {
		return err
	}
	var all struct {
		Providers map[string]map[string]json.RawMessage `json:"provider_schemas"`
	}
	if err := json.Unmarshal(output, &all); err != nil {
		return err
	}
	provider, ok := all.Providers[e.registry+"/hashicorp/azurerm"]
	if !ok {
		return errors.New("the engine tells nothing of azurerm")
	}
	var text bytes.Buffer
	fmt.Fprintf(&text, "{\n\"version\": %q,\n", providerVersion)
	configuration, err := bare(provider["provider"])
	if err != nil {
		return err
	}
	fmt.Fprintf(&text, "\"provider\": %s", configuration)
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		var schemas map[string]json.RawMessage
		if err := json.Unmarshal(provider[kinds[kind]], &schemas); err != nil {
			return err
		}
		fmt.Fprintf(&text, ",\n%q: {", kinds[kind])
		for i, name := range slices.Sorted(maps.Keys(types[kind])) {
			schema, ok := schemas[name]
			if !ok {
				return fmt.Errorf("the provider has no %s %s", kind, name)
			}
			line, err := bare(schema)
			if err != nil {
				return err
			}
			if i > 0 {
				text.WriteByte(',')
			}
			fmt.Fprintf(&text, "\n%q: %s", name, line)
		}
		text.WriteString("\n}")
	}
	text.WriteString("\n}\n")
	return os.WriteFile(file, text.Bytes(), 0o644)
}

// schemas asks the engine for everything that the provider can do.
func (m mirror) schemas(ctx context.Context, e engine) ([]byte, error) {
	work, err := os.MkdirTemp("", "azurerm-schema-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(work)
	settings := filepath.Join(work, "cli.tfrc")
	err = errors.Join(
		os.WriteFile(filepath.Join(work, "main.tf"), []byte(required), 0o644),
		os.WriteFile(settings, fmt.Appendf(nil, "provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", m.dir), 0o644))
	if err != nil {
		return nil, err
	}
	ask := func(args ...string) ([]byte, error) {
		cmd := exec.CommandContext(ctx, e.path, args...)
		cmd.Dir = work
		cmd.Env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+settings, "CHECKPOINT_DISABLE=1")
		var complaint bytes.Buffer
		cmd.Stderr = &complaint
		output, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w: %s", filepath.Base(e.path), args[0], err, complaint.String())
		}
		return output, nil
	}
	if _, err := ask("init", "-input=false", "-no-color"); err != nil {
		return nil, err
	}
	return ask("providers", "schema", "-json")
}

// bare returns a schema in one line, without what is only there to be read.
func bare(schema json.RawMessage) ([]byte, error) {
	var value any
	if err := json.Unmarshal(schema, &value); err != nil {
		return nil, err
	}
	strip(value)
	return json.Marshal(value)
}

// strip takes descriptions away. Names of arguments are one level below the keys
// of the schema itself, so that an argument named description stays.
func strip(value any) {
	switch value := value.(type) {
	case map[string]any:
		for _, name := range []string{"description", "description_kind"} {
			if _, isText := value[name].(string); isText {
				delete(value, name)
			}
		}
		for _, v := range value {
			strip(v)
		}
	case []any:
		for _, v := range value {
			strip(v)
		}
	}
}

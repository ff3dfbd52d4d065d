package terraform

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"

	"github.com/aloft-dev/aloft"
)

// LocalProvider is the source of the provider of the local target.
const LocalProvider = "aloft-dev/aloft"

// Inspect reads what the files in dir say about themselves, without an engine.
// Files that do not parse are CodeInvalid, with file, line and column; a folder
// without Terraform is CodeNotFound. People know the folder as folder, relative
// to the repository; "" = its root.
func Inspect(dir, folder string) (aloft.ConfigurationSummary, error) {
	t, err := readTree(dir, folder)
	if err != nil {
		return aloft.ConfigurationSummary{}, err
	}
	summary := aloft.ConfigurationSummary{
		Backend:   t.backend,
		Providers: slices.Sorted(maps.Keys(t.providers)),
		Variables: slices.Sorted(maps.Keys(t.variables)),
		Outputs:   slices.Sorted(maps.Keys(t.outputs)),
	}
	if t.backend != "" {
		sum := sha256.Sum256([]byte(t.settled)) // it may hold a password
		summary.Settings = hex.EncodeToString(sum[:8])
	}
	summary.Outside = t.outside
	summary.Local = t.providers[LocalProvider]
	return summary, nil
}

// outputPlace returns file:line of an output, or "" when it is not declared.
func outputPlace(c aloft.Configuration, name string) string {
	t, err := readTree(c.Dir, c.Folder)
	if err != nil {
		return ""
	}
	place, ok := t.outputs[name]
	if !ok {
		return ""
	}
	return fmt.Sprintf("%s:%d", place.Filename, place.Start.Line)
}

// configurationFiles returns the names of the files that an engine reads in dir.
func configurationFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		return nil, aloft.Errorf(aloft.CodeInvalid, "cannot read the Terraform: %w", err)
	}
	var names []string
	for _, entry := range entries {
		if name := entry.Name(); !entry.IsDir() && isConfiguration(name) && name != OverrideFile {
			names = append(names, name)
		}
	}
	return names, nil
}

func isConfiguration(name string) bool {
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "#") || strings.HasSuffix(name, "~") {
		return false
	}
	plain := strings.TrimSuffix(name, ".json")
	return strings.HasSuffix(plain, ".tf") || strings.HasSuffix(plain, ".tofu")
}

// parse reads a file of a module; name is how people know it.
func parse(parser *hclparse.Parser, dir, file, name string) (hcl.Body, error) {
	data, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		return nil, aloft.Errorf(aloft.CodeInvalid, "cannot read the Terraform: %w", err)
	}
	var parsed *hcl.File
	var diagnostics hcl.Diagnostics
	if strings.HasSuffix(file, ".json") {
		parsed, diagnostics = parser.ParseJSON(data, name)
	} else {
		parsed, diagnostics = parser.ParseHCL(data, name)
	}
	if err := syntaxError(diagnostics); err != nil {
		return nil, err
	}
	return parsed.Body, nil
}

// syntaxError makes one error of the errors of a parse.
func syntaxError(diagnostics hcl.Diagnostics) error {
	var lines []string
	var hint string
	for _, d := range diagnostics {
		if d.Severity != hcl.DiagError {
			continue
		}
		where := ""
		if d.Subject != nil {
			where = fmt.Sprintf("%s:%d:%d: ", d.Subject.Filename, d.Subject.Start.Line, d.Subject.Start.Column)
			if hint == "" {
				hint = fmt.Sprintf("look at %s, line %d, then push again", d.Subject.Filename, d.Subject.Start.Line)
			}
		}
		lines = append(lines, where+strings.TrimSuffix(d.Summary, ".")+": "+paragraph(d.Detail))
	}
	if len(lines) == 0 {
		return nil
	}
	if more := len(lines) - maxDiagnostics; more > 0 {
		lines = append(lines[:maxDiagnostics], fmt.Sprintf("and %d more", more))
	}
	return aloft.Errorf(aloft.CodeInvalid, "cannot read the Terraform: %s", strings.Join(lines, "\n")).WithHint("%s", hint)
}

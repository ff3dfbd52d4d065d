package blueprint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// StaleSizes tells which tiers in a variables file do not go with the choices, a
// line each: another hosting has other ones. A file that cannot be read has none;
// the engine says what is wrong with it.
func (c Choices) StaleSizes(path string, data []byte) []string {
	file, diagnostics := hclsyntax.ParseConfig(data, path, hcl.InitialPos)
	if diagnostics.HasErrors() || c.Target != TargetAzure {
		return nil
	}
	var list []string
	attributes := file.Body.(*hclsyntax.Body).Attributes
	for _, i := range azureInputs(c) {
		attribute, given := attributes[i.name]
		if len(i.allowed) == 0 || !given {
			continue
		}
		value, diagnostics := attribute.Expr.Value(nil)
		if diagnostics.HasErrors() || value.Type() != cty.String || value.IsNull() || slices.Contains(i.allowed, value.AsString()) {
			continue
		}
		list = append(list, fmt.Sprintf("%s:%d: %s = %q goes no longer: one of %s", path, attribute.NameRange.Start.Line, i.name, value.AsString(), strings.Join(i.allowed, ", ")))
	}
	return list
}

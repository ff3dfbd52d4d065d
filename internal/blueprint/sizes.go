package blueprint

import (
	"fmt"
	"maps"
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
	sizes := map[string]string{"database_tier": c.Database.Kind}
	for _, a := range c.Apps {
		sizes[appModule(a.Name)+"_tier"] = a.Hosting
	}
	for _, s := range c.AddOns {
		sizes[moduleName(s.Kind)+"_tier"] = s.Kind
	}
	var list []string
	attributes, _ := file.Body.JustAttributes()
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		allowed := values(Tiers(sizes[name]))
		value, diagnostics := attributes[name].Expr.Value(nil)
		if len(allowed) == 0 || diagnostics.HasErrors() || value.Type() != cty.String || slices.Contains(allowed, value.AsString()) {
			continue
		}
		line := attributes[name].NameRange.Start.Line
		list = append(list, fmt.Sprintf("%s:%d: %s = %q goes no longer: one of %s", path, line, name, value.AsString(), strings.Join(allowed, ", ")))
	}
	return list
}

package terraform

import (
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// literal returns the text of an expression that is one, else "".
func literal(expr hcl.Expression) string {
	value, diagnostics := expr.Value(nil)
	if diagnostics.HasErrors() {
		return ""
	}
	value, _ = value.Unmark()
	if value.IsNull() || !value.IsKnown() || value.Type() != cty.String {
		return ""
	}
	return value.AsString()
}

// shortSource drops the host of the default registries from a provider's source.
func shortSource(source string) string {
	for _, host := range []string{"registry.opentofu.org/", "registry.terraform.io/"} {
		source = strings.TrimPrefix(source, host)
	}
	if !strings.Contains(source, "/") && source != "" {
		source = "hashicorp/" + source
	}
	return source
}

// textOf returns what is written at a place.
func (t *tree) textOf(place hcl.Range) string {
	file, ok := t.parser.Files()[place.Filename]
	if !ok || !place.CanSliceBytes(file.Bytes) {
		return ""
	}
	return string(place.SliceBytes(file.Bytes))
}

// settingsText returns the settings in a body, sorted, without comments and layout.
func (t *tree) settingsText(body hcl.Body) string {
	var text strings.Builder
	attributes, _ := body.JustAttributes()
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		text.WriteString(name + " = " + t.textOf(attributes[name].Expr.Range()) + "\n")
	}
	if native, ok := body.(*hclsyntax.Body); ok {
		for _, block := range native.Blocks {
			text.WriteString(block.Type + " {\n" + t.settingsText(block.Body) + "}\n")
		}
	}
	return text.String()
}

// bodyText returns what is written in a body, and whether it depends on variables.
func (t *tree) bodyText(body hcl.Body) (text string, dynamic bool) {
	attributes, _ := body.JustAttributes() // nested blocks are in the text
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		expr := attributes[name].Expr
		text += name + " = " + t.textOf(expr.Range()) + "\n"
		dynamic = dynamic || len(expr.Variables()) > 0
	}
	if native, ok := body.(*hclsyntax.Body); ok {
		text = t.textOf(native.SrcRange)
	}
	return text, dynamic
}

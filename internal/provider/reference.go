package provider

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

//go:embed example.tf
var example string

// Reference returns the documentation of the provider as Markdown, made from
// its schemas.
func Reference() []byte {
	ctx := context.Background()
	p := &local{}
	var about provider.SchemaResponse
	p.Schema(ctx, provider.SchemaRequest{}, &about)
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Terraform provider %s\n\n%s\n\n```hcl\n%s```\n", Address, about.Schema.MarkdownDescription, example)
	for _, create := range p.Resources(ctx) {
		referResource(ctx, &b, create())
	}
	return b.Bytes()
}

func referResource(ctx context.Context, b *bytes.Buffer, r resource.Resource) {
	var meta resource.MetadataResponse
	r.Metadata(ctx, resource.MetadataRequest{ProviderTypeName: "aloft"}, &meta)
	var resp resource.SchemaResponse
	r.Schema(ctx, resource.SchemaRequest{}, &resp)
	fmt.Fprintf(b, "\n## %s\n\n%s\n", meta.TypeName, resp.Schema.MarkdownDescription)
	attributes := resp.Schema.Attributes
	names := slices.Sorted(maps.Keys(attributes))
	settable := func(name string) bool { return attributes[name].IsRequired() || attributes[name].IsOptional() }
	referTable(ctx, b, "Arguments", slices.DeleteFunc(slices.Clone(names), func(n string) bool { return !settable(n) }), attributes)
	referTable(ctx, b, "Attributes", slices.DeleteFunc(slices.Clone(names), settable), attributes)
}

func referTable(ctx context.Context, b *bytes.Buffer, title string, names []string, attributes map[string]schema.Attribute) {
	fmt.Fprintf(b, "\n### %s\n\n| name | type | meaning |\n| --- | --- | --- |\n", title)
	for _, name := range names {
		a := attributes[name]
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", name, typeName(a.GetType()), strings.Join(referNotes(ctx, a), " "))
	}
}

// referNotes returns the sentences about an attribute.
func referNotes(ctx context.Context, a schema.Attribute) []string {
	notes := []string{a.GetMarkdownDescription()}
	rules, preset := constraints(ctx, a)
	if a.IsRequired() {
		notes = append(notes, "Required.")
	}
	for _, text := range rules {
		notes = append(notes, sentence(text)+".")
	}
	if preset != "" {
		notes = append(notes, sentence(preset)+".")
	}
	if a.IsSensitive() {
		notes = append(notes, "Sensitive.")
	}
	return notes
}

// constraints returns the rules of an attribute and its default, in words.
func constraints(ctx context.Context, a schema.Attribute) (rules []string, preset string) {
	switch a := a.(type) {
	case schema.StringAttribute:
		for _, v := range a.Validators {
			rules = append(rules, v.MarkdownDescription(ctx))
		}
		if a.Default != nil {
			preset = a.Default.MarkdownDescription(ctx)
		}
	case schema.Int64Attribute:
		for _, v := range a.Validators {
			rules = append(rules, v.MarkdownDescription(ctx))
		}
		if a.Default != nil {
			preset = a.Default.MarkdownDescription(ctx)
		}
	case schema.MapAttribute:
		for _, v := range a.Validators {
			rules = append(rules, v.MarkdownDescription(ctx))
		}
	}
	return rules, preset
}

func typeName(t attr.Type) string {
	switch t := t.(type) {
	case types.MapType:
		return "map of " + typeName(t.ElemType)
	default:
		if t.Equal(types.Int64Type) {
			return "number"
		}
		return "string"
	}
}

package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/aloft-dev/aloft"
)

const maxInstances = 20

type appModel struct {
	ID          types.String `tfsdk:"id"`
	Environment types.String `tfsdk:"environment"`
	Name        types.String `tfsdk:"name"`
	Command     types.String `tfsdk:"command"`
	Variables   types.Map    `tfsdk:"variables"`
	Instances   types.Int64  `tfsdk:"instances"`
	HealthPath  types.String `tfsdk:"health_path"`
	MemoryLimit types.String `tfsdk:"memory_limit"`
	Hosting     types.String `tfsdk:"hosting"`
	URL         types.String `tfsdk:"url"`
}

func (m *appModel) title() string {
	return m.Name.ValueString() + " of " + m.Environment.ValueString()
}

func (m *appModel) identity() identity {
	return identity{"aloft_app", joinID(m.Environment, m.Name).ValueString()}
}

// slot returns what the server is to make of the resource.
func (m *appModel) slot() aloft.Slot {
	limit, _ := ParseMemory(m.MemoryLimit.ValueString()) // validated; "" = 0
	return aloft.Slot{
		EnvironmentKey: keyOf(m.Environment), App: m.Name.ValueString(),
		Command: m.Command.ValueString(), Variables: m.variables(), Instances: int(m.Instances.ValueInt64()),
		HealthPath: m.HealthPath.ValueString(), MemoryLimit: limit,
	}
}

// variables returns those that are set.
func (m *appModel) variables() map[string]string {
	set := map[string]string{}
	for name, value := range m.Variables.Elements() {
		if text, ok := value.(types.String); ok && !text.IsNull() {
			set[name] = text.ValueString()
		}
	}
	return set
}

func (m *appModel) secrets() []string { return slices.Collect(maps.Values(m.variables())) }

// applied completes a plan that was carried out. What the plan foretold stays,
// for the engine insists on it; the next Read brings what is new.
func (m *appModel) applied(slot aloft.Slot) {
	m.ID = joinID(m.Environment, m.Name)
	if m.URL.IsUnknown() {
		m.URL = types.StringValue(slot.URL)
	}
}

// found sets the model to what there is. Where it means the same, the text of
// the configuration stays.
func (m *appModel) found(slot aloft.Slot) {
	m.ID = joinID(m.Environment, m.Name)
	m.Command, m.HealthPath = optional(slot.Command), optional(slot.HealthPath)
	m.Instances = types.Int64Value(int64(slot.Instances))
	m.Hosting, m.URL = types.StringValue("local"), types.StringValue(slot.URL)
	if limit, err := ParseMemory(m.MemoryLimit.ValueString()); err != nil || limit != slot.MemoryLimit {
		m.MemoryLimit = optional(FormatMemory(slot.MemoryLimit))
	}
	if maps.Equal(m.variables(), slot.Variables) {
		if m.Variables.IsUnknown() {
			m.Variables = types.MapNull(types.StringType)
		}
		return
	}
	values := map[string]attr.Value{}
	for name, value := range slot.Variables {
		values[name] = types.StringValue(value)
	}
	m.Variables = types.MapValueMust(types.StringType, values)
}

// optional returns null for what the server does not know.
func optional(text string) types.String {
	if text == "" {
		return types.StringNull()
	}
	return types.StringValue(text)
}

var filled = rule{"not empty", func(text string) error {
	if strings.TrimSpace(text) == "" {
		return errors.New("it is empty: leave the attribute out, or set it to null")
	}
	return nil
}}

var healthRule = rule{"a path that starts with /", func(text string) error {
	if !strings.HasPrefix(text, "/") || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return fmt.Errorf("%q is not a path: it starts with / and has no spaces, such as /healthz", text)
	}
	return nil
}}

// instanceCount is the rule of the attribute instances.
type instanceCount struct{}

func (instanceCount) Description(context.Context) string {
	return fmt.Sprintf("1 to %d", maxInstances)
}

func (i instanceCount) MarkdownDescription(ctx context.Context) string { return i.Description(ctx) }

// ValidateInt64 checks a known number.
func (instanceCount) ValidateInt64(_ context.Context, req validator.Int64Request, resp *validator.Int64Response) {
	n := req.ConfigValue.ValueInt64()
	if !req.ConfigValue.IsNull() && !req.ConfigValue.IsUnknown() && (n < 1 || n > maxInstances) {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid instances",
			fmt.Sprintf("%d is out of range: an app runs in 1 to %d instances.", n, maxInstances))
	}
}

// variableNames is the rule of the keys of variables.
type variableNames struct{}

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func (variableNames) Description(context.Context) string {
	return "names of letters, digits and _, not PORT and not starting with ALOFT_, which Aloft sets itself"
}

func (v variableNames) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

// ValidateMap checks the names of a map whose values may still be unknown.
func (variableNames) ValidateMap(_ context.Context, req validator.MapRequest, resp *validator.MapResponse) {
	for _, name := range slices.Sorted(maps.Keys(req.ConfigValue.Elements())) {
		at := req.Path.AtMapKey(name)
		switch {
		case !variableName.MatchString(name):
			resp.Diagnostics.AddAttributeError(at, "Invalid name of a variable",
				fmt.Sprintf("%q is not a name of an environment variable: it takes letters, digits and _, and does not start with a digit.", name))
		case name == "PORT" || strings.HasPrefix(name, "ALOFT_"):
			resp.Diagnostics.AddAttributeError(at, "Reserved name of a variable",
				fmt.Sprintf("%s is set by Aloft for every process. Choose another name.", name))
		}
	}
}

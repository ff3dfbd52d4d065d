package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// computed is a string that the server says, and that an update leaves as it is.
func computed(description string) schema.StringAttribute {
	return schema.StringAttribute{
		MarkdownDescription: description,
		Computed:            true,
		PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
	}
}

func computedID(shape string) schema.StringAttribute {
	return computed("Identifies the resource; also for `terraform import`: " + shape + ".")
}

// environmentAttribute says which environment a resource is in.
func environmentAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		MarkdownDescription: "The environment it belongs to.",
		Required:            true,
		Validators:          []validator.String{keyRule},
		PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
	}
}

// planID puts the id into the plan, and returns it. A plan to delete has none.
func planID(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse, attributes ...string) types.String {
	if req.Plan.Raw.IsNull() {
		return types.StringNull()
	}
	var parts []types.String
	for _, name := range attributes {
		var part types.String
		resp.Diagnostics.Append(req.Plan.GetAttribute(ctx, path.Root(name), &part)...)
		parts = append(parts, part)
	}
	id := joinID(parts...)
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("id"), id)...)
	}
	return id
}

// importPart sets what identifies a resource in an environment; Read adds the rest.
func (c configured) importPart(ctx context.Context, noun string, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	key, name, err := parsePart(req.ID)
	if err != nil {
		diagnose(&resp.Diagnostics, "Cannot import "+noun, err)
		return
	}
	set := func(attribute, value string) diag.Diagnostics {
		return resp.State.SetAttribute(ctx, path.Root(attribute), value)
	}
	resp.Diagnostics.Append(set("id", req.ID)...)
	resp.Diagnostics.Append(set("environment", key.String())...)
	resp.Diagnostics.Append(set("name", name)...)
	c.noteImport(ctx, resp)
}

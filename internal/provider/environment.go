package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/aloft-dev/aloft"
)

// environmentResource is aloft_environment: the group of all that belongs to an
// environment on this machine.
type environmentResource struct{ configured }

type environmentModel struct {
	ID      types.String `tfsdk:"id"`
	Project types.String `tfsdk:"project"`
	Name    types.String `tfsdk:"name"`
	URL     types.String `tfsdk:"url"`
}

func (m environmentModel) key() aloft.EnvironmentKey {
	return aloft.EnvironmentKey{Project: m.Project.ValueString(), Environment: m.Name.ValueString()}
}

func (m environmentModel) identity() identity {
	return identity{"aloft_environment", m.key().String()}
}

func (r *environmentResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "aloft_environment"
}

func (r *environmentResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "An environment on this machine: the group that its apps and databases belong to. They are resources of their own: destroying it removes none of them.",
		Attributes: map[string]schema.Attribute{
			"id": computedID("`project/name`"),
			"project": schema.StringAttribute{
				MarkdownDescription: "Name of the project. Aloft passes it as the variable `project`.",
				Required:            true,
				Validators:          []validator.String{projectRule},
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"name": schema.StringAttribute{
				MarkdownDescription: "Name of the environment, without the branch's `env-`. Aloft passes it as the variable `environment`.",
				Required:            true,
				Validators:          []validator.String{environmentRule},
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"url": computed("Address at which the environment's page, or its only app, answers."),
		},
	}
}

func (r *environmentResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	r.planIdentity(ctx, "aloft_environment", req, resp, "project", "name")
}

func (r *environmentResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var model environmentModel
	if resp.Diagnostics.Append(req.Plan.Get(ctx, &model)...); resp.Diagnostics.HasError() {
		return
	}
	var group aloft.Group
	creation, err := r.ledger.create(model.identity(), func(claim aloft.Claim) (err error) {
		group, err = r.client.PutGroup(ctx, model.key(), claim)
		return err
	}, func() (string, error) {
		there, err := r.client.Group(ctx, model.key())
		return there.Creation, err
	})
	if err != nil {
		diagnose(&resp.Diagnostics, "Cannot create environment "+model.key().String(), err)
		return
	}
	keepCreation(ctx, resp.Private, creation, &resp.Diagnostics)
	model.ID, model.URL = types.StringValue(model.key().String()), types.StringValue(group.URL)
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

func (r *environmentResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var model environmentModel
	if resp.Diagnostics.Append(req.State.Get(ctx, &model)...); resp.Diagnostics.HasError() {
		return
	}
	group, err := r.client.Group(ctx, model.key())
	switch {
	case missing(err):
		resp.State.RemoveResource(ctx)
	case err != nil:
		diagnose(&resp.Diagnostics, "Cannot read environment "+model.key().String(), err)
	case !r.ledger.found(ctx, model.identity(), req, resp, group.Creation):
		resp.State.RemoveResource(ctx)
	default:
		model.ID, model.URL = types.StringValue(model.key().String()), types.StringValue(group.URL)
		resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
	}
}

// Update has nothing to change: every attribute that can be set replaces the resource.
func (r *environmentResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	resp.State.Raw = req.Plan.Raw
}

func (r *environmentResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var model environmentModel
	if resp.Diagnostics.Append(req.State.Get(ctx, &model)...); resp.Diagnostics.HasError() {
		return
	}
	err := r.ledger.delete(model.identity(), creationIn(ctx, req.Private), func(creation string) error {
		return r.client.DeleteGroup(ctx, model.key(), creation)
	})
	if err != nil {
		diagnose(&resp.Diagnostics, "Cannot destroy environment "+model.key().String(), err)
	}
}

func (r *environmentResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	key, err := parseEnvironment(req.ID)
	if err != nil {
		diagnose(&resp.Diagnostics, "Cannot import environment", err)
		return
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("id"), req.ID)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("project"), key.Project)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("name"), key.Environment)...)
	r.noteImport(ctx, resp)
}

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/aloft-dev/aloft"
)

// appResource is aloft_app: a place for an app with a URL. What runs in it, its
// release, arrives by a push.
type appResource struct{ configured }

func (r *appResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "aloft_app"
}

func (r *appResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "An app of an environment: a URL and the way its processes run. The code arrives by `git push`, after the apply.",
		Attributes: map[string]schema.Attribute{
			"id":          computedID("`project/environment/name`"),
			"environment": environmentAttribute(),
			"name": schema.StringAttribute{
				MarkdownDescription: "Name of the app, as in `aloft.yaml`; without that file it is `web`.",
				Required:            true,
				Validators:          []validator.String{partRule},
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"command": schema.StringAttribute{
				MarkdownDescription: "Start command, run with `sh -c`, in place of the one that was detected. It must listen on `$PORT`.",
				Optional:            true,
				Validators:          []validator.String{filled},
			},
			"variables": schema.MapAttribute{
				MarkdownDescription: "Environment variables of the app's processes. A variable that is null is left out.",
				ElementType:         types.StringType,
				Optional:            true,
				Sensitive:           true,
				Validators:          []validator.Map{variableNames{}},
			},
			"instances": schema.Int64Attribute{
				MarkdownDescription: "How many processes share the URL.",
				Optional:            true,
				Computed:            true,
				Default:             int64default.StaticInt64(1),
				Validators:          []validator.Int64{instanceCount{}},
			},
			"health_path": schema.StringAttribute{
				MarkdownDescription: "Path that must answer with a status of 200 to 399 before a new release takes over. Without it, `/` may answer anything below 500.",
				Optional:            true,
				Validators:          []validator.String{healthRule},
			},
			"memory_limit": schema.StringAttribute{
				MarkdownDescription: "Memory that each process may use, with its unit (`MB`, `GB`, `MiB` or `GiB`). Without it there is no limit.",
				Optional:            true,
				Validators:          []validator.String{memoryRule},
			},
			"hosting": schema.StringAttribute{
				MarkdownDescription: "What runs the app, for the output `apps`: always `local`.",
				Computed:            true,
				Default:             stringdefault.StaticString("local"),
			},
			"url": computed("Address at which the app answers."),
		},
	}
}

func (r *appResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	r.planIdentity(ctx, "aloft_app", req, resp, "environment", "name")
}

func (r *appResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var model appModel
	if resp.Diagnostics.Append(req.Plan.Get(ctx, &model)...); resp.Diagnostics.HasError() {
		return
	}
	var slot aloft.Slot
	creation, err := r.ledger.create(model.identity(), func(claim aloft.Claim) (err error) {
		slot, err = r.client.PutSlot(ctx, model.slot(), claim)
		return err
	}, func() (string, error) {
		there, err := r.client.Slot(ctx, keyOf(model.Environment), model.Name.ValueString())
		return there.Creation, err
	})
	if err != nil {
		diagnose(&resp.Diagnostics, "Cannot create app "+model.title(), err, model.secrets()...)
		return
	}
	model.applied(slot)
	keepCreation(ctx, resp.Private, creation, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

func (r *appResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var model appModel
	if resp.Diagnostics.Append(req.State.Get(ctx, &model)...); resp.Diagnostics.HasError() {
		return
	}
	slot, err := r.client.Slot(ctx, keyOf(model.Environment), model.Name.ValueString())
	switch {
	case missing(err):
		resp.State.RemoveResource(ctx)
	case err != nil:
		diagnose(&resp.Diagnostics, "Cannot read app "+model.title(), err, model.secrets()...)
	case !r.ledger.found(ctx, model.identity(), req, resp, slot.Creation):
		resp.State.RemoveResource(ctx)
	default:
		model.found(slot)
		resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
	}
}

func (r *appResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var model appModel
	if resp.Diagnostics.Append(req.Plan.Get(ctx, &model)...); resp.Diagnostics.HasError() {
		return
	}
	slot, err := r.client.PutSlot(ctx, model.slot(), aloft.Claim{Creation: creationIn(ctx, req.Private)})
	if err != nil {
		diagnose(&resp.Diagnostics, "Cannot change app "+model.title(), err, model.secrets()...)
		return
	}
	model.applied(slot)
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

func (r *appResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var model appModel
	if resp.Diagnostics.Append(req.State.Get(ctx, &model)...); resp.Diagnostics.HasError() {
		return
	}
	err := r.ledger.delete(model.identity(), creationIn(ctx, req.Private), func(creation string) error {
		return r.client.DeleteSlot(ctx, keyOf(model.Environment), model.Name.ValueString(), creation)
	})
	if err != nil {
		diagnose(&resp.Diagnostics, "Cannot destroy app "+model.title(), err, model.secrets()...)
	}
}

func (r *appResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	r.importPart(ctx, "app", req, resp)
}

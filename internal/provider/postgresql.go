package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/aloft-dev/aloft"
)

// postgresqlResource is aloft_postgresql: a database with a role of its own on
// the PostgreSQL server that Aloft runs.
type postgresqlResource struct{ configured }

type postgresqlModel struct {
	ID          types.String `tfsdk:"id"`
	Environment types.String `tfsdk:"environment"`
	Name        types.String `tfsdk:"name"`
	Host        types.String `tfsdk:"host"`
	Port        types.Int64  `tfsdk:"port"`
	Database    types.String `tfsdk:"database"`
	Username    types.String `tfsdk:"username"`
	Password    types.String `tfsdk:"password"`
	URL         types.String `tfsdk:"url"`
}

func (m *postgresqlModel) title() string {
	return m.Name.ValueString() + " of " + m.Environment.ValueString()
}

func (m *postgresqlModel) identity() identity {
	return identity{"aloft_postgresql", joinID(m.Environment, m.Name).ValueString()}
}

func (m *postgresqlModel) found(d aloft.Database) {
	m.ID = joinID(m.Environment, m.Name)
	m.Host, m.Port = types.StringValue(d.Host), types.Int64Value(int64(d.Port))
	m.Database, m.Username = types.StringValue(d.Database), types.StringValue(d.Username)
	m.Password, m.URL = types.StringValue(d.Password), types.StringValue(d.URL)
}

func (r *postgresqlResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "aloft_postgresql"
}

func (r *postgresqlResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A PostgreSQL database of an environment, with a role that owns it and that alone may connect to it. Destroying it drops both, and the data.",
		Attributes: map[string]schema.Attribute{
			"id":          computedID("`project/environment/name`"),
			"environment": environmentAttribute(),
			"name": schema.StringAttribute{
				MarkdownDescription: "Tells the databases of an environment apart.",
				Optional:            true,
				Computed:            true,
				Default:             stringdefault.StaticString("main"),
				Validators:          []validator.String{partRule},
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"host": computed("Host of the server."),
			"port": schema.Int64Attribute{
				MarkdownDescription: "Port of the server.",
				Computed:            true,
				PlanModifiers:       []planmodifier.Int64{int64planmodifier.UseStateForUnknown()},
			},
			"database": computed("Name of the database on the server."),
			"username": computed("Name of the role."),
			"password": secret("Password of the role."),
			"url":      secret("All of the above in one, for the variable `DATABASE_URL`: `postgresql://username:password@host:port/database`."),
		},
	}
}

func secret(description string) schema.StringAttribute {
	attribute := computed(description)
	attribute.Sensitive = true
	return attribute
}

func (r *postgresqlResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	r.planIdentity(ctx, "aloft_postgresql", req, resp, "environment", "name")
}

func (r *postgresqlResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var model postgresqlModel
	if resp.Diagnostics.Append(req.Plan.Get(ctx, &model)...); resp.Diagnostics.HasError() {
		return
	}
	var database aloft.Database
	creation, err := r.ledger.create(model.identity(), func(claim aloft.Claim) (err error) {
		database, err = r.client.PutDatabase(ctx, keyOf(model.Environment), model.Name.ValueString(), claim)
		return err
	}, func() (string, error) {
		there, err := r.client.Database(ctx, keyOf(model.Environment), model.Name.ValueString())
		return there.Creation, err
	})
	if err != nil {
		diagnose(&resp.Diagnostics, "Cannot create database "+model.title(), err)
		return
	}
	keepCreation(ctx, resp.Private, creation, &resp.Diagnostics)
	model.found(database)
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

func (r *postgresqlResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var model postgresqlModel
	if resp.Diagnostics.Append(req.State.Get(ctx, &model)...); resp.Diagnostics.HasError() {
		return
	}
	database, err := r.client.Database(ctx, keyOf(model.Environment), model.Name.ValueString())
	switch {
	case missing(err):
		resp.State.RemoveResource(ctx)
	case err != nil:
		diagnose(&resp.Diagnostics, "Cannot read database "+model.title(), err, model.secrets()...)
	case !r.ledger.found(ctx, model.identity(), req, resp, database.Creation):
		resp.State.RemoveResource(ctx)
	default:
		model.found(database)
		resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
	}
}

// Update has nothing to change: every attribute that can be set replaces the resource.
func (r *postgresqlResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	resp.State.Raw = req.Plan.Raw
}

func (r *postgresqlResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var model postgresqlModel
	if resp.Diagnostics.Append(req.State.Get(ctx, &model)...); resp.Diagnostics.HasError() {
		return
	}
	err := r.ledger.delete(model.identity(), creationIn(ctx, req.Private), func(creation string) error {
		return r.client.DeleteDatabase(ctx, keyOf(model.Environment), model.Name.ValueString(), creation)
	})
	if err != nil {
		diagnose(&resp.Diagnostics, "Cannot destroy database "+model.title(), err, model.secrets()...)
	}
}

func (r *postgresqlResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	r.importPart(ctx, "database", req, resp)
}

func (m *postgresqlModel) secrets() []string {
	return []string{m.URL.ValueString(), m.Password.ValueString()}
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	providerschema "github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// The provider of the fake cloud, as Terraform names it. Its host is made up:
// the engines find it in the plugin folder of HOME, without a network.
const (
	providerSource  = "cloud.example/faults/cloud"
	providerVersion = "1.0.0"
	providerProgram = "terraform-provider-cloud"
)

// serveProvider serves the provider to the engine that started this process.
func serveProvider() error {
	return providerserver.Serve(context.Background(),
		func() provider.Provider { return &cloudProvider{} },
		providerserver.ServeOpts{Address: providerSource})
}

// cloudProvider is a real provider for the fake cloud. It has one resource and
// knows the cloud by its URL.
type cloudProvider struct{}

type cloudConfiguration struct {
	Endpoint types.String `tfsdk:"endpoint"`
}

func (*cloudProvider) Metadata(_ context.Context, _ provider.MetadataRequest, response *provider.MetadataResponse) {
	response.TypeName, response.Version = "cloud", providerVersion
}

func (*cloudProvider) Schema(_ context.Context, _ provider.SchemaRequest, response *provider.SchemaResponse) {
	response.Schema = providerschema.Schema{Attributes: map[string]providerschema.Attribute{
		"endpoint": providerschema.StringAttribute{Required: true},
	}}
}

func (*cloudProvider) Configure(ctx context.Context, request provider.ConfigureRequest, response *provider.ConfigureResponse) {
	var c cloudConfiguration
	response.Diagnostics.Append(request.Config.Get(ctx, &c)...)
	response.ResourceData = cloudClient{c.Endpoint.ValueString()}
}

func (*cloudProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{func() resource.Resource { return &thingResource{} }}
}

func (*cloudProvider) DataSources(context.Context) []func() datasource.DataSource { return nil }

// thingResource is cloud_thing.
type thingResource struct{ client cloudClient }

type thingModel struct {
	ID          types.String `tfsdk:"id"`
	Name        types.String `tfsdk:"name"`
	Environment types.String `tfsdk:"environment"`
	Size        types.Int64  `tfsdk:"size"`
}

func (m thingModel) thing() thing {
	return thing{m.ID.ValueString(), m.Name.ValueString(), m.Environment.ValueString(), m.Size.ValueInt64()}
}

func modelOf(t thing) thingModel {
	return thingModel{types.StringValue(t.ID), types.StringValue(t.Name), types.StringValue(t.Environment), types.Int64Value(t.Size)}
}

func (*thingResource) Metadata(_ context.Context, _ resource.MetadataRequest, response *resource.MetadataResponse) {
	response.TypeName = "cloud_thing"
}

func (*thingResource) Schema(_ context.Context, _ resource.SchemaRequest, response *resource.SchemaResponse) {
	response.Schema = schema.Schema{Attributes: map[string]schema.Attribute{
		"id": schema.StringAttribute{
			Computed: true, PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
		},
		"name": schema.StringAttribute{
			Required: true, PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
		},
		"environment": schema.StringAttribute{
			Required: true, PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
		},
		"size": schema.Int64Attribute{Required: true},
	}}
}

func (r *thingResource) Configure(_ context.Context, request resource.ConfigureRequest, _ *resource.ConfigureResponse) {
	if client, ok := request.ProviderData.(cloudClient); ok {
		r.client = client
	}
}

func (r *thingResource) Create(ctx context.Context, request resource.CreateRequest, response *resource.CreateResponse) {
	var m thingModel
	if response.Diagnostics.Append(request.Plan.Get(ctx, &m)...); response.Diagnostics.HasError() {
		return
	}
	made, status, err := r.client.call(ctx, http.MethodPost, "/things", m.thing())
	if status == http.StatusConflict { // in the words of azurerm
		response.Diagnostics.AddError(fmt.Sprintf("A resource with the ID %q already exists - "+
			"to be managed via Terraform this resource needs to be imported into the State.", made.ID), "")
		return
	}
	if err != nil {
		response.Diagnostics.AddError("Cannot create the thing", err.Error())
		return
	}
	response.Diagnostics.Append(response.State.Set(ctx, modelOf(made))...)
}

func (r *thingResource) Read(ctx context.Context, request resource.ReadRequest, response *resource.ReadResponse) {
	var m thingModel
	if response.Diagnostics.Append(request.State.Get(ctx, &m)...); response.Diagnostics.HasError() {
		return
	}
	found, status, err := r.client.call(ctx, http.MethodGet, "/things/"+m.ID.ValueString(), nil)
	switch {
	case status == http.StatusNotFound:
		response.State.RemoveResource(ctx)
	case err != nil:
		response.Diagnostics.AddError("Cannot read the thing", err.Error())
	default:
		response.Diagnostics.Append(response.State.Set(ctx, modelOf(found))...)
	}
}

func (r *thingResource) Update(ctx context.Context, request resource.UpdateRequest, response *resource.UpdateResponse) {
	var m thingModel
	if response.Diagnostics.Append(request.Plan.Get(ctx, &m)...); response.Diagnostics.HasError() {
		return
	}
	changed, _, err := r.client.call(ctx, http.MethodPut, "/things/"+m.ID.ValueString(), m.thing())
	if err != nil {
		response.Diagnostics.AddError("Cannot change the thing", err.Error())
		return
	}
	response.Diagnostics.Append(response.State.Set(ctx, modelOf(changed))...)
}

func (r *thingResource) Delete(ctx context.Context, request resource.DeleteRequest, response *resource.DeleteResponse) {
	var m thingModel
	if response.Diagnostics.Append(request.State.Get(ctx, &m)...); response.Diagnostics.HasError() {
		return
	}
	if _, _, err := r.client.call(ctx, http.MethodDelete, "/things/"+m.ID.ValueString(), nil); err != nil {
		response.Diagnostics.AddError("Cannot delete the thing", err.Error())
	}
}

func (*thingResource) ImportState(ctx context.Context, request resource.ImportStateRequest, response *resource.ImportStateResponse) {
	resource.ImportStatePassthroughID(ctx, path.Root("id"), request, response)
}

// cloudClient calls the cloud at this URL.
type cloudClient struct{ endpoint string }

// call carries a request to its end, also when the engine is asked to stop: to
// give up a creation in the middle would leave a thing that nobody was told of.
// It returns the thing that the cloud answers with, and the status of the
// answer, which is 0 when there was none. A status of 400 or more is an error.
func (c cloudClient) call(ctx context.Context, method, path string, body any) (thing, int, error) {
	var t thing
	var reader io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return t, 0, err
		}
		reader = bytes.NewReader(data)
	}
	request, err := http.NewRequestWithContext(context.WithoutCancel(ctx), method, c.endpoint+path, reader)
	if err != nil {
		return t, 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return t, 0, err
	}
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode >= http.StatusBadRequest {
		_ = json.Unmarshal(data, &t) // a conflict tells of what is there
		err = fmt.Errorf("%s %s: %s: %s", method, path, response.Status, bytes.TrimSpace(data))
	}
	if err == nil && len(data) > 0 {
		err = json.Unmarshal(data, &t)
	}
	return t, response.StatusCode, err
}

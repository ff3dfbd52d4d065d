// Package provider is the Terraform provider of the local target: what an
// environment on this machine consists of, as resources. It is a thin client of
// Aloft's API and is served inside Aloft's own process for the length of a run,
// or as an ordinary plugin.
//
// It may import the root package only; the API's client fits its Client.
package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/aloft-dev/aloft"
)

// Address is the source of the provider in a required_providers block.
const Address = "aloft-dev/aloft"

// Client does what the resources declare. Put makes, changes or repairs, and is
// idempotent; what another creation made is CodeConflict. What does not exist in
// reality is CodeNotFound, whatever was recorded; deleting it, or what another
// creation made, removes nothing and is no error.
type Client interface {
	PutGroup(ctx context.Context, key aloft.EnvironmentKey, claim aloft.Claim) (aloft.Group, error)
	Group(ctx context.Context, key aloft.EnvironmentKey) (aloft.Group, error)
	DeleteGroup(ctx context.Context, key aloft.EnvironmentKey, creation string) error

	PutSlot(ctx context.Context, slot aloft.Slot, claim aloft.Claim) (aloft.Slot, error)
	Slot(ctx context.Context, key aloft.EnvironmentKey, app string) (aloft.Slot, error)
	DeleteSlot(ctx context.Context, key aloft.EnvironmentKey, app, creation string) error

	PutDatabase(ctx context.Context, key aloft.EnvironmentKey, name string, claim aloft.Claim) (aloft.Database, error)
	Database(ctx context.Context, key aloft.EnvironmentKey, name string) (aloft.Database, error)
	DeleteDatabase(ctx context.Context, key aloft.EnvironmentKey, name, creation string) error
}

// Options say whom the provider works for.
type Options struct {
	Client  Client // carries out what is declared; its scope is the scope of the provider
	Version string // of Aloft; told to the engine
	Server  string // names who serves it, for RemoveSockets; letters and digits, may be empty

	// Adopt takes over what exists already and no resource of the state has: it is
	// left from an apply that was cut off, or the state was lost. For who serves one
	// run of one environment, whose state is the only one.
	Adopt bool

	// Destroys tells that the engines destroy everything. They plan the whole
	// configuration before, of which nothing is made: it may hold what is refused.
	Destroys bool
}

// local implements the provider.
type local struct {
	options Options
	ledger  *ledger
	line    *line // on which its engine is
}

func (p *local) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "aloft"
	resp.Version = p.options.Version
}

func (p *local) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{MarkdownDescription: "Environments on one machine, served by Aloft: " +
		"apps with URLs, and the databases they use. It takes no arguments: during a push Aloft serves " +
		"the provider itself, and elsewhere it finds the server that `aloft login` remembered."}
}

func (p *local) Configure(_ context.Context, _ provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	if p.options.Client == nil {
		resp.Diagnostics.AddError("No Aloft server", "The provider works through a running Aloft server.\n\nStart one with: aloft serve")
		return
	}
	resp.ResourceData = configured{p.options.Client, p.ledger, p.line}
}

func (p *local) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{
		func() resource.Resource { return &environmentResource{} },
		func() resource.Resource { return &appResource{} },
		func() resource.Resource { return &postgresqlResource{} },
	}
}

func (p *local) DataSources(context.Context) []func() datasource.DataSource { return nil }

// configured is the part that all resources share: the client they work with, and
// what is known of the others.
type configured struct {
	client Client
	ledger *ledger
	line   *line
}

// Configure receives the provider's client; it is nil while a configuration is
// only validated.
func (c *configured) Configure(_ context.Context, req resource.ConfigureRequest, _ *resource.ConfigureResponse) {
	*c, _ = req.ProviderData.(configured)
}

package provider

import (
	"context"
	"encoding/json"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/aloft-dev/aloft"
)

// The keys in the private state of a resource.
const (
	creationKey = "creation" // which creation it is
	importKey   = "import"   // the engine that imports it
)

// private is the private state of a resource, to be read.
type private interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
}

// creationIn returns which creation the state has; "" = it does not say.
func creationIn(ctx context.Context, state private) string { return textIn(ctx, state, creationKey) }

func textIn(ctx context.Context, state private, key string) string {
	var value string
	text, _ := state.GetKey(ctx, key)
	_ = json.Unmarshal(text, &value) // what is none says nothing
	return value
}

// kept is the private state of a resource, to be written.
type kept interface {
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

// keepCreation writes into the private state which creation it is.
func keepCreation(ctx context.Context, state kept, creation string, d *diag.Diagnostics) {
	keep(ctx, state, creationKey, creation, d)
}

func keep(ctx context.Context, state kept, key, value string, d *diag.Diagnostics) {
	text, _ := json.Marshal(value) // a string can be written
	d.Append(state.SetKey(ctx, key, text)...)
}

// found reports whether what there is is what the state has. A state that does not
// say which creation it has, from an import or from before there were any, takes it.
func (l *ledger) found(ctx context.Context, it identity, req resource.ReadRequest, resp *resource.ReadResponse, there string) bool {
	if mine := creationIn(ctx, req.Private); mine != "" && !aloft.SameCreation(mine, there) {
		return false
	}
	if there == "" {
		there = aloft.FirstCreation
	}
	l.hold(it, there)
	keepCreation(ctx, resp.Private, there, &resp.Diagnostics)
	if textIn(ctx, req.Private, importKey) != l.atWork() { // long ago
		resp.Diagnostics.Append(resp.Private.SetKey(ctx, importKey, nil)...)
	}
	return true
}

// noteImport lets the plan of what is imported know that it is.
func (c configured) noteImport(ctx context.Context, resp *resource.ImportStateResponse) {
	if c.ledger != nil {
		keep(ctx, resp.Private, importKey, c.ledger.atWork(), &resp.Diagnostics)
	}
}

// planIdentity puts the id into the plan as soon as the attributes it is made of
// are known, so that what depends on it is planned with it, and notes what becomes
// of it.
func (c configured) planIdentity(ctx context.Context, kind string, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse, attributes ...string) {
	after := planID(ctx, req, resp, attributes...)
	before := types.StringNull()
	if !req.State.Raw.IsNull() {
		resp.Diagnostics.Append(req.State.GetAttribute(ctx, path.Root("id"), &before)...)
	}
	if resp.Diagnostics.HasError() || c.ledger == nil {
		return
	}
	creation := textIn(ctx, req.Private, creationKey)
	if creation != "" && !before.IsNull() {
		c.ledger.hold(identity{kind, before.ValueString()}, creation) // also where nothing was read
	}
	err := c.ledger.plan(change{
		kind: kind, before: before.ValueString(), after: after.ValueString(), unknown: after.IsUnknown(),
		creation: creation, imported: textIn(ctx, req.Private, importKey) == c.ledger.atWork(), line: c.line,
	})
	if err != nil {
		diagnose(&resp.Diagnostics, "Two resources for one "+kind, err)
	}
}

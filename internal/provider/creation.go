package provider

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/aloft-dev/aloft"
)

// creationKey names, in the private state of a resource, which creation it is.
const creationKey = "creation"

// identity is what only one resource can have.
type identity struct{ kind, id string }

// ledger knows which creations the state has that an engine works with, and what
// the engine plans to do: a provider is told of one resource at a time.
type ledger struct {
	adopts  bool // what exists, and no resource of the state has, is taken over
	mu      sync.Mutex
	held    map[identity]string  // creations that the state has, or that were made since
	planned map[identity]planned // in the plan that is being made
	applied map[identity]planned // in the plan before, which may be applied now
}

// planned is what becomes of an identity.
type planned struct {
	created int
	deleted bool
}

// contested reports whether more than one resource is to make it, or one to make
// and another to delete it.
func (p planned) contested() bool { return p.created > 1 || p.created == 1 && p.deleted }

// begin starts a new plan or apply.
func (l *ledger) begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held == nil {
		l.held = map[identity]string{}
	}
	l.planned, l.applied = map[identity]planned{}, l.planned
}

func (l *ledger) hold(it identity, creation string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held[it] = creation
}

func (l *ledger) holds(it identity, creation string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	mine, ok := l.held[it]
	return ok && aloft.SameCreation(mine, creation)
}

// plan notes what is planned for an identity. It returns all that is planned for it so
// far, and whether it is news that this will be refused. It is no error yet, for an engine that destroys plans the
// whole configuration first; and one that applies plans everything once more.
func (l *ledger) plan(it identity, deletes bool) (p planned, news bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p = l.planned[it]
	known := p.contested() || l.applied[it].contested()
	if deletes {
		p.deleted = true
	} else {
		p.created++
	}
	l.planned[it] = p
	return p, p.contested() && !known
}

// admit refuses to make or delete what the plan has two resources for, whichever of
// them comes first. Engines tell of both, or of the one that they come to.
func (l *ledger) admit(it identity, deletes bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.applied[it]
	switch {
	case !p.contested():
		return nil
	case deletes:
		return aloft.Errorf(aloft.CodeConflict, "it stays: another resource of this configuration claims the %s %s", it.kind, it.id).
			WithHint("if that is its new label, say so with a block `moved`: from = %[1]s.OLD, to = %[1]s.NEW", it.kind)
	case p.deleted:
		return aloft.ExistsAlready(it.kind, it.id)
	}
	return aloft.Errorf(aloft.CodeConflict, "%d resources of this configuration claim the %s %s, and only one can have it", p.created, it.kind, it.id).
		WithHint("give the others another name, or take them out")
}

// delete lets remove delete what the resource has made.
func (l *ledger) delete(it identity, remove func() error) error {
	if err := l.admit(it, true); err != nil {
		return err
	}
	err := remove()
	if missing(err) {
		return nil
	}
	return err
}

// create lets put make something as a new creation. What is there already is
// refused, unless it is left from an apply or of a state that no longer knows:
// then the new creation takes its place, so that a state which does know cannot
// remove it.
func (l *ledger) create(it identity, put func(aloft.Claim) error, find func() (creation string, err error)) (string, error) {
	if err := l.admit(it, false); err != nil {
		return "", err
	}
	claim := aloft.Claim{Creation: rand.Text()}
	err := put(claim)
	if aloft.ErrorCode(err) == aloft.CodeConflict && l.adopts {
		there, failed := find()
		if failed == nil && !l.holds(it, there) {
			claim.Over = there
			err = put(claim)
		}
	}
	if err == nil {
		l.hold(it, claim.Creation)
	}
	return claim.Creation, err
}

// private is the private state of a resource, to be read.
type private interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
}

// creationIn returns which creation the state has; "" = it does not say.
func creationIn(ctx context.Context, state private) string {
	var creation string
	text, _ := state.GetKey(ctx, creationKey)
	_ = json.Unmarshal(text, &creation) // what is none says nothing
	return creation
}

// keepCreation writes into the private state which creation it is.
func keepCreation(ctx context.Context, state interface {
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}, creation string, d *diag.Diagnostics) {
	text, _ := json.Marshal(creation) // a string can be written
	d.Append(state.SetKey(ctx, creationKey, text)...)
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
	return true
}

// planIdentity puts the id into the plan as soon as the attributes it is made of
// are known, so that what depends on it is planned with it, and notes what becomes
// of it.
func (c configured) planIdentity(ctx context.Context, kind string, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse, attributes ...string) {
	id := planID(ctx, req, resp, attributes...)
	deletes := req.Plan.Raw.IsNull()
	if deletes {
		resp.Diagnostics.Append(req.State.GetAttribute(ctx, path.Root("id"), &id)...)
	}
	if resp.Diagnostics.HasError() || id.IsUnknown() || id.IsNull() || c.ledger == nil {
		return
	}
	it := identity{kind, id.ValueString()}
	if !deletes && !req.State.Raw.IsNull() {
		c.holdPrior(ctx, kind, req)
		return
	}
	if p, news := c.ledger.plan(it, deletes); news {
		way := "Give the others another name, or take them out."
		if p.deleted {
			way = "Has the label in the configuration changed? A block `moved` says so."
		}
		resp.Diagnostics.AddWarning("Two resources for one "+kind,
			"Only one can have "+it.id+": to apply this plan is refused, unless it destroys everything. "+way)
	}
}

// holdPrior notes which creation the state has, also where nothing was read.
func (c configured) holdPrior(ctx context.Context, kind string, req resource.ModifyPlanRequest) {
	var id types.String
	if creation := creationIn(ctx, req.Private); creation != "" && !req.State.GetAttribute(ctx, path.Root("id"), &id).HasError() {
		c.ledger.hold(identity{kind, id.ValueString()}, creation)
	}
}

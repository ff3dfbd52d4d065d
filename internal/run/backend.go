package run

import (
	"context"
	"os"

	"github.com/aloft-dev/aloft"
)

// backend is where a configuration keeps its state.
type backend struct {
	Type     string `json:"type"`
	Settings string `json:"settings,omitempty"` // digest; "" = not noted
}

func (c configuration) backend() backend { return backend{c.Backend, c.Settings} }

// same reports whether two backends are one: all that Aloft puts its own in the place
// of are, and of those whose settings were not noted only the type counts.
func (b backend) same(other backend) bool {
	if keptHere(b.Type) || keptHere(other.Type) {
		return keptHere(b.Type) && keptHere(other.Type)
	}
	return b.Type == other.Type && (b.Settings == other.Settings || b.Settings == "" || other.Settings == "")
}

// String names the backend as people know it.
func (b backend) String() string {
	if keptHere(b.Type) {
		return "Aloft's own"
	}
	return "the backend " + b.Type
}

// keptHere reports whether Aloft keeps the state of a backend of that type.
func keptHere(backend string) bool {
	return backend == "" || backend == "http" || backend == "local"
}

// otherBackend refuses to apply with another backend than the newest apply had, while
// the state there holds resources: everything would be made a second time. What was
// moved on a person's word is fine.
func (p *Pipeline) otherBackend(ctx context.Context, key aloft.EnvironmentKey, conf configuration, before applied) error {
	if p.States == nil {
		return nil // nobody could say that it was moved
	}
	now := conf.backend()
	former, there, err := p.formerBackend(ctx, key, before)
	if err != nil || !there || former.same(now) || before.Moved != nil && before.Moved.same(now) {
		return err
	}
	asked := before
	asked.Asked = &now
	if _, err := os.Stat(p.environmentDir(key)); err == nil { // a plan of what was never made leaves nothing
		if err := p.saveApplied(key, asked); err != nil {
			return err
		}
	}
	read := "with the former block: aloft terraform %[1]s -- state pull > FILE"
	if keptHere(former.Type) {
		read = "aloft state show %[1]s > FILE"
	}
	return aloft.Errorf(aloft.CodeConflict, "the state of %s, which holds resources, is in %s, and this commit names %s: everything would be made a second time", key, former, now).
		WithHint("take the block back; or move the state ("+read+"; with the new block: aloft terraform %[1]s -- state push FILE), then: aloft env accept %[1]s", key.Environment)
}

// formerBackend returns where the state of the newest apply is, if it may hold resources.
func (p *Pipeline) formerBackend(ctx context.Context, key aloft.EnvironmentKey, before applied) (former backend, there bool, err error) {
	newest, err := p.newestState(ctx, key)
	here := err == nil && newest.Resources != 0
	conf := before.Attempt
	if conf.Revision == "" {
		conf = before.Last
	}
	if before.none() || conf.keptHere() {
		return backend{}, here, err
	}
	return conf.backend(), true, err
}

// acceptBackend takes the backend that a push was refused for as the one that the
// state was moved to.
func (p *Pipeline) acceptBackend(key aloft.EnvironmentKey) error {
	before, err := p.applied(key)
	if err != nil || before.Asked == nil {
		return err
	}
	before.Moved, before.Asked = before.Asked, nil
	return p.saveApplied(key, before)
}

// leaveState puts aside the state that Aloft has kept, when an apply has gone to
// another backend, where somebody has moved it to.
func (p *Pipeline) leaveState(ctx context.Context, key aloft.EnvironmentKey, conf configuration, before applied) error {
	if p.States == nil || conf.keptHere() || before.Moved == nil {
		return nil
	}
	return p.States.DiscardState(ctx, key)
}

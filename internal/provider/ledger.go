package provider

import (
	"crypto/rand"
	"sync"

	"github.com/aloft-dev/aloft"
)

// identity is what only one resource can have.
type identity struct{ kind, id string }

// ledger knows which creations the state has that an engine works with, and what
// the engine plans to do: a provider is told of one resource at a time, and never
// of its address.
type ledger struct {
	adopts   bool // what exists, and no resource of the state has, is taken over
	destroys bool // engines destroy everything, so that nothing is claimed
	mu       sync.Mutex
	lines    int                  // that engines have open
	engine   string               // names the engine that is at work
	held     map[identity]string  // creations that the state has, or that were made since
	claims   map[identity]*claims // what that engine plans
}

// line is a connection of an engine. It opens one for each configuration of the
// provider, and others when it applies what it has planned, and closes them when
// it ends.
type line struct{ _ byte }

// opened notes a line. The first one is of another engine than those before, whose
// plans are of the past.
func (l *ledger) opened() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lines++; l.lines > 1 {
		return
	}
	l.engine, l.claims = rand.Text(), map[identity]*claims{}
	if l.held == nil {
		l.held = map[identity]string{}
	}
}

func (l *ledger) closed() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines--
}

// atWork names the engine that is at work.
func (l *ledger) atWork() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.engine
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

// change is what an engine plans for one resource.
type change struct {
	kind          string
	before, after string // ids; "" = it is not there
	creation      string // that the state has; "" = it does not say
	imported      bool   // by this plan
	line          *line
}

// plan notes a change, and refuses one that cannot be together with what was
// planned before: then nothing of the plan is carried out.
func (l *ledger) plan(c change) error {
	if l.destroys {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.after == "" || c.before != "" && c.before != c.after {
		it := identity{c.kind, c.before}
		l.of(it).deleted.add(c.creation)
		return l.of(it).conflict(it)
	}
	it := identity{c.kind, c.after}
	claims := l.of(it)
	switch {
	case c.before == "":
		claims.created[c.line]++
		// Its creation tells a resource that is replaced: it was planned once before,
		// as one that stays.
		if c.creation != "" && claims.kept.remove(c.creation) {
			claims.replaced = c.creation
		}
	case c.imported:
		claims.imported[c.line]++
	default:
		claims.kept.add(c.creation)
	}
	return claims.conflict(it)
}

// of returns the claims to an identity. The ledger is locked.
func (l *ledger) of(it identity) *claims {
	if l.claims[it] == nil {
		l.claims[it] = &claims{created: map[*line]int{}, imported: map[*line]int{}, deleted: creations{}, kept: creations{}}
	}
	return l.claims[it]
}

// admit refuses what is not to be carried out: names that become known only while a
// plan is applied can still collide.
func (l *ledger) admit(it identity) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.of(it).conflict(it)
}

// delete lets remove delete what the resource has made.
func (l *ledger) delete(it identity, remove func() error) error {
	if err := l.admit(it); err != nil {
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
	if err := l.admit(it); err != nil {
		return "", err
	}
	claim := aloft.Claim{Creation: rand.Text()}
	err := put(claim)
	if aloft.ErrorCode(err) == aloft.CodeConflict {
		there, failed := find()
		switch {
		case failed != nil:
		case l.replaces(it, there):
			return "", tooEarly(it)
		case l.adopts && !l.holds(it, there):
			claim.Over = there
			err = put(claim)
		}
	}
	if err == nil {
		l.hold(it, claim.Creation)
	}
	return claim.Creation, err
}

// replaces reports whether the plan replaces that creation by another one of the
// same identity.
func (l *ledger) replaces(it identity, creation string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	old := l.of(it).replaced
	return old != "" && aloft.SameCreation(old, creation)
}

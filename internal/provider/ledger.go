package provider

import (
	"cmp"
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
	making   map[string]bool      // creations that are being made
	claims   map[identity]*claims // what that engine plans
	unnamed  map[string]*unnamed  // by kind, what it plans under names that it does not know yet
}

func newLedger(options Options) *ledger {
	return &ledger{
		adopts: options.Adopt, destroys: options.Destroys,
		held: map[identity]string{}, making: map[string]bool{},
	}
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
	l.engine, l.claims, l.unnamed = rand.Text(), map[identity]*claims{}, map[string]*unnamed{}
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

// has returns which creation the state has; "" = it does not say.
func (l *ledger) has(it identity) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.held[it]
}

func (l *ledger) holds(it identity, creation string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	mine, ok := l.held[it]
	return ok && aloft.SameCreation(mine, creation) || l.making[creation]
}

// make lets put make a creation, which nobody takes over meanwhile.
func (l *ledger) make(it identity, claim aloft.Claim, put func(aloft.Claim) error) error {
	l.mark(claim.Creation, true)
	defer l.mark(claim.Creation, false)
	err := put(claim)
	if err == nil {
		l.hold(it, claim.Creation)
	}
	return err
}

func (l *ledger) mark(creation string, making bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.making[creation] = making; !making {
		delete(l.making, creation)
	}
}

// change is what an engine plans for one resource.
type change struct {
	kind          string
	before, after string // ids; "" = it is not there
	unknown       bool   // after is, until the plan is applied
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
	if l.unnamed[c.kind] == nil {
		l.unnamed[c.kind] = &unnamed{}
	}
	switch goes := c.after == "" || c.before != "" && c.before != c.after; {
	case c.unknown:
		return l.unnamed[c.kind].note(c, false)
	case goes:
		it := identity{c.kind, c.before}
		l.of(it).deleted.add(c.creation)
		return cmp.Or(l.of(it).conflict(it), l.unnamed[c.kind].note(c, true))
	}
	it := identity{c.kind, c.after}
	l.of(it).note(c)
	return l.of(it).conflict(it)
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

// delete lets remove delete what the resource has made. Of one that is tainted an
// engine does not say which creation it is: it is the one that was read.
func (l *ledger) delete(it identity, creation string, remove func(creation string) error) error {
	if err := l.admit(it); err != nil {
		return err
	}
	err := remove(cmp.Or(creation, l.has(it)))
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
	err := l.make(it, claim, put)
	if aloft.ErrorCode(err) == aloft.CodeConflict {
		there, failed := find()
		switch {
		case failed != nil:
		case l.replaces(it, there):
			return "", tooEarly(it)
		case l.adopts && !l.holds(it, there):
			claim.Over = there
			err = l.make(it, claim, put)
		}
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

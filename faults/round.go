package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/aloft-dev/aloft"
)

// How long things may take before the suite says that they do not happen.
const (
	settleTime = 60 * time.Second
	answerTime = 2 * time.Minute
)

// round is one fault: an operation, harm, and what came of it.
type round struct {
	*bench
	planned
	seed      uint64
	number    int
	operation operation
	step      string // the boundary, for kill-step
	project   *project
	other     *project
	names     int
	since     int64 // the newest run before the operation
	goals     map[string]goal
	over      chan struct{} // closed when the operation has been answered
	client    context.CancelFunc
	mended    func() error // undoes harm that lasts; nil = nothing to undo
	moment    string
	found     []string
	undone    error // why the harm could not be done
	broken    []violation
}

// goal is what somebody wants of an environment.
type goal struct {
	project *project
	commit  string // "" = that there is none
	any     bool   // whatever its runs say
}

func (r *round) aim(p *project, c commit) {
	r.goals[p.key.Environment] = goal{project: p, commit: c.id}
}
func (r *round) aimAtNothing(p *project) { r.goals[p.key.Environment] = goal{project: p} }
func (r *round) note(format string, args ...any) {
	r.found = append(r.found, fmt.Sprintf(format, args...))
}

// keep wants an environment to stay as it is.
func (r *round) keep(p *project) { r.goals[p.key.Environment] = goal{project: p, any: true} }

// newRound plans the round with that number.
func newRound(b *bench, seed uint64, kinds []kind, number int) *round {
	r := &round{bench: b, planned: schedule(seed, kinds, number), seed: seed, number: number, goals: map[string]goal{}, over: make(chan struct{})}
	during := r.kind.during
	if during == nil {
		for _, o := range operations {
			during = append(during, o.name)
		}
	}
	r.operation = operationNamed(during[r.random.IntN(len(during))])
	if r.kind.name == "kill-step" {
		all := boundaries(seed)
		chosen := all[r.nth%len(all)]
		r.operation, r.step = operationNamed(chosen.operation), chosen.step
	}
	first := r.random.IntN(len(environments))
	second := (first + 1 + r.random.IntN(len(environments)-1)) % len(environments)
	r.project, r.other = b.projects[environments[first]], b.projects[environments[second]]
	return r
}

// what names the operation and where.
func (r *round) what() string {
	name := r.operation.name
	if r.kind.scene != nil {
		name = "life"
	}
	return name + " of " + r.project.key.Environment
}

// play takes the round from a world at rest to a world at rest.
func (r *round) play(ctx context.Context) []violation {
	if err := r.prepare(ctx); err != nil {
		return r.failed(blocked, "cannot prepare", err)
	}
	var err error
	if r.since, err = r.records.newest(); err != nil {
		return r.failed(wrong, "cannot read the records", err)
	}
	if r.kind.big {
		r.cloud.pace(10*time.Millisecond, 60*time.Millisecond)
	}
	answered := r.carryOut(ctx)
	r.cloud.thaw()
	r.cloud.pace(time.Millisecond, 10*time.Millisecond)
	r.cloud.allowTwins(false)
	if r.mended != nil {
		err = r.mended()
	}
	if err = errors.Join(err, r.up(ctx)); err != nil {
		return r.failed(blocked, "the server does not come back", err)
	}
	violations := r.broken
	if len(violations) == 0 {
		violations = r.settle(ctx)
	}
	r.report()
	if r.undone != nil {
		violations = append(violations, r.failed(wrong, "the harm was not done", r.undone)...)
	}
	if len(violations) == 0 {
		violations = r.compare(answered)
	}
	if len(violations) == 0 {
		violations = r.fulfil(ctx)
	}
	return violations
}

func (r *round) failed(h harm, what string, err error) []violation {
	return []violation{{invariant{text: "the suite can go on", harm: h}, fmt.Sprintf("%s: %v", what, err)}}
}

// broke notes what is not as it has to be in the middle of a scene.
func (r *round) broke(h harm, format string, args ...any) {
	r.broken = append(r.broken, violation{invariant{text: "the scene goes as it has to", harm: h}, fmt.Sprintf(format, args...)})
}

// carryOut lets the operation and the harm happen, and returns what whoever
// asked for the operation was answered.
func (r *round) carryOut(ctx context.Context) error {
	if r.kind.scene != nil {
		what, err := r.kind.scene(ctx, r)
		r.moment = what
		close(r.over)
		r.undone = err
		return errNotAsked
	}
	doing, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	r.client = cancel
	var answered error
	go func() {
		defer close(r.over)
		answered = r.operation.do(doing, r)
	}()
	what, err := r.kind.inject(ctx, r)
	r.moment = what
	r.undone = err
	<-r.over
	return answered
}

var errNotAsked = errors.New("the harm was in the asking")

// settle waits until the world is at rest and all is well, and returns what is
// not, if that time does not come.
func (r *round) settle(ctx context.Context) []violation {
	var last []violation
	calm := 0
	_ = wait(ctx, settleTime, func() error {
		if last = r.look(ctx); len(last) > 0 {
			calm = 0
			return errors.New(last[0].String())
		}
		if calm++; calm < 2 {
			return errors.New("it may be about to move")
		}
		return nil
	})
	return last
}

// runsSince returns the runs of the round's environments.
func (r *round) runsSince() ([]aloft.Run, error) {
	runs, err := r.records.runs(r.project.key, r.since)
	if err != nil || r.operation.name != "two at once" && r.kind.scene == nil {
		return runs, err
	}
	others, err := r.records.runs(r.other.key, r.since)
	return append(runs, others...), err
}

// report notes what became of the runs.
func (r *round) report() {
	runs, err := r.runsSince()
	if err != nil {
		r.note("cannot read the runs: %v", err)
	}
	for _, run := range runs {
		text := fmt.Sprintf("run %d %s %s", run.ID, run.Operation, run.Status)
		if run.Status == aloft.RunFailed {
			text += fmt.Sprintf(" (%.60s)", firstLine(run.Error))
		}
		log, _ := os.ReadFile(r.logPath(run.ID))
		if n := strings.Count(string(log), "the run was cut off"); n > 0 {
			text += ", taken up again"
		}
		if strings.Contains(string(log), "released the lock") {
			text += ", lock released"
		}
		r.found = append(r.found, text)
	}
	if len(runs) == 0 {
		r.note("no run")
	}
}

func (r *round) logPath(run int64) string { return r.server.data("runs", fmt.Sprintf("%d.log", run)) }

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// compare wants what was answered to be true: who was told that it is done
// must find it done.
func (r *round) compare(answered error) []violation {
	if errors.Is(answered, errAccepted) {
		return r.failed(wrong, "wrong answer", answered)
	}
	if answered != nil {
		return nil
	}
	for _, g := range r.goals {
		if reached, state, err := r.reached(g); err != nil {
			return r.failed(wrong, "cannot read the records", err)
		} else if !reached {
			return r.failed(wrong, "a push was answered with success", fmt.Errorf("%s is %s", g.project.key, state))
		}
	}
	return nil
}

// reached tells whether a goal is reached, and where the environment is.
func (r *round) reached(g goal) (bool, string, error) {
	runs, err := r.records.runs(g.project.key, 0)
	if err != nil {
		return false, "", err
	}
	expected := expect(runs)
	record, ok, err := r.records.environment(g.project.key)
	gone := !ok || record.Status == aloft.EnvironmentDestroyed
	state := fmt.Sprintf("%s at %.8s", record.Status, record.Revision)
	switch {
	case err != nil:
		return false, state, err
	case expected.failed:
		return false, state + ", run " + fmt.Sprint(expected.last.ID) + " failed", nil
	case g.any:
		return gone || record.Status == aloft.EnvironmentReady, state, nil
	case g.commit == "":
		return gone, state, nil
	}
	return record.Status == aloft.EnvironmentReady && record.Revision == g.commit, state, nil
}

// fulfil asks again for what was not reached: a failed run must not be in the
// way of the next.
func (r *round) fulfil(ctx context.Context) []violation {
	for _, g := range r.goals {
		reached, state, err := r.reached(g)
		if err != nil {
			return r.failed(wrong, "cannot read the records", err)
		}
		if reached {
			continue
		}
		r.note("asked again (%s)", state)
		if g.commit == "" && !g.any {
			err = r.remove(ctx, g.project)
		} else {
			err = r.refresh(ctx, g.project)
		}
		if err != nil {
			return r.failed(blocked, "the same again does not succeed", err)
		}
		if violations := r.settle(ctx); len(violations) > 0 {
			return violations
		}
	}
	return nil
}

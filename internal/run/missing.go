package run

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft"
)

// missing lists what the last apply has left on the local target and is gone
// without a run, since somebody used Terraform past the server. It looks away while
// a state is locked, for somebody is at work, and where a later run has changed it:
// that one tells how it ended, or what is remembered here is older than it.
func (p *Pipeline) missing(ctx context.Context, key aloft.EnvironmentKey) ([]string, error) {
	before, err := p.applied(key)
	if err != nil || p.Local == nil || p.States == nil || before.State == nil || before.Attempt.Revision != before.Last.Revision {
		return nil, err
	}
	if lock, err := p.States.StateLock(ctx, key); lock.ID != "" {
		return nil, nil
	} else if err != nil && aloft.ErrorCode(err) != aloft.CodeNotFound {
		return nil, err
	}
	later, err := p.laterRun(ctx, key, before)
	if err != nil || later {
		return nil, err
	}
	there, err := p.Local.Made(ctx, key)
	if err != nil {
		return nil, err
	}
	if before.Made == nil && len(there) > 0 {
		return nil, p.noteMade(ctx, key, before, there)
	}
	return slices.DeleteFunc(slices.Clone(before.Made), func(thing string) bool { return slices.Contains(there, thing) }), nil
}

// noteMade keeps what an apply has left that did not note it yet, if nobody has used
// Terraform since.
func (p *Pipeline) noteMade(ctx context.Context, key aloft.EnvironmentKey, before applied, made []string) error {
	asLeft, err := p.asLeft(ctx, key, before)
	if err != nil || !asLeft {
		return err
	}
	now := before
	now.Made = made
	return p.saveApplied(key, now)
}

// laterRun reports whether a run has written the state since the last apply that is
// known, other than one that applied the same.
func (p *Pipeline) laterRun(ctx context.Context, key aloft.EnvironmentKey, before applied) (bool, error) {
	versions, err := p.States.StateVersions(ctx, key)
	if err != nil && aloft.ErrorCode(err) != aloft.CodeNotFound {
		return false, err
	}
	return slices.ContainsFunc(versions, func(v aloft.StateVersion) bool {
		return v.Version > before.State.Version && v.RunID != 0 && v.RunID != before.Attempt.RunID
	}), nil
}

// moved tells when the local target of an environment of local resources is elsewhere
// than at the last apply, such as after a restore: what its Terraform and its apps know
// is where it was. Where an apply could do more than correct that, the next push does it.
func (p *Pipeline) moved(ctx context.Context, key aloft.EnvironmentKey) (string, error) {
	before, err := p.applied(key)
	if err != nil || before.Last.Place == "" || before.State == nil || !before.local() || before.Attempt.Revision != before.Last.Revision {
		return "", err
	}
	asLeft, err := p.asLeft(ctx, key, before)
	if err != nil || !asLeft {
		return "", err
	}
	if lock, err := p.States.StateLock(ctx, key); lock.ID != "" || err != nil && aloft.ErrorCode(err) != aloft.CodeNotFound {
		return "", err
	}
	place, err := p.where(ctx, key, before.Last)
	if err != nil || place == before.Last.Place {
		return "", err
	}
	return fmt.Sprintf("it was at %s, and is at %s", before.Last.Place, place), nil
}

// unmade lists what only an apply can make again or correct: a lost state, what is
// missing, and what tells of another place.
func (p *Pipeline) unmade(ctx context.Context, key aloft.EnvironmentKey) ([]string, error) {
	gone, err := p.missing(ctx, key)
	if err != nil {
		return nil, err
	}
	var differences []string
	for _, thing := range gone {
		differences = append(differences, thing+" is missing")
	}
	lost, err := p.lostState(ctx, key)
	if lost {
		differences = append(differences, "its Terraform state is gone")
	}
	if err != nil || len(differences) > 0 {
		return differences, err
	}
	moved, err := p.moved(ctx, key)
	if moved != "" {
		differences = append(differences, moved)
	}
	return differences, err
}

// missingBesides looks whether something is missing of an environment that has more
// than local resources. An apply that makes it again would undo what else somebody
// has done with Terraform: only a person can tell.
func (p *Pipeline) missingBesides(ctx context.Context, key aloft.EnvironmentKey) (disagreement, error) {
	before, err := p.applied(key)
	if err != nil || before.local() {
		return "", err
	}
	gone, err := p.missing(ctx, key)
	if err != nil || len(gone) == 0 {
		return "", err
	}
	return disagreement(fmt.Sprintf(
		"of what run %d made there is missing, without a run: %s; make it again (aloft up %[3]s), or take what is there as right: aloft env accept %[3]s",
		before.Last.RunID, strings.Join(gone, ", "), key.Environment)), nil
}

package git

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	aloft "github.com/aloft-dev/aloft"
)

// Branch returns the commit that a branch points at, "" when there is no such
// branch. An unknown project is CodeNotFound.
func (r *Remote) Branch(ctx context.Context, project, branch string) (string, error) {
	if _, err := branchRef(branch); err != nil {
		return "", err
	}
	branches, err := r.list(ctx, project, heads+branch)
	return branches[branch], err
}

// Branches returns the commits of all branches whose names start with prefix, by
// branch name. An unknown project is CodeNotFound.
func (r *Remote) Branches(ctx context.Context, project, prefix string) (map[string]string, error) {
	branches, err := r.list(ctx, project, heads)
	for branch := range branches {
		if !strings.HasPrefix(branch, prefix) {
			delete(branches, branch)
		}
	}
	return branches, err
}

func (r *Remote) list(ctx context.Context, project, pattern string) (map[string]string, error) {
	path, err := r.repository(project)
	if err != nil {
		return nil, err
	}
	out, err := r.output(ctx, path, nil, "for-each-ref", "--format=%(objectname) %(refname)", pattern)
	if err != nil {
		return nil, fmt.Errorf("cannot list the branches of %s: %w", project, err)
	}
	branches := make(map[string]string)
	for line := range strings.Lines(string(out)) {
		id, ref, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		branches[strings.TrimPrefix(ref, heads)] = id
	}
	return branches, nil
}

// MoveBranch makes a branch point at a commit, wherever it was before. Moving it
// where it is does nothing. A branch whose name is the folder of another one (a
// and a/b) is CodeConflict, a revision that is no commit here is CodeNotFound.
func (r *Remote) MoveBranch(ctx context.Context, project, branch, revision string) error {
	if err := validateID(revision); err != nil {
		return err
	}
	return r.move(ctx, refMove{project: project, branch: branch, verb: "update", to: revision})
}

// DeleteBranch deletes a branch. Deleting one that is not there does nothing.
func (r *Remote) DeleteBranch(ctx context.Context, project, branch string) error {
	return r.move(ctx, refMove{project: project, branch: branch, verb: "delete"})
}

// UpdateRef carries out an update of a branch as git itself would: only when the
// branch still is at update.Old, else CodeConflict. When it already is where the
// update wants it, that does nothing.
func (r *Remote) UpdateRef(ctx context.Context, project string, update aloft.RefUpdate) error {
	branch, ok := strings.CutPrefix(update.Ref, heads)
	if !ok {
		return aloft.Errorf(aloft.CodeInvalid, "%q is not a branch", update.Ref)
	}
	for _, id := range []string{update.Old, update.New} {
		if id != "" && validateID(id) != nil {
			return validateID(id)
		}
	}
	if now, err := r.Branch(ctx, project, branch); err != nil || now == update.New {
		return err
	}
	if update.New == "" {
		return r.move(ctx, refMove{project: project, branch: branch, verb: "delete", from: update.Old})
	}
	old := update.Old
	if old == "" {
		old = strings.Repeat("0", len(update.New))
	}
	return r.move(ctx, refMove{project: project, branch: branch, verb: "update", to: update.New, from: old})
}

// refMove is one command of git update-ref --stdin.
type refMove struct {
	project, branch string
	verb            string // update or delete
	to              string // commit of an update
	from            string // where the branch must be; "" = anywhere
}

func (r *Remote) move(ctx context.Context, m refMove) error {
	if _, err := branchRef(m.branch); err != nil {
		return err
	}
	path, err := r.repository(m.project)
	if err != nil {
		return err
	}
	command := m.verb + " " + heads + m.branch
	for _, id := range []string{m.to, m.from} {
		if id != "" {
			command += " " + id
		}
	}
	if err = r.updateRef(ctx, path, command); err != nil {
		return r.explainMove(ctx, m, err)
	}
	return nil
}

// refTries is how often a ref is tried that others of ours are at.
const refTries = 20

// updateRef carries out one command of git update-ref --stdin. A lock that another
// process has is waited for by git itself; a folder of refs that another has just
// removed, since it became empty, is not: git makes it and finds it gone.
func (r *Remote) updateRef(ctx context.Context, path, command string) (err error) {
	for try := range refTries {
		_, err = r.output(ctx, path, strings.NewReader(command+"\n"), "update-ref", "--stdin")
		if !vanished(err) {
			break
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(time.Duration(try+1) * 10 * time.Millisecond):
		}
	}
	return err
}

// vanished reports whether git has failed since the place of a ref went meanwhile.
func vanished(err error) bool {
	command, ok := asCommandError(err)
	if !ok {
		return false
	}
	return strings.Contains(command.Stderr, ".lock': No such file or directory") ||
		strings.Contains(command.Stderr, "unable to resolve reference")
}

// explainMove finds out why a branch could not be moved.
func (r *Remote) explainMove(ctx context.Context, m refMove, cause error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("cannot move branch %s of %s: %w", m.branch, m.project, cause)
	}
	if m.to != "" && errors.Is(r.requireCommit(ctx, m.project, m.to), errNoCommit) {
		return aloft.Errorf(aloft.CodeNotFound, "cannot move branch %s of %s: there is no commit %s", m.branch, m.project, m.to)
	}
	branches, err := r.list(ctx, m.project, heads)
	if err != nil {
		return err
	}
	for other := range branches {
		if strings.HasPrefix(other, m.branch+"/") || strings.HasPrefix(m.branch, other+"/") {
			return aloft.Errorf(aloft.CodeConflict,
				"cannot make branch %s of %s: there is a branch %s, and a branch cannot be a folder at the same time", m.branch, m.project, other)
		}
	}
	if m.from == "" {
		return aloft.Errorf(aloft.CodeUnavailable, "cannot move branch %s of %s: %w", m.branch, m.project, cause).
			WithHint("look for room on the disk of the data folder, and at the rights of its files")
	}
	return aloft.Errorf(aloft.CodeConflict, "cannot move branch %s of %s: it was moved meanwhile: %w", m.branch, m.project, cause).
		WithHint("fetch, look at what changed, and push again")
}

// Hold keeps a commit and all it needs from being collected until Unhold, also
// when no branch leads to it. The name, such as run-7, is unique per project;
// holding under it again replaces what was held.
func (r *Remote) Hold(ctx context.Context, project, name, revision string) error {
	if err := validateID(revision); err != nil {
		return err
	}
	return r.hold(ctx, project, name, "update", revision)
}

// Held returns the commit that is held under the name, "" when there is none.
func (r *Remote) Held(ctx context.Context, project, name string) (string, error) {
	if !validName(name) {
		return "", aloft.Errorf(aloft.CodeInvalid, "%q is not a valid name to hold a commit under", name)
	}
	held, err := r.list(ctx, project, holds+name)
	return held[holds+name], err
}

// Holds returns the names under a folder that something is held under, sorted.
func (r *Remote) Holds(ctx context.Context, project, folder string) ([]string, error) {
	if !validName(folder) {
		return nil, aloft.Errorf(aloft.CodeInvalid, "%q is not a valid name to hold a commit under", folder)
	}
	held, err := r.list(ctx, project, holds+folder+"/")
	var names []string
	for ref := range held {
		names = append(names, strings.TrimPrefix(ref, holds))
	}
	slices.Sort(names)
	return names, err
}

// Unhold lets go of what was held under the name, if anything.
func (r *Remote) Unhold(ctx context.Context, project, name string) error {
	return r.hold(ctx, project, name, "delete")
}

func (r *Remote) hold(ctx context.Context, project, name, verb string, ids ...string) error {
	if !validName(name) {
		return aloft.Errorf(aloft.CodeInvalid, "%q is not a valid name to hold a commit under", name)
	}
	path, err := r.repository(project)
	if err != nil {
		return err
	}
	line := strings.Join(append([]string{verb, holds + name}, ids...), " ")
	if err = r.updateRef(ctx, path, line); err != nil {
		return fmt.Errorf("cannot %s what %s holds of %s: %w", verb, name, project, err)
	}
	return nil
}

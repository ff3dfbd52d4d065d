package git

import (
	"context"
	"errors"
	"fmt"
	"strings"

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
	return r.move(ctx, project, branch, "update "+heads+branch, revision)
}

// DeleteBranch deletes a branch. Deleting one that is not there does nothing.
func (r *Remote) DeleteBranch(ctx context.Context, project, branch string) error {
	return r.move(ctx, project, branch, "delete "+heads+branch)
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
		return r.move(ctx, project, branch, "delete "+update.Ref, update.Old)
	}
	old := update.Old
	if old == "" {
		old = strings.Repeat("0", len(update.New))
	}
	return r.move(ctx, project, branch, "update "+update.Ref, update.New, old)
}

// move runs one command of git update-ref --stdin: a verb with the ref, and ids.
func (r *Remote) move(ctx context.Context, project, branch, verb string, ids ...string) error {
	if _, err := branchRef(branch); err != nil {
		return err
	}
	path, err := r.repository(project)
	if err != nil {
		return err
	}
	_, err = r.output(ctx, path, strings.NewReader(strings.Join(append([]string{verb}, ids...), " ")+"\n"),
		"update-ref", "--stdin")
	if err != nil {
		return r.explainMove(ctx, project, branch, ids, err)
	}
	return nil
}

// explainMove finds out why a branch could not be moved.
func (r *Remote) explainMove(ctx context.Context, project, branch string, ids []string, cause error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("cannot move branch %s of %s: %w", branch, project, cause)
	}
	if len(ids) > 0 && !zero(ids[0]) && errors.Is(r.requireCommit(ctx, project, ids[0]), errNoCommit) {
		return aloft.Errorf(aloft.CodeNotFound, "cannot move branch %s of %s: there is no commit %s", branch, project, ids[0])
	}
	branches, err := r.list(ctx, project, heads)
	if err != nil {
		return err
	}
	for other := range branches {
		if strings.HasPrefix(other, branch+"/") || strings.HasPrefix(branch, other+"/") {
			return aloft.Errorf(aloft.CodeConflict,
				"cannot make branch %s of %s: there is a branch %s, and a branch cannot be a folder at the same time", branch, project, other)
		}
	}
	return aloft.Errorf(aloft.CodeConflict, "cannot move branch %s of %s: it was moved meanwhile: %w", branch, project, cause).
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
	line := strings.Join(append([]string{verb, "refs/aloft/" + name}, ids...), " ")
	if _, err = r.output(ctx, path, strings.NewReader(line+"\n"), "update-ref", "--stdin"); err != nil {
		return fmt.Errorf("cannot %s what %s holds of %s: %w", verb, name, project, err)
	}
	return nil
}

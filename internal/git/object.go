package git

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	aloft "github.com/aloft-dev/aloft"
)

var errNoCommit = errors.New("no such commit")

// Commit returns what is shown of a commit. One that is not in the repository is
// CodeNotFound.
func (r *Remote) Commit(ctx context.Context, project, revision string) (aloft.Commit, error) {
	repository, err := r.revision(project, revision)
	if err != nil {
		return aloft.Commit{}, err
	}
	commits, err := r.readCommits(ctx, repository, "-1", commitOf(revision))
	if err == nil && len(commits) != 1 {
		err = errors.New("git's answer is not understood")
	}
	if err != nil {
		return aloft.Commit{}, r.explain(ctx, project, revision, fmt.Errorf("cannot read commit %s of %s: %w", revision, project, err))
	}
	return commits[0], nil
}

// Lacking returns the commits that a revision has and another lacks, the newest
// first, as many as limit.
func (r *Remote) Lacking(ctx context.Context, project, revision, other string, limit int) ([]aloft.Commit, error) {
	repository, err := r.repository(project)
	if err == nil {
		err = r.requireCommit(ctx, project, revision, other)
	}
	if err != nil {
		return nil, err
	}
	commits, err := r.readCommits(ctx, repository, fmt.Sprint("-", limit), other+".."+revision)
	if err != nil {
		return nil, fmt.Errorf("cannot compare commits of %s: %w", project, err)
	}
	return commits, nil
}

// readCommits reads what is shown of commits.
func (r *Remote) readCommits(ctx context.Context, repository, limit, revisions string) ([]aloft.Commit, error) {
	out, err := r.output(ctx, repository, nil, "log", limit, "-z", "--no-show-signature", "--no-decorate", "--no-notes", "--no-mailmap",
		"--format=%H%x00%ct%x00%<(300,trunc)%an%x00%<(300,trunc)%ae%x00%<(300,trunc)%s", revisions, "--")
	if err != nil || len(out) == 0 {
		return nil, err
	}
	fields := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
	if len(fields)%5 != 0 {
		return nil, errors.New("git's answer is not understood")
	}
	var commits []aloft.Commit
	for one := range slices.Chunk(fields, 5) {
		seconds, err := strconv.ParseInt(one[1], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("the time of commit %s: %w", one[0], err)
		}
		commits = append(commits, aloft.Commit{
			ID: one[0], Author: oneLine(one[2] + " <" + strings.TrimSpace(one[3]) + ">"), Subject: oneLine(one[4]),
			Time: time.Unix(seconds, 0).UTC(),
		})
	}
	return commits, nil
}

// Tree returns the object id of a folder in a commit: folders with equal ids have
// equal contents. The path is relative to the root, which is "." or "". A missing
// folder is CodeNotFound, a path that is no folder CodeInvalid.
func (r *Remote) Tree(ctx context.Context, project, revision, folder string) (string, error) {
	repository, err := r.revision(project, revision)
	if err != nil {
		return "", err
	}
	if folder = path.Clean(folder); folder == "." {
		out, err := r.output(ctx, repository, nil, "rev-parse", "--verify", commitOf(revision)+"^{tree}")
		if err != nil {
			return "", r.explain(ctx, project, revision, fmt.Errorf("cannot read commit %s of %s: %w", revision, project, err))
		}
		return strings.TrimSpace(string(out)), nil
	}
	out, err := r.output(ctx, repository, nil, "ls-tree", "-z", "--full-tree", commitOf(revision), "--", folder)
	if err != nil {
		return "", r.explain(ctx, project, revision, fmt.Errorf("cannot read folder %q of %s: %w", folder, project, err))
	}
	for record := range strings.SplitSeq(string(out), "\x00") {
		entry, ok := parseEntry(record)
		switch {
		case !ok || entry.path != folder:
		case entry.kind != "tree":
			return "", aloft.Errorf(aloft.CodeInvalid, "%q is not a folder in commit %.12s", folder, revision)
		default:
			return entry.id, nil
		}
	}
	return "", aloft.Errorf(aloft.CodeNotFound, "there is no folder %q in commit %.12s", folder, revision)
}

// revision returns the path of the project's repository, which should have the commit.
func (r *Remote) revision(project, revision string) (string, error) {
	repository, err := r.repository(project)
	if err == nil {
		err = validateID(revision)
	}
	return repository, err
}

// commitOf names an object in a way that git refuses unless it is a commit.
func commitOf(revision string) string { return revision + "^{commit}" }

// explain finds out whether a command failed because there is no such commit.
// Asking git that before each command would cost a process each time.
func (r *Remote) explain(ctx context.Context, project, revision string, cause error) error {
	if errors.Is(r.requireCommit(ctx, project, revision), errNoCommit) {
		return aloft.Errorf(aloft.CodeNotFound, "there is no commit %s in project %s", revision, project)
	}
	return cause
}

// requireCommit returns errNoCommit unless all ids are commits of the repository.
func (r *Remote) requireCommit(ctx context.Context, project string, ids ...string) error {
	repository, err := r.repository(project)
	if err != nil {
		return err
	}
	out, err := r.output(ctx, repository, strings.NewReader(strings.Join(ids, "\n")+"\n"),
		"cat-file", "--batch-check=%(objecttype)")
	if err != nil {
		return fmt.Errorf("cannot look up commits of %s: %w", project, err)
	}
	if strings.Count(string(out), "commit\n") != len(ids) {
		return errNoCommit
	}
	return nil
}

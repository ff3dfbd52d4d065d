package git

import (
	"context"
	"errors"
	"fmt"
	"path"
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
	out, err := r.output(ctx, repository, nil, "log", "-1", "--no-show-signature", "--no-decorate", "--no-notes", "--no-mailmap",
		"--format=%H%x00%ct%x00%<(300,trunc)%an%x00%<(300,trunc)%ae%x00%<(300,trunc)%s", commitOf(revision), "--")
	if err != nil {
		return aloft.Commit{}, r.explain(ctx, project, revision, fmt.Errorf("cannot read commit %s of %s: %w", revision, project, err))
	}
	fields := strings.SplitN(strings.TrimSuffix(string(out), "\n"), "\x00", 5)
	if len(fields) != 5 {
		return aloft.Commit{}, fmt.Errorf("cannot read commit %s of %s: git's answer is not understood", revision, project)
	}
	seconds, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		return aloft.Commit{}, fmt.Errorf("cannot read the time of commit %s of %s: %w", revision, project, err)
	}
	return aloft.Commit{
		ID: fields[0], Author: oneLine(fields[2] + " <" + strings.TrimSpace(fields[3]) + ">"), Subject: oneLine(fields[4]),
		Time: time.Unix(seconds, 0).UTC(),
	}, nil
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

package git

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
)

// Descends reports whether a commit has another among its ancestors, or is it.
func (r *Remote) Descends(ctx context.Context, project, ancestor, revision string) (bool, error) {
	repository, err := r.repository(project)
	if err == nil {
		err = r.requireCommit(ctx, project, ancestor, revision)
	}
	if err != nil {
		return false, err
	}
	_, err = r.output(ctx, repository, nil, "merge-base", "--is-ancestor", ancestor, revision)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() == 1 {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("cannot compare commits of %s: %w", project, err)
	}
	return true, nil
}

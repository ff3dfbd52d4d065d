package run

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strconv"

	"github.com/aloft-dev/aloft"
)

// heldRuns is the folder of what is held for runs.
const heldRuns = "runs"

func holdName(id int64) string { return fmt.Sprintf("%s/%d", heldRuns, id) }

// letGoOfEnded lets go of what is kept for runs that have ended: a server may be
// killed after it has recorded the end, and before it has tidied up.
func (r *Reconciler) letGoOfEnded(ctx context.Context, project string) error {
	names, err := r.pipeline.Repository(project).Holds(ctx, heldRuns)
	if err != nil {
		return nil // its environments tell what is wrong with the repository
	}
	var failed error
	for _, name := range names {
		id, err := strconv.ParseInt(path.Base(name), 10, 64)
		if err != nil {
			continue
		}
		run, err := r.store.Run(ctx, id)
		switch {
		case aloft.ErrorCode(err) == aloft.CodeNotFound: // older records: who knows
		case err != nil:
			failed = errors.Join(failed, err)
		case run.Status.Finished() && run.Project == project:
			failed = errors.Join(failed, r.letGo(ctx, run))
		}
	}
	return failed
}

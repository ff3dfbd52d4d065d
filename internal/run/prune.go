package run

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/aloft-dev/aloft"
)

// finished are the statuses of runs that have ended.
var finished = []aloft.RunStatus{aloft.RunSucceeded, aloft.RunFailed, aloft.RunCanceled, aloft.RunSuperseded}

// prune removes the files of old runs: log, plan, journal, trace. Those of the
// newest finished runs of each project stay, and whatever their age those of runs
// that go on, and of the applies that an environment was made with: they are
// needed to destroy it or to heal it. The records stay.
func (r *Reconciler) prune(ctx context.Context, projects []aloft.Project) error {
	ids, err := r.pipeline.runsWithFiles() // first: what comes after that is new
	if err != nil {
		return err
	}
	keep := map[int64]bool{}
	for _, project := range projects {
		runs, err := r.store.Runs(ctx, aloft.RunFilter{Project: project.Name, Statuses: finished, Limit: r.runsKept})
		if err != nil {
			return err
		}
		for _, run := range runs {
			keep[run.ID] = true
		}
	}
	places, err := r.pipeline.environmentsWithFiles() // also those that older records do not know
	if err != nil {
		return err
	}
	for _, key := range places {
		made, err := r.pipeline.applied(key)
		if err != nil {
			return err
		}
		keep[made.Attempt.RunID], keep[made.Last.RunID] = true, true
	}
	for _, id := range ids {
		if keep[id] {
			continue
		}
		run, findErr := r.store.Run(ctx, id)
		switch {
		case aloft.ErrorCode(findErr) == aloft.CodeNotFound: // its project was deleted
		case findErr != nil:
			return findErr
		case !run.Status.Finished():
			continue
		}
		err = errors.Join(err, r.pipeline.removeFiles(id))
	}
	return err
}

// environmentsWithFiles lists the environments that have a folder.
func (p *Pipeline) environmentsWithFiles() ([]aloft.EnvironmentKey, error) {
	folders, err := fs.Glob(os.DirFS(p.Dir), "environments/*/*")
	var keys []aloft.EnvironmentKey
	for _, folder := range folders {
		keys = append(keys, aloft.EnvironmentKey{Project: path.Base(path.Dir(folder)), Environment: path.Base(folder)})
	}
	return keys, err
}

// runsWithFiles lists the runs that have files.
func (p *Pipeline) runsWithFiles() ([]int64, error) {
	entries, err := os.ReadDir(filepath.Join(p.Dir, "runs"))
	if err != nil {
		return nil, fmt.Errorf("cannot list the files of the runs: %w", err)
	}
	var ids []int64
	for _, entry := range entries {
		if id, err := strconv.ParseInt(strings.TrimSuffix(entry.Name(), ".log"), 10, 64); err == nil {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// removeFiles removes the files of a run, the log last: it is what tells that
// there are files.
func (p *Pipeline) removeFiles(id int64) error {
	dir := p.runDir(aloft.Run{ID: id})
	if err := errors.Join(os.RemoveAll(dir), os.RemoveAll(dir+".log")); err != nil {
		return fmt.Errorf("cannot remove the files of run %d: %w", id, err)
	}
	return nil
}

// removed is CodeNotFound when the files of a run were removed, of which the
// caller wanted one.
func (r *Reconciler) removed(ctx context.Context, run aloft.Run, what string) error {
	_, err := os.Stat(r.logs.path(run.ID))
	if !run.Status.Finished() || !errors.Is(err, os.ErrNotExist) {
		return nil
	}
	newest, err := r.store.Runs(ctx, aloft.RunFilter{Project: run.Project, Statuses: finished, Limit: r.runsKept})
	if err != nil || len(newest) < r.runsKept || newest[len(newest)-1].ID <= run.ID {
		return err // it ended a moment ago, before it wrote anything
	}
	return aloft.Errorf(aloft.CodeNotFound, "the %s of run %d was removed: only the newest %d finished runs of a project keep theirs", what, run.ID, r.runsKept).
		WithHint("`aloft run show %d` tells what is still known", run.ID)
}

package run

import (
	"context"
	"errors"
	"path"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft"
)

// Unrecorded lists the environments that a repository tells of, by a branch or by what
// it holds of an apply, and the records do not: those were lost, or older ones were put
// back, or the repository is an older one. Nothing is made or destroyed for that.
func (r *Reconciler) Unrecorded(ctx context.Context) ([]aloft.EnvironmentKey, error) {
	environments, err := r.store.Environments(ctx, aloft.EnvironmentFilter{Destroyed: true})
	if err != nil {
		return nil, err
	}
	statuses := map[aloft.EnvironmentKey]aloft.EnvironmentStatus{}
	for _, e := range environments {
		statuses[e.EnvironmentKey] = e.Status
	}
	projects, err := r.store.Projects(ctx)
	var found []aloft.EnvironmentKey
	for _, project := range projects {
		branches, held, failed := r.toldBy(ctx, project.Name)
		if aloft.ErrorCode(failed) == aloft.CodeNotFound {
			continue // its environments tell what is wrong with the repository
		}
		err = errors.Join(err, failed)
		for _, key := range branches {
			if status := statuses[key]; status == "" || status == aloft.EnvironmentDestroyed {
				found = append(found, key)
			}
		}
		for _, key := range held {
			if statuses[key] == "" {
				found = append(found, key)
			}
		}
	}
	slices.SortFunc(found, func(a, b aloft.EnvironmentKey) int { return strings.Compare(a.String(), b.String()) })
	return slices.Compact(found), err
}

// toldBy lists the environments that the repository of a project has branches of, and
// those whose applies it holds.
func (r *Reconciler) toldBy(ctx context.Context, project string) (branches, held []aloft.EnvironmentKey, err error) {
	repository := r.pipeline.Repository(project)
	all, err := repository.Branches(ctx, aloft.BranchPrefix)
	for branch := range all {
		if name, err := aloft.EnvironmentOfBranch(branch); err == nil && name != "" {
			branches = append(branches, aloft.EnvironmentKey{Project: project, Environment: name})
		}
	}
	holds, failed := repository.Holds(ctx, "environments")
	for _, hold := range holds { // environments/NAME/last
		held = append(held, aloft.EnvironmentKey{Project: project, Environment: path.Base(path.Dir(hold))})
	}
	return branches, held, errors.Join(err, failed)
}

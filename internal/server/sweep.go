package server

import (
	"context"
	"errors"

	"github.com/aloft-dev/aloft"
)

// sweep looks at everything, then tidies up what nothing needs any more.
func (s *Server) sweep(ctx context.Context) error {
	projects, err := s.store.Projects(ctx)
	if err != nil {
		return err
	}
	for _, project := range projects {
		err = errors.Join(err, s.completeProject(ctx, project))
	}
	err = errors.Join(err, s.reconciler.Sweep(ctx))
	for _, project := range projects {
		err = errors.Join(err, s.collect(ctx, project.Name))
	}
	return errors.Join(err, s.store.PruneStates(ctx), s.remote.Maintain(ctx))
}

// completeProject makes the repository of a project whose creation was cut off. One
// that is gone later is not made again.
func (s *Server) completeProject(ctx context.Context, project aloft.Project) error {
	environments, err := s.store.Environments(ctx, aloft.EnvironmentFilter{Project: project.Name})
	if err != nil || project.Repository != "" || len(environments) > 0 {
		return err
	}
	return s.remote.CreateRepository(ctx, project.Name)
}

// releasesKept is how many releases of each environment keep their artifacts.
const releasesKept = 10

// collect removes the artifacts that no release needs. A build under way keeps
// its own.
func (s *Server) collect(ctx context.Context, project string) error {
	active, err := s.store.Runs(ctx, aloft.RunFilter{Project: project, Statuses: []aloft.RunStatus{aloft.RunRunning}, Limit: 1})
	if err != nil || len(active) > 0 {
		return err // what it builds is no release yet
	}
	environments, err := s.store.Environments(ctx, aloft.EnvironmentFilter{Project: project})
	if err != nil {
		return err
	}
	keep := map[string]bool{}
	for _, environment := range environments {
		releases, err := s.store.Releases(ctx, environment.EnvironmentKey)
		if err != nil {
			return err
		}
		for i, release := range releases {
			if i < releasesKept || release.Status == aloft.ReleaseActive {
				keep[release.Artifact.ID] = true
			}
		}
	}
	freed, err := s.builder.Collect(ctx, project, keep)
	if freed > 0 {
		s.logger.Info("removed old artifacts", "project", project, "bytes", freed)
	}
	return err
}

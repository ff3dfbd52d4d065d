package run

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/manifest"
)

// lacks reports whether an artifact is gone from this machine: it was removed to
// make room, or lost.
func (p *Pipeline) lacks(artifact aloft.Artifact) bool {
	if p.Builder == nil || artifact.Dir == "" {
		return false
	}
	_, err := os.Stat(artifact.Dir)
	return errors.Is(err, fs.ErrNotExist)
}

// rebuildActive builds what should run and is gone. It returns the new artifacts
// by app.
func (p *Pipeline) rebuildActive(ctx context.Context, j journey) (map[string]aloft.Artifact, error) {
	releases, err := p.releases(ctx, j.run.EnvironmentKey)
	if err != nil {
		return nil, err
	}
	var gone []aloft.Release
	for _, release := range releases {
		if release.Status == aloft.ReleaseActive && p.lacks(release.Artifact) {
			gone = append(gone, release)
		}
	}
	if len(gone) == 0 {
		return nil, nil
	}
	return take(ctx, j.recorder, "rebuild", func(ctx context.Context, s *step) (map[string]aloft.Artifact, error) {
		artifacts := map[string]aloft.Artifact{}
		for _, release := range gone {
			artifact, err := p.rebuild(ctx, s, j, release.Spec, release.Revision)
			if err != nil {
				return artifacts, err
			}
			artifacts[release.App] = artifact
		}
		return artifacts, nil
	})
}

// rebuildPlaced builds what is about to be deployed again and is gone.
func (p *Pipeline) rebuildPlaced(ctx context.Context, j journey, placements []placement) error {
	var gone []*DeployRequest
	for i := range placements {
		if request := &placements[i].request; p.lacks(request.Artifact) {
			gone = append(gone, request)
		}
	}
	if len(gone) == 0 {
		return nil
	}
	_, err := take(ctx, j.recorder, "rebuild", func(ctx context.Context, s *step) (struct{}, error) {
		for _, request := range gone {
			artifact, err := p.rebuild(ctx, s, j, request.App, request.Revision)
			if err != nil {
				return struct{}{}, err
			}
			request.Artifact = artifact
		}
		return struct{}{}, nil
	})
	return err
}

// rebuild builds an app again as it was at a commit.
func (p *Pipeline) rebuild(ctx context.Context, s *step, j journey, app aloft.App, revision string) (aloft.Artifact, error) {
	s.voice.detail("%s: the artifact of commit %s is gone, it is built again", app.Name, short(revision))
	repository := p.Repository(j.run.Project)
	if _, err := repository.Commit(ctx, revision); err != nil {
		return aloft.Artifact{}, aloft.Errorf(aloft.ErrorCode(err), "cannot build %s again: its artifact is gone, and commit %s is no longer in the repository: %w",
			app.Name, short(revision), err).WithHint("push that commit again")
	}
	src, err := p.checkout(ctx, s, j.run, revision)
	if err != nil {
		return aloft.Artifact{}, err
	}
	declared, err := manifest.Load(os.DirFS(src.dir))
	if err != nil {
		return aloft.Artifact{}, err
	}
	inputs, err := repository.Tree(ctx, revision, ".", notInputs(declared)...)
	if err != nil {
		return aloft.Artifact{}, err
	}
	log, span := s.log(), s.span.begin(app.Name, app.Runtime.Value)
	artifact, skipped, err := p.Builder.Build(ctx, BuildRequest{
		Project: j.run.Project, App: app, Source: src.dir, Inputs: inputs, Log: log, Timing: span.timing(),
	})
	log.Flush()
	span.built(skipped, err)
	s.say(app.Name)
	return artifact, err
}

package run

import (
	"context"
	"maps"
	"slices"

	"github.com/aloft-dev/aloft"
)

// earlier finds the releases a rollback returns to: of every app the newest
// good release of one revision. Resources stay as they are.
func (p *Pipeline) earlier(ctx context.Context, s *step, j journey) ([]placement, error) {
	releases, err := p.Releases.Releases(ctx, j.run.EnvironmentKey)
	if err != nil {
		return nil, err
	}
	target, err := rollbackTarget(releases, j.run.Revision)
	if err != nil {
		return nil, err
	}
	before, err := p.applied(j.run.EnvironmentKey)
	if err != nil {
		return nil, err
	}
	s.say("commit " + short(target))
	return p.placeReleases(j, before.Last.Apps, func(app string) (aloft.Release, bool) {
		for _, release := range releases {
			if release.App == app && release.Revision == target && release.Status != aloft.ReleaseFailed {
				return release, true
			}
		}
		return aloft.Release{}, false
	})
}

// rollbackTarget picks the wanted commit, or the newest one with a good release
// that is not what runs now. Releases come newest first.
func rollbackTarget(releases []aloft.Release, wanted string) (string, error) {
	if wanted != "" {
		return wanted, nil
	}
	active := ""
	for _, release := range releases {
		switch {
		case release.Status == aloft.ReleaseActive && active == "":
			active = release.Revision
		case release.Status != aloft.ReleaseFailed && active != "" && release.Revision != active:
			return release.Revision, nil
		}
	}
	return "", aloft.Errorf(aloft.CodeNotFound, "there is no earlier release to return to").
		WithHint("`aloft env show` lists the releases")
}

// placeReleases places the release that pick returns for every app.
func (p *Pipeline) placeReleases(j journey, outputs map[string]aloft.AppOutput, pick func(app string) (aloft.Release, bool)) ([]placement, error) {
	var placements []placement
	for _, name := range slices.Sorted(maps.Keys(outputs)) {
		release, ok := pick(name)
		if !ok {
			continue
		}
		deployer, err := p.deployer(name, outputs[name])
		if err != nil {
			return nil, err
		}
		placements = append(placements, placement{deployer: deployer, request: DeployRequest{
			Key: j.run.EnvironmentKey, RunID: j.run.ID, Revision: release.Revision,
			App: release.Spec, Artifact: release.Artifact, Output: outputs[name],
		}})
	}
	if len(placements) == 0 {
		return nil, aloft.Errorf(aloft.CodeNotFound, "no app of %s has a release to deploy again", j.run.EnvironmentKey)
	}
	return placements, nil
}

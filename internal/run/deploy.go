package run

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cenkalti/backoff/v5"

	"github.com/aloft-dev/aloft"
)

// placement is an app, its artifact, and what brings it to its host.
type placement struct {
	deployer Deployer
	request  DeployRequest
	fresh    bool           // comes from a build, so its release command is due
	before   *aloft.Release // what served before the run; nil = nothing did
}

// place matches what was built with what Terraform has made for it.
func (p *Pipeline) place(ctx context.Context, j journey, d desired, outputs aloft.Outputs, artifacts []aloft.Artifact) ([]placement, error) {
	if j.run.Options.SkipBuild && p.Releases == nil {
		return nil, nil // there is nothing to keep, and nothing new
	}
	var placements []placement
	for _, name := range slices.Sorted(maps.Keys(outputs.Apps)) {
		output := outputs.Apps[name]
		app, ok := d.app(name)
		if !ok {
			return nil, aloft.Errorf(aloft.CodeInvalid, "Terraform's output \"apps\" has %q, but the source has no app of that name (it has: %s)", name, appNames(d.apps)).
				WithHint("name it under \"apps:\" in aloft.yaml, with its path")
		}
		deployer, err := p.deployer(name, output)
		if err != nil {
			return nil, err
		}
		request := DeployRequest{
			Key: j.run.EnvironmentKey, RunID: j.run.ID, Revision: j.run.Revision, App: app, Output: output,
		}
		fresh := false
		for _, artifact := range artifacts {
			if artifact.App == name {
				request.Artifact, fresh = artifact, true
			}
		}
		if !fresh && p.Releases != nil {
			release, err := p.activeRelease(ctx, j.run.EnvironmentKey, name)
			if err != nil {
				return nil, err
			}
			request.Artifact, request.App, request.Revision = release.Artifact, release.Spec, release.Revision
		}
		placements = append(placements, placement{deployer: deployer, request: request, fresh: fresh})
	}
	for _, app := range d.apps {
		if _, ok := outputs.Apps[app.Name]; !ok {
			j.recorder.voice.detail("%s is built, but Terraform's output \"apps\" does not name it: it is not deployed", app.Name)
		}
	}
	return placements, nil
}

// releases lists what was released, newest first.
func (p *Pipeline) releases(ctx context.Context, key aloft.EnvironmentKey) ([]aloft.Release, error) {
	if p.Releases == nil {
		return nil, nil
	}
	return p.Releases.Releases(ctx, key)
}

func (p *Pipeline) activeRelease(ctx context.Context, key aloft.EnvironmentKey, app string) (aloft.Release, error) {
	releases, err := p.releases(ctx, key)
	if err != nil {
		return aloft.Release{}, err
	}
	for _, release := range releases {
		if release.App == app && release.Status == aloft.ReleaseActive {
			return release, nil
		}
	}
	return aloft.Release{}, aloft.Errorf(aloft.CodeConflict, "nothing of %s runs in %s yet, so its build cannot be skipped", app, key).
		WithHint("push again without -o skip-build")
}

// release runs the release commands, before anything is swapped.
func (p *Pipeline) release(ctx context.Context, s *step, placements []placement) error {
	var ran []string
	for _, place := range placements {
		if place.request.App.Release.Empty() || !place.fresh {
			continue
		}
		request := place.request
		log := s.log()
		request.Log = log
		span := s.span.begin(request.App.Name, request.App.Release.String())
		err := place.deployer.Release(ctx, request)
		log.Flush()
		span.ended(err)
		if err != nil {
			return err
		}
		ran = append(ran, request.App.Name)
	}
	if len(ran) == 0 {
		return skip("no release command")
	}
	s.say(strings.Join(ran, ", "))
	return nil
}

// deploy swaps every release in. If one fails, those before it are swapped back.
func (p *Pipeline) deploy(ctx context.Context, s *step, placements []placement) error {
	if len(placements) == 0 {
		return skip("no apps")
	}
	var said []string
	for i, place := range placements {
		request := place.request
		log := s.log()
		span := s.span.begin(request.App.Name, "")
		request.Log, request.Timing = log, span.timing()
		release, skipped, err := place.deployer.Deploy(ctx, request)
		log.Flush()
		span.built(skipped, err)
		if err != nil {
			p.swapBack(ctx, s, placements[:i])
			return err
		}
		if !skipped {
			said = append(said, fmt.Sprintf("%s release %d", request.App.Name, release.Number))
		}
	}
	if len(said) == 0 {
		return skip("unchanged")
	}
	s.say(strings.Join(said, ", "))
	return nil
}

// remember asks the targets what serves before anything is changed. What the run
// itself has brought, before it was cut off and taken again, does not count.
func remember(ctx context.Context, placements []placement) error {
	for i, place := range placements {
		releases, err := place.deployer.Releases(ctx, place.request)
		if err != nil {
			return err
		}
		earlier := slices.IndexFunc(releases, func(r aloft.Release) bool {
			return r.RunID != place.request.RunID && r.Status != aloft.ReleaseFailed
		})
		if earlier >= 0 {
			placements[i].before = &releases[earlier]
		}
	}
	return nil
}

// swapBack puts every app back to the release that it had before the run. One that
// had none is taken out: a run that failed leaves nothing that answers in its name.
func (p *Pipeline) swapBack(ctx context.Context, s *step, swapped []placement) {
	ctx = context.WithoutCancel(ctx) // what was canceled must not stay half swapped
	for _, place := range swapped {
		var err error
		if place.before == nil {
			err = place.takeOut(ctx, s)
		} else {
			err = place.restore(ctx, s, *place.before)
		}
		if err != nil {
			s.voice.fail(err)
		}
	}
}

func (place placement) takeOut(ctx context.Context, s *step) error {
	request := place.request
	span := s.span.begin(request.App.Name, "taken out")
	s.voice.detail("%s: taken out, it had no release before", request.App.Name)
	err := place.deployer.Withdraw(ctx, request, aloft.ReleaseFailed, fmt.Sprintf("run %d failed", request.RunID))
	span.ended(err)
	return err
}

func (place placement) restore(ctx context.Context, s *step, release aloft.Release) error {
	request := place.request
	span := s.span.begin(request.App.Name, fmt.Sprintf("back to release %d", release.Number))
	request.Log, request.Timing = s.log(), span.timing()
	s.voice.detail("%s: back to release %d", request.App.Name, release.Number)
	err := place.deployer.Restore(ctx, request, release)
	span.ended(err)
	return err
}

// verify asks every app at its URL.
func (p *Pipeline) verify(ctx context.Context, s *step, placements []placement) (map[string]string, error) {
	urls := map[string]string{}
	var said []string
	for _, place := range placements {
		span := s.span.begin(place.request.App.Name, place.request.Output.URL)
		// A process that has just been started again may need a moment.
		_, err := backoff.Retry(ctx, func() (struct{}, error) {
			return struct{}{}, place.deployer.Verify(ctx, place.request)
		}, backoff.WithMaxElapsedTime(place.deployer.VerifyTime(place.request)))
		span.ended(err)
		if err != nil {
			return nil, err
		}
		urls[place.request.App.Name] = place.request.Output.URL
		said = append(said, place.request.Output.URL)
	}
	if len(said) == 0 {
		return urls, skip("no apps")
	}
	s.say(strings.Join(said, ", ") + " answers")
	return urls, nil
}

func appNames(apps []aloft.App) string {
	names := make([]string, len(apps))
	for i, app := range apps {
		names[i] = app.Name
	}
	return strings.Join(names, ", ")
}

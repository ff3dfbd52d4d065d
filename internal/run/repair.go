package run

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/aloft-dev/aloft"
)

// heal lets the target heal what it can, and returns what only Terraform can.
func (p *Pipeline) heal(ctx context.Context, s *step, key aloft.EnvironmentKey) ([]string, error) {
	if p.Local == nil {
		return nil, skip("no local target")
	}
	healed, broken, err := p.Local.Reconcile(ctx, key)
	for _, difference := range healed {
		s.voice.detail("healed: %s", difference)
	}
	if err != nil {
		return nil, err
	}
	unmade, err := p.unmade(ctx, key)
	broken = append(broken, unmade...)
	for _, difference := range broken {
		s.voice.detail("drift: %s", difference)
	}
	s.say(fmt.Sprintf("%d healed, %d for Terraform", len(healed), len(broken)))
	return broken, err
}

// reprovision applies once more what was applied last.
func (p *Pipeline) reprovision(ctx context.Context, s *step, j journey, broken []string) (aloft.Outputs, error) {
	before, err := p.applied(j.run.EnvironmentKey)
	if err != nil {
		return aloft.Outputs{}, err
	}
	asLeft, err := p.asLeft(ctx, j.run.EnvironmentKey, before)
	if err != nil {
		return aloft.Outputs{}, err
	}
	if asLeft && len(broken) == 0 && j.environment.ProvisionKey != "" {
		return aloft.Outputs{Apps: before.Last.Apps}, skip("its resources are as declared")
	}
	if before.Last.Revision == "" {
		return aloft.Outputs{}, skip("nothing was applied yet")
	}
	if err := p.outdated(ctx, j, before); err != nil {
		return aloft.Outputs{}, err
	}
	dir, summary, err := p.restore(ctx, s, j.run, before.Last)
	if err != nil {
		return aloft.Outputs{}, err
	}
	e, err := p.engage(ctx, s, j.run, dir, before.Last, summary)
	if err != nil {
		return aloft.Outputs{}, err
	}
	defer e.close()
	key, err := e.terraform.Key(e.c, summary)
	if err != nil {
		return aloft.Outputs{}, err
	}
	if err := e.init(ctx); err != nil {
		return aloft.Outputs{}, err
	}
	if err := p.approve(ctx, s, j, e, j.environment.Protected); err != nil {
		return aloft.Outputs{}, err
	}
	outputs, err := p.apply(ctx, s, j, e, before.Last, before)
	if err != nil {
		return outputs, err
	}
	return outputs, j.update(func(environment *aloft.Environment) { environment.ProvisionKey = key })
}

// outdated refuses to apply once more what is not what was applied last: where a later
// run has written the state, and another commit runs, an older applied.json was put
// back. To apply that would destroy what came since.
func (p *Pipeline) outdated(ctx context.Context, j journey, before applied) error {
	if p.States == nil || before.State == nil || j.environment.Revision == before.Last.Revision {
		return nil
	}
	later, err := p.laterRun(ctx, j.run.EnvironmentKey, before)
	if err != nil || !later {
		return err
	}
	return aloft.Errorf(aloft.CodeConflict, "what was applied last is not known any more: a later run than run %d has written the state", before.Last.RunID).
		WithHint("apply what runs: aloft up %s", j.run.Environment)
}

// restore checks out what was applied, and reads its Terraform.
func (p *Pipeline) restore(ctx context.Context, s *step, run aloft.Run, conf configuration) (string, aloft.ConfigurationSummary, error) {
	fetching := s.span.begin("checkout", short(conf.Revision))
	src, err := p.checkout(ctx, s, run, conf.Revision)
	fetching.ended(err)
	if err != nil {
		return "", aloft.ConfigurationSummary{}, err
	}
	dir := filepath.Join(src.dir, filepath.FromSlash(conf.Folder))
	summary, err := p.Inspect(dir, conf.Folder)
	return dir, summary, err
}

// present places what should be running now.
func (p *Pipeline) present(ctx context.Context, j journey, outputs aloft.Outputs) ([]placement, error) {
	if len(outputs.Apps) == 0 {
		return nil, nil
	}
	releases, err := p.releases(ctx, j.run.EnvironmentKey)
	if err != nil {
		return nil, err
	}
	active := map[string]aloft.Release{}
	for _, release := range releases {
		if release.Status == aloft.ReleaseActive {
			active[release.App] = release
		}
	}
	if len(active) == 0 {
		return nil, nil
	}
	return p.placeReleases(j, outputs.Apps, func(app string) (aloft.Release, bool) {
		release, ok := active[app]
		return release, ok
	})
}

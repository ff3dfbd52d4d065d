package run

import (
	"context"
	"fmt"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/manifest"
)

// build makes an artifact of every app.
func (p *Pipeline) build(ctx context.Context, s *step, j journey, d desired) ([]aloft.Artifact, error) {
	if len(d.apps) == 0 {
		return nil, skip("no apps to build")
	}
	if j.run.Options.SkipBuild {
		return nil, skip("as the push asked")
	}
	if p.Builder == nil {
		return nil, skip("nothing here deploys apps")
	}
	// An app may use any file of the repository, its neighbours' too.
	inputs, err := p.Repository(j.run.Project).Tree(ctx, j.run.Revision, ".", notInputs(d.manifest)...)
	if err != nil {
		return nil, err
	}
	var artifacts []aloft.Artifact
	fresh := 0
	for _, app := range d.apps {
		log, span := s.logOf(app.Name, len(d.apps)), s.span.begin(app.Name, app.Runtime.Value)
		artifact, skipped, err := p.Builder.Build(ctx, BuildRequest{
			Project: j.run.Project, App: app, Source: d.dir, Foreign: d.foreign, Inputs: inputs, Log: log, Timing: span.timing(),
		})
		log.Flush()
		span.built(skipped, err)
		if err != nil {
			return nil, err
		}
		if !skipped {
			fresh++
		}
		artifacts = append(artifacts, artifact)
	}
	if fresh == 0 {
		return artifacts, skip("inputs unchanged")
	}
	s.say(fmt.Sprintf("%d of %d apps", fresh, len(d.apps)))
	if len(d.apps) == 1 {
		s.say(d.apps[0].Name)
	}
	return artifacts, nil
}

// built ends the span of a build or a deploy, which is skipped when its inputs
// are those of before.
func (s *span) built(skipped bool, err error) {
	if skipped && err == nil {
		s.end(aloft.StepSkipped, "unchanged")
		return
	}
	s.ended(err)
}

// notInputs names the entries of the root folder that no build depends on.
func notInputs(m manifest.Manifest) []string {
	return []string{m.TerraformFolder(), "aloft.yaml", ".github", ".gitignore", "README.md"}
}

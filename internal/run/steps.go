package run

import (
	"context"
	"errors"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/manifest"
)

// operate takes the steps of a run's operation.
func (p *Pipeline) operate(ctx context.Context, j journey) (outcome, error) {
	switch j.run.Operation {
	case aloft.OperationPlan:
		return outcome{}, p.plan(ctx, j)
	case aloft.OperationDestroy:
		return outcome{}, p.destroy(ctx, j)
	case aloft.OperationRollback:
		return p.rollback(ctx, j)
	case aloft.OperationRepair:
		return p.repair(ctx, j)
	default:
		return p.up(ctx, j)
	}
}

// up brings an environment to a commit.
func (p *Pipeline) up(ctx context.Context, j journey) (outcome, error) {
	desired, err := p.desire(ctx, j)
	if err != nil {
		return outcome{}, err
	}
	if err := p.recover(ctx, j); err != nil {
		return outcome{}, err
	}
	outputs, artifacts, err := p.provisionAndBuild(ctx, j, desired)
	if err != nil {
		return outcome{}, err
	}
	placements, err := p.place(ctx, j, desired, outputs, artifacts)
	if err == nil {
		err = p.rebuildPlaced(ctx, j, placements)
	}
	if err != nil {
		return outcome{}, err
	}
	if _, err = take(ctx, j.recorder, "release", func(ctx context.Context, s *step) (struct{}, error) {
		return struct{}{}, p.release(ctx, s, placements)
	}); err != nil {
		return outcome{}, err
	}
	reached, err := p.deployAndVerify(ctx, j, placements, j.run.Revision)
	reached.settings = &desired.settings
	reached.after = func(ctx context.Context) error { return p.withdrawUnnamed(ctx, j, outputs.Apps) }
	return reached, err
}

// desire finds out what the run's commit asks for.
func (p *Pipeline) desire(ctx context.Context, j journey) (desired, error) {
	source, err := take(ctx, j.recorder, "checkout", func(ctx context.Context, s *step) (source, error) {
		return p.checkout(ctx, s, j.run, j.run.Revision)
	})
	if err != nil {
		return desired{}, err
	}
	return take(ctx, j.recorder, "read", func(ctx context.Context, s *step) (desired, error) {
		return p.read(s, j.run, source)
	})
}

// plan shows what up would change, and changes nothing.
func (p *Pipeline) plan(ctx context.Context, j journey) error {
	desired, err := p.desire(ctx, j)
	if err != nil {
		return err
	}
	_, err = take(ctx, j.recorder, "plan", func(ctx context.Context, s *step) (aloft.Plan, error) {
		return p.preview(ctx, s, j, desired)
	})
	return err
}

// rollback deploys earlier releases again, through the same steps.
func (p *Pipeline) rollback(ctx context.Context, j journey) (outcome, error) {
	placements, err := take(ctx, j.recorder, "read", func(ctx context.Context, s *step) ([]placement, error) {
		return p.earlier(ctx, s, j)
	})
	if err == nil {
		err = p.rebuildPlaced(ctx, j, placements)
	}
	if err != nil {
		return outcome{}, err
	}
	return p.deployAndVerify(ctx, j, placements, placements[0].request.Revision)
}

// repair heals drift: artifacts that are gone are built again; then what the
// target can heal by itself, then what Terraform must, then the releases that ran
// there. What cannot be built keeps nothing else from being healed.
func (p *Pipeline) repair(ctx context.Context, j journey) (outcome, error) {
	rebuilt, lost := p.rebuildActive(ctx, j)
	broken, err := take(ctx, j.recorder, "repair", func(ctx context.Context, s *step) ([]string, error) {
		return p.heal(ctx, s, j.run.EnvironmentKey)
	})
	if err == nil {
		err = lost
	}
	if err != nil {
		return outcome{}, err
	}
	if err := p.recover(ctx, j); err != nil {
		return outcome{}, err
	}
	outputs, err := take(ctx, j.recorder, "provision", func(ctx context.Context, s *step) (aloft.Outputs, error) {
		return p.reprovision(ctx, s, j, broken)
	})
	if err != nil {
		return outcome{}, err
	}
	placements, err := p.present(ctx, j, outputs)
	for i := range placements {
		if artifact, ok := rebuilt[placements[i].request.App.Name]; ok {
			placements[i].request.Artifact = artifact
		}
	}
	if err != nil || len(placements) == 0 {
		return outcome{revision: j.environment.Revision, urls: j.environment.URLs}, err
	}
	return p.deployAndVerify(ctx, j, placements, j.environment.Revision)
}

// destroy removes the environment and proves that nothing is left.
func (p *Pipeline) destroy(ctx context.Context, j journey) error {
	if err := p.recover(ctx, j); err != nil {
		if !j.run.Options.Force || ctx.Err() != nil {
			return err
		}
		j.recorder.voice.alarm("%s", firstLine(err.Error()))
	}
	if _, err := take(ctx, j.recorder, "destroy", func(ctx context.Context, s *step) (aloft.Plan, error) {
		return p.destroyResources(ctx, s, j)
	}); err != nil {
		return err
	}
	if _, err := take(ctx, j.recorder, "remove", func(ctx context.Context, s *step) (struct{}, error) {
		if err := p.spared(ctx, j); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, p.remove(ctx, j.run.EnvironmentKey, j.run.Options.Force)
	}); err != nil {
		return err
	}
	_, err := take(ctx, j.recorder, "verify", func(ctx context.Context, s *step) (struct{}, error) {
		return struct{}{}, p.nothingLeft(ctx, s, j.run.EnvironmentKey)
	})
	return err
}

// provisionAndBuild takes both steps at the same time. A failed provision ends
// the build; a failed build lets the apply finish, for an apply is never killed.
func (p *Pipeline) provisionAndBuild(ctx context.Context, j journey, d desired) (aloft.Outputs, []aloft.Artifact, error) {
	type built struct {
		artifacts []aloft.Artifact
		err       error
	}
	buildCtx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	done := make(chan built, 1)
	go func() {
		artifacts, err := takeLabelled(buildCtx, j.recorder, "build", "build     | ", func(ctx context.Context, s *step) ([]aloft.Artifact, error) {
			return p.build(ctx, s, j, d)
		})
		done <- built{artifacts, err}
	}()
	outputs, err := takeLabelled(ctx, j.recorder, "provision", "provision | ", func(ctx context.Context, s *step) (aloft.Outputs, error) {
		return p.provision(ctx, s, j, d)
	})
	if err != nil {
		cancel(errors.New("provision did not succeed"))
		<-done
		return outputs, nil, err
	}
	build := <-done
	return outputs, build.artifacts, build.err
}

// outcome is what a run has reached, and what settles only when it has ended well.
type outcome struct {
	revision string
	urls     map[string]string
	settings *manifest.EnvironmentSettings // of the commit; nil = they stay
	undo     func(context.Context)         // puts back what was swapped in; nil = nothing was
	after    func(context.Context) error   // is done when all is recorded; nil = nothing
}

// deployAndVerify swaps the releases in. When one fails, those that were
// swapped already are swapped back.
func (p *Pipeline) deployAndVerify(ctx context.Context, j journey, placements []placement, revision string) (outcome, error) {
	if err := remember(ctx, placements); err != nil {
		return outcome{}, err
	}
	if _, err := take(ctx, j.recorder, "deploy", func(ctx context.Context, s *step) (struct{}, error) {
		return struct{}{}, p.deploy(ctx, s, placements)
	}); err != nil {
		return outcome{}, err
	}
	urls, err := take(ctx, j.recorder, "verify", func(ctx context.Context, s *step) (map[string]string, error) {
		urls, err := p.verify(ctx, s, placements)
		if err != nil {
			p.swapBack(ctx, s, placements)
		}
		return urls, err
	})
	undo := func(ctx context.Context) {
		_, _ = take(ctx, j.recorder, "swap back", func(ctx context.Context, s *step) (struct{}, error) {
			p.swapBack(ctx, s, placements)
			return struct{}{}, nil
		})
	}
	return outcome{revision: revision, urls: urls, undo: undo}, err
}

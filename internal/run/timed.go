package run

import (
	"context"

	"github.com/aloft-dev/aloft"
)

// timed is an engine whose calls are parts of a step.
type timed struct {
	Terraform
	step *step
}

// Init is skipped or not: the span tells.
func (t timed) Init(ctx context.Context, c aloft.Configuration) (skipped bool, err error) {
	s := t.step.span.begin("init", "")
	if skipped, err = t.Terraform.Init(ctx, c); skipped && err == nil {
		s.end(aloft.StepSkipped, "its inputs are unchanged")
		return skipped, err
	}
	s.ended(err)
	return skipped, err
}

func (t timed) Key(c aloft.Configuration, summary aloft.ConfigurationSummary) (string, error) {
	s := t.step.span.begin("key digest", "")
	key, err := t.Terraform.Key(c, summary)
	s.ended(err)
	return key, err
}

func (t timed) Plan(ctx context.Context, c aloft.Configuration, destroy bool) (aloft.Plan, error) {
	s := t.step.span.begin("plan", "")
	plan, err := t.Terraform.Plan(ctx, c, destroy)
	s.ended(err)
	return plan, err
}

func (t timed) Apply(ctx context.Context, c aloft.Configuration) (aloft.Plan, aloft.Outputs, error) {
	s := t.step.span.begin("apply", "")
	c.Timing = s.timing()
	plan, outputs, err := t.Terraform.Apply(ctx, c)
	s.ended(err)
	return plan, outputs, err
}

func (t timed) Recover(ctx context.Context, c aloft.Configuration, left aloft.Interrupted) (aloft.Recovery, error) {
	s := t.step.span.begin("recover", "")
	c.Timing = s.timing()
	recovery, err := t.Terraform.Recover(ctx, c, left)
	s.ended(err)
	return recovery, err
}

func (t timed) Destroy(ctx context.Context, c aloft.Configuration) (aloft.Plan, error) {
	s := t.step.span.begin("destroy", "")
	c.Timing = s.timing()
	plan, err := t.Terraform.Destroy(ctx, c)
	s.ended(err)
	return plan, err
}

package run

import (
	"context"
	"io"
	"time"

	"github.com/aloft-dev/aloft"
)

// Take takes a run without a server: no records, no queue, no approval by
// anybody else. A plan that must be approved is an error.
func (p *Pipeline) Take(ctx context.Context, run aloft.Run, out io.Writer) error {
	j := journey{
		run:         run,
		environment: aloft.Environment{EnvironmentKey: run.EnvironmentKey},
		mask:        func(...string) {},
		hide:        func(text string) string { return text },
		recorder:    &recorder{runID: run.ID, voice: &voice{out: out}},
		update:      func(func(*aloft.Environment)) error { return nil },
	}
	voice := j.recorder.voice
	voice.headline("%s %s: %s %s", run.Project, run.Branch(), run.Operation, short(run.Revision))
	_, err := p.operate(ctx, j)
	if err != nil {
		voice.fail(err)
		voice.headline("%s failed after %s", run.Operation, aloft.Seconds(time.Since(run.StartedAt)))
		return err
	}
	voice.headline("%s: %s done in %s", run.Branch(), run.Operation, aloft.Seconds(time.Since(run.StartedAt)))
	return nil
}

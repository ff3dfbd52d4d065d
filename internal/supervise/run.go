package supervise

import (
	"context"
	"io"

	"github.com/aloft-dev/aloft"
)

// Run runs a one-off process, such as a release command, to its end; both its
// outputs go to w as they come. An exit status other than 0 is not an error.
// When ctx ends the process is stopped like any other and Run returns its exit
// and CodeCanceled.
func (s *Supervisor) Run(ctx context.Context, spec Spec, w io.Writer) (Exit, error) {
	if err := spec.validate(); err != nil {
		return Exit{}, err
	}
	p := newProcess(s, spec)
	p.oneOff = true
	p.output = &through{w: w}
	if err := s.begin(p); err != nil {
		return Exit{}, err
	}
	select {
	case <-p.Exited():
	case <-ctx.Done():
	}
	canceled := !isClosed(p.Exited())
	p.Stop(context.WithoutCancel(ctx), runGrace)
	if canceled {
		return p.Exit(), aloft.Errorf(aloft.CodeCanceled, "%s was stopped: %w", p.name, context.Cause(ctx))
	}
	return p.Exit(), nil
}

// through hands output on as it is. A reader that has gone does not stop the
// process: the rest of its output is dropped.
type through struct {
	w    io.Writer
	gone bool
}

func (t *through) Write(data []byte) (int, error) {
	if !t.gone {
		_, err := t.w.Write(data)
		t.gone = err != nil
	}
	return len(data), nil
}

func (t *through) flush() {}

package terraform

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/aloft-dev/aloft"
)

// Apply plans and applies in one step and returns what the plan was, without
// the attributes, and the outputs. What happens goes to c.Log, line by line,
// and of each resource as the engine writes it to c.Journal. Errors are those of Plan; whatever
// an apply that fails has made is in the state, and in the plan returned.
func (e *Engine) Apply(ctx context.Context, c aloft.Configuration) (aloft.Plan, aloft.Outputs, error) {
	s, err := e.stream(ctx, c, "apply", c.Journal, []string{"apply", "-json", "-input=false", "-auto-approve"})
	if err != nil {
		return s.plan(), aloft.Outputs{}, err
	}
	outputs, complete, err := s.told(c.Dir)
	if err == nil && !complete {
		outputs, err = e.Outputs(ctx, c)
	}
	return s.plan(), outputs, err
}

// Destroy destroys everything in the state and returns what that was. Errors
// are those of Apply.
func (e *Engine) Destroy(ctx context.Context, c aloft.Configuration) (aloft.Plan, error) {
	s, err := e.stream(ctx, c, "destroy", c.Journal, []string{"apply", "-destroy", "-json", "-input=false", "-auto-approve"})
	return s.plan(), err
}

// stream runs a command that writes -json messages. If the engine's own folder
// turns out to be broken, that is made anew and the command is run again.
func (e *Engine) stream(ctx context.Context, c aloft.Configuration, verb, journal string, args []string) (*stream, error) {
	s, err := e.streamOnce(ctx, c, journal, args)
	if err != nil && ctx.Err() == nil && len(s.began) == 0 && needInit(s.errors) {
		if err := e.reinit(ctx, c); err != nil {
			return s, err
		}
		s, err = e.streamOnce(ctx, c, journal, args)
	}
	if err == nil {
		return s, nil
	}
	told := s.errors
	failed := e.failure(ctx, c, verb, told, err)
	if misconfigured(told) || len(s.began) == 0 && aloft.ErrorCode(failed) == aloft.CodeFailed && !e.valid(ctx, c) {
		return s, invalid(failed)
	}
	return s, failed
}

func (e *Engine) streamOnce(ctx context.Context, c aloft.Configuration, journal string, args []string) (*stream, error) {
	c.Log = shared(c)
	s := newStream(c.Log, nil)
	s.quiet = args[0] == "plan"
	if journal != "" {
		file, err := os.OpenFile(journal, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			return s, fmt.Errorf("cannot open the journal of %s: %w", c.Key, err)
		}
		defer file.Close()
		s.journal = file
	}
	if c.VarFile != "" {
		args = append(args[:len(args):len(args)], "-var-file="+absolute(c.VarFile))
	}
	err := e.exec(ctx, c, s, args...)
	s.Close()
	return s, err
}

// reinit initializes an emptied data folder.
func (e *Engine) reinit(ctx context.Context, c aloft.Configuration) error {
	key, err := e.prepare(c)
	if err != nil {
		return err
	}
	if err := forget(c); err != nil {
		return err
	}
	return e.initialize(ctx, c, key)
}

// valid asks the engine whether the configuration is valid.
func (e *Engine) valid(ctx context.Context, c aloft.Configuration) bool {
	var out bytes.Buffer
	c.Log = nil
	if e.exec(ctx, c, &out, "validate", "-json") == nil {
		return true
	}
	var verdict tfjson.ValidateOutput
	return json.Unmarshal(out.Bytes(), &verdict) != nil || verdict.Valid
}

// shared returns a log that the engine's output and its errors can share, in
// which the secrets of c are masked.
func shared(c aloft.Configuration) io.Writer {
	if c.Log == nil {
		return nil
	}
	return &lockedWriter{w: c.Log, hidden: secretsOf(c)}
}

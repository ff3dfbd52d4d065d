package terraform

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"slices"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/aloft-dev/aloft"
)

// existingID finds the ID in how providers say that what they are to create is
// there: azurerm in the words of its tf.ImportAsExistsError.
var existingID = regexp.MustCompile(`with the ID "([^"]+)" already exists`)

// Apply plans and applies in one step and returns what the plan was, without
// the attributes, and the outputs. What happens goes to c.Log, line by line,
// and as the engine writes it to c.Journal. Errors are those of Plan; whatever
// an apply that fails has made is in the state, and in the plan returned.
func (e *Engine) Apply(ctx context.Context, c aloft.Configuration) (aloft.Plan, aloft.Outputs, error) {
	s, err := e.applyAdopting(ctx, c, []string{"apply", "-json", "-input=false", "-auto-approve"})
	if err != nil {
		return s.plan(), aloft.Outputs{}, err
	}
	outputs, complete, err := s.told(c)
	if err == nil && !complete {
		reading := c.Timing.Begin("outputs", "")
		outputs, err = e.Outputs(ctx, c)
		reading(err)
	}
	return s.plan(), outputs, err
}

// applyAdopting runs an apply, and once more if something of c.Adopt existed already.
func (e *Engine) applyAdopting(ctx context.Context, c aloft.Configuration, args []string) (*stream, error) {
	s, err := e.stream(ctx, c, "apply", c.Journal, args)
	if err != nil && ctx.Err() == nil && e.adopt(ctx, c, s.errors) {
		return e.stream(ctx, c, "apply", c.Journal, args)
	}
	return s, err
}

// adopt imports those resources of c.Adopt that exist already, as their provider
// says, and reports whether there were any.
func (e *Engine) adopt(ctx context.Context, c aloft.Configuration, told []tfjson.Diagnostic) bool {
	adopted := false
	for _, d := range told {
		id := existingID.FindStringSubmatch(d.Summary + "\n" + d.Detail)
		if id == nil || !slices.Contains(c.Adopt, d.Address) {
			continue
		}
		if err := e.importOne(ctx, c, aloft.CreatedResource{Address: d.Address, ID: id[1]}); err != nil {
			continue // the apply has said what is wrong
		}
		logLine(c.Log, d.Address+": imported, for an interrupted apply had created it")
		adopted = true
	}
	return adopted
}

// Destroy destroys everything in the state and returns what that was, and of one
// that fails what of it is done. Errors are those of Apply.
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
	s := newStream(c.Log)
	s.quiet, s.folder = args[0] == "plan", c.Folder
	if c.VarFile != "" {
		args = append(args[:len(args):len(args)], "-var-file="+absolute(c.VarFile))
	}
	s.plans(c.Timing)
	err := e.run(ctx, c, s, journal, args)
	s.Close()
	if s.differs = differs(args, err); s.differs {
		err = nil
	}
	s.ended(err)
	return s, err
}

// run runs a command whose messages go to s, by way of the journal if there is one.
func (e *Engine) run(ctx context.Context, c aloft.Configuration, s *stream, journal string, args []string) error {
	if journal == "" {
		return e.exec(ctx, c, s, args...)
	}
	file, end, err := openJournal(journal)
	if err != nil {
		return err
	}
	defer file.Close()
	ended, followed := make(chan struct{}), make(chan error, 1)
	go func() { followed <- follow(journal, end, s, ended) }()
	err = e.exec(ctx, c, file, args...)
	close(ended)
	return errors.Join(err, <-followed, condense(journal))
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

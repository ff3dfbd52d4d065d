package run

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/aloft-dev/aloft"
)

// recorder records every step of a run before and after it is taken, and tells
// it in the run's log.
type recorder struct {
	runID  int64
	voice  *voice
	put    func(aloft.Step) error // nil = not recorded: a laptop keeps no records
	logger *slog.Logger           // hears of defects; nil = nobody
	trace  *trace                 // times the steps and their parts; nil = not kept
}

// skip ends a step that had nothing to do, saying why. It is not a failure.
type skip string

func (s skip) Error() string { return string(s) }

// waitForApproval ends a run for now. It goes on when somebody approves the plan.
type waitForApproval struct {
	reason string
	digest string
}

func (w waitForApproval) Error() string { return w.reason }

// step is a step while it is taken: where it writes details and what it will
// say of its result.
type step struct {
	mu     sync.Mutex
	label  string
	voice  *voice
	span   *span // what its parts are recorded in
	result string
}

// log returns a writer for output of tools, shown as details.
func (s *step) log() *lineWriter { return s.voice.lines(s.label) }

// logOf is log for one of several apps, whose lines tell which one it is.
func (s *step) logOf(app string, apps int) *lineWriter {
	if apps == 1 {
		return s.log()
	}
	return s.voice.lines(s.label + app + ": ")
}

// say sets what the step's line will tell of its result.
func (s *step) say(result string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.result = result
}

// take takes one step. The value of a skipped one counts like any other's.
func take[T any](ctx context.Context, r *recorder, name string, body func(context.Context, *step) (T, error)) (T, error) {
	return takeLabelled(ctx, r, name, "", body)
}

// takeLabelled is take for steps taken at the same time: the label starts their details.
func takeLabelled[T any](ctx context.Context, r *recorder, name, label string, body func(context.Context, *step) (T, error)) (T, error) {
	var none T
	if err := ctx.Err(); err != nil {
		return none, context.Cause(ctx)
	}
	record := aloft.Step{RunID: r.runID, Name: name, Status: aloft.StepRunning, StartedAt: time.Now()}
	if err := r.record(record); err != nil {
		return none, err
	}
	s := &step{voice: r.voice, label: label, span: r.trace.root().begin(name, "")}
	value, err := guarded(ctx, r, s, body)
	record.FinishedAt = time.Now()
	took := record.FinishedAt.Sub(record.StartedAt)
	record.Status, record.Reason = statusOf(ctx, err)
	defer func() { s.span.end(record.Status, record.Reason) }()
	switch record.Status {
	case aloft.StepSucceeded:
		record.Reason = s.result
		r.voice.step(name, s.result, took)
	case aloft.StepSkipped:
		r.voice.step(name, "skipped, "+record.Reason, took)
		err = nil
	case aloft.StepWaiting:
		r.voice.step(name, "waiting for approval", took)
	case aloft.StepFailed, aloft.StepCanceled:
		r.voice.step(name, string(record.Status), took)
	}
	return value, errors.Join(err, r.record(record))
}

// guarded turns a panic in a step into its failure: the other environments of
// the server have nothing to do with it.
func guarded[T any](ctx context.Context, r *recorder, s *step, body func(context.Context, *step) (T, error)) (value T, err error) {
	defer func() {
		cause := recover()
		if cause == nil {
			return
		}
		err = aloft.Errorf(aloft.CodeInternal, "a defect of Aloft: %v", cause)
		if r.logger != nil {
			r.logger.Error("a step panicked", "run", r.runID, "cause", cause, "stack", string(debug.Stack()))
		}
	}()
	return body(ctx, s)
}

func (r *recorder) record(s aloft.Step) error {
	if r.put == nil {
		return nil
	}
	return r.put(s)
}

func statusOf(ctx context.Context, err error) (aloft.StepStatus, string) {
	skipped, isSkip := errors.AsType[skip](err)
	waiting, isWait := errors.AsType[waitForApproval](err)
	switch {
	case err == nil:
		return aloft.StepSucceeded, ""
	case isSkip:
		return aloft.StepSkipped, string(skipped)
	case isWait:
		return aloft.StepWaiting, waiting.reason
	case ctx.Err() != nil:
		return aloft.StepCanceled, context.Cause(ctx).Error()
	default:
		return aloft.StepFailed, err.Error()
	}
}

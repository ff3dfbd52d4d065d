package run

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/aloft-dev/aloft"
)

// Trace tells where the time of a run went, all its tries together. Of a run
// whose files were removed there is none: CodeNotFound.
func (r *Reconciler) Trace(ctx context.Context, id int64) (aloft.Trace, error) {
	run, err := r.store.Run(ctx, id)
	if err != nil {
		return aloft.Trace{}, err
	}
	if err := r.removed(ctx, run, "trace"); err != nil {
		return aloft.Trace{}, err
	}
	entries, err := readEntries(r.pipeline.tracePath(id))
	if err != nil {
		return aloft.Trace{}, fmt.Errorf("cannot read the trace of run %d: %w", id, err)
	}
	end := run.FinishedAt
	if !run.Status.Finished() {
		end = r.now()
	}
	t := &tracing{run: run, end: end}
	for _, entry := range entries {
		t.add(entry)
	}
	return t.done(), nil
}

// readEntries reads a trace as far as it was written whole.
func readEntries(path string) ([]traceEntry, error) {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	var entries []traceEntry
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var entry traceEntry
		if json.Unmarshal(lines.Bytes(), &entry) == nil && !entry.At.IsZero() {
			entries = append(entries, entry)
		}
	}
	return entries, lines.Err()
}

// timedSpan is a span while a trace is put together.
type timedSpan struct {
	name, detail string
	status       aloft.StepStatus
	start, end   time.Time // end zero = it goes on
	parts        []*timedSpan
}

// tracing puts the trace of a run together from its entries.
type tracing struct {
	run      aloft.Run
	end      time.Time // of the run, or now
	received time.Time
	spans    []*timedSpan
	open     map[int]*timedSpan // of the present try, by number
	last     time.Time          // of the present try's entries
}

func (t *tracing) add(entry traceEntry) {
	switch {
	case entry.Received:
		t.received = entry.At
		return
	case entry.Try > 0:
		t.begin(entry)
	case entry.Name != "":
		s := &timedSpan{name: entry.Name, detail: entry.Detail, status: aloft.StepRunning, start: entry.At}
		t.open[entry.Span] = s
		if parent := t.open[entry.Parent]; parent != nil {
			parent.parts = append(parent.parts, s)
		} else {
			t.spans = append(t.spans, s)
		}
	default:
		if s := t.open[entry.Span]; s != nil {
			s.end, s.status = entry.At, entry.Status
			if entry.Detail != "" {
				s.detail = entry.Detail
			}
		}
	}
	t.last = entry.At
}

// begin begins a try. What an earlier one left open was cut off.
func (t *tracing) begin(entry traceEntry) {
	for _, s := range t.open {
		t.cutOff(s)
	}
	switch {
	case t.open == nil:
		t.spans = append(t.spans, &timedSpan{name: "queue", detail: "accepted → started", status: aloft.StepSucceeded, start: t.run.CreatedAt, end: entry.At})
	case entry.Again == againApproval:
		t.spans = append(t.spans, &timedSpan{name: "approval", detail: "by " + t.run.Approver, status: aloft.StepSucceeded, start: t.last, end: entry.At})
	default:
		t.spans = append(t.spans, &timedSpan{name: "restart", detail: "the server was away", status: aloft.StepSucceeded, start: t.last, end: entry.At})
	}
	t.open = map[int]*timedSpan{}
}

func (t *tracing) cutOff(s *timedSpan) {
	if s.end.IsZero() {
		s.end, s.status, s.detail = t.last, aloft.StepCanceled, "cut off"
	}
}

// done adds what the run waits for, and measures everything.
func (t *tracing) done() aloft.Trace {
	waiting := &timedSpan{status: aloft.StepWaiting}
	switch {
	case t.open == nil:
		waiting.name, waiting.start = "queue", t.run.CreatedAt
	case t.waits():
		waiting.name, waiting.start = "approval", t.last
	default:
		waiting = nil
	}
	if waiting != nil {
		if t.run.Status.Finished() {
			waiting.end, waiting.status = t.end, aloft.StepCanceled
		}
		t.spans = append(t.spans, waiting)
	}
	began := t.run.CreatedAt
	if !t.received.IsZero() && t.received.Before(began) {
		received := &timedSpan{name: "receive", detail: "git's objects", status: aloft.StepSucceeded, start: t.received, end: began}
		t.spans = append([]*timedSpan{received}, t.spans...)
		began = t.received
	}
	for _, s := range t.spans {
		if s.end.After(t.end) {
			t.end = s.end
		}
	}
	trace := aloft.Trace{RunID: t.run.ID, Status: t.run.Status, BeganAt: began, Duration: t.end.Sub(began), Spans: []aloft.Span{}}
	for _, s := range t.spans {
		trace.Spans = append(trace.Spans, s.measure(began, t.end))
	}
	return trace
}

// waits reports whether the last try waits for approval, or did so until the run
// was canceled or superseded.
func (t *tracing) waits() bool {
	for _, s := range t.open {
		if s.status == aloft.StepWaiting {
			return true
		}
	}
	return false
}

// measure turns a span into one whose times count from the begin of the trace.
func (s *timedSpan) measure(began, now time.Time) aloft.Span {
	end := s.end
	if end.IsZero() {
		end = now
	}
	span := aloft.Span{
		Name: s.name, Detail: s.detail, Status: s.status,
		Offset: max(0, s.start.Sub(began)), Duration: max(0, end.Sub(s.start)),
	}
	for _, part := range s.parts {
		span.Parts = append(span.Parts, part.measure(began, now))
	}
	return span
}

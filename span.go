package aloft

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Span is one timed part of a run: a step, or something that a step did.
type Span struct {
	Name     string        `json:"name"`             // "provision", "init", "aloft_app.web", "npm ci"
	Detail   string        `json:"detail,omitempty"` // what it was or what came of it, in a few words
	Status   StepStatus    `json:"status"`
	Offset   time.Duration `json:"offset"`          // from the begin of the trace, in nanoseconds
	Duration time.Duration `json:"duration"`        // until it ended, else until now, in nanoseconds
	Parts    []Span        `json:"parts,omitempty"` // in the order they began; they may overlap
}

// End is when the span ended, from the begin of the trace.
func (s Span) End() time.Duration { return s.Offset + s.Duration }

// Trace is where the time of a run went, from the push that reached the server
// to the end of the run.
type Trace struct {
	RunID    int64         `json:"runID"`
	Status   RunStatus     `json:"status"`
	BeganAt  time.Time     `json:"beganAt"`
	Duration time.Duration `json:"duration"` // until the run ended, else until now, in nanoseconds
	Spans    []Span        `json:"spans" nullable:"false"`
}

// Timing is told of the parts of some work: it is called when one begins, and
// what it returns is called when that has ended, well or not. nil = nobody asks.
type Timing func(name, detail string) (ended func(err error))

// Begin calls t, if there is one.
func (t Timing) Begin(name, detail string) (ended func(err error)) {
	if t == nil {
		return func(error) {}
	}
	return t(name, detail)
}

// CriticalPath is the chain of spans that the run's end waited for, in order:
// each began when the one before had ended. What ran beside them is left out.
func (t Trace) CriticalPath() []Span {
	var path []Span
	for limit := t.Duration; ; {
		last, found := lastEnded(t.Spans, limit)
		if !found {
			slices.Reverse(path)
			return path
		}
		path = append(path, last)
		limit = last.Offset
	}
}

// lastEnded returns the span that ended last, but not after limit; of two the
// longer one. Spans of no length end no wait.
func lastEnded(spans []Span, limit time.Duration) (last Span, found bool) {
	const slack = time.Millisecond // records keep milliseconds
	for _, span := range spans {
		if span.Duration <= 0 || span.Offset >= limit || span.End() > limit+slack {
			continue
		}
		if !found || span.End() > last.End() || span.End() == last.End() && span.Duration > last.Duration {
			last, found = span, true
		}
	}
	return last, found
}

// unmentioned is the share of a trace, as a divisor, below which a span is not
// worth a word.
const unmentioned = 50

// Summary tells in a line where the time went: "0.93 s of 1.06 s: build › web
// (critical path: read → build → deploy)". It is "" while nothing was timed.
func (t Trace) Summary() string {
	path := t.CriticalPath()
	if len(path) == 0 {
		return ""
	}
	longest := path[0]
	var names []string
	for _, span := range path {
		if span.Duration > longest.Duration {
			longest = span
		}
	}
	for _, span := range path {
		if span.Duration >= t.Duration/unmentioned || span.Offset == longest.Offset {
			names = append(names, span.Name)
		}
	}
	text := fmt.Sprintf("%s of %s: %s", Seconds(longest.Duration), Seconds(t.Duration), strings.Join(longest.within(), " › "))
	if len(names) > 1 {
		text += " (critical path: " + strings.Join(names, " → ") + ")"
	}
	return text
}

// within names the span, then the part that is most of it, and so on.
func (s Span) within() []string {
	names := []string{s.Name}
	for _, part := range s.Parts {
		if part.Duration*5 >= s.Duration*4 {
			return append(names, part.within()...)
		}
	}
	return names
}

// Seconds writes a duration for people: "0.08 s", "12.40 s", "3m20s".
func Seconds(d time.Duration) string {
	if d >= time.Minute {
		return d.Round(time.Second).String()
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}

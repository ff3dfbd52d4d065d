package run

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/aloft-dev/aloft"
)

// A run's trace is a file of lines beside its plan: one when a try of the run
// begins, one when a span begins and one when it has ended. Nothing waits for
// the disk; what a crash cuts off is read as it stands.

// traceEntry is a line of a trace.
type traceEntry struct {
	At       time.Time        `json:"at"`
	Received bool             `json:"received,omitempty"` // At is when the push reached the server
	Try      int              `json:"try,omitempty"`      // a try of the run begins, from 1
	Again    string           `json:"again,omitempty"`    // why there is another try
	Span     int              `json:"span,omitempty"`     // from 1, unique in its try
	Parent   int              `json:"parent,omitempty"`   // the span that it is a part of; 0 = none
	Name     string           `json:"name,omitempty"`     // set where a span begins
	Detail   string           `json:"detail,omitempty"`
	Status   aloft.StepStatus `json:"status,omitempty"` // set where a span has ended
}

// Why a run is tried again.
const (
	againRestart  = "restart"  // the server was away
	againApproval = "approval" // its plan waited for approval
)

// trace writes the spans of one try of a run. nil records nothing.
type trace struct {
	path string
	mask func(string) string
	try  int

	mu   sync.Mutex
	last int // span
}

func (p *Pipeline) tracePath(runID int64) string {
	return filepath.Join(p.runDir(aloft.Run{ID: runID}), "trace.ndjson")
}

// openTrace begins another try in the trace of a run. What cannot be written is
// not recorded: a run does not fail for that.
func (p *Pipeline) openTrace(runID int64, again string, mask func(string) string) *trace {
	path := p.tracePath(runID)
	entries, err := readEntries(path)
	if err != nil || os.MkdirAll(filepath.Dir(path), 0o700) != nil {
		return nil
	}
	t := &trace{path: path, mask: mask, try: 1}
	for _, entry := range entries {
		t.try = max(t.try, entry.Try+1)
	}
	if t.try == 1 {
		again = ""
	}
	t.write(traceEntry{At: time.Now(), Try: t.try, Again: again})
	return t
}

// received notes when the push of a run reached the server.
func (p *Pipeline) received(runID int64, at time.Time) {
	path := p.tracePath(runID)
	if at.IsZero() || os.MkdirAll(filepath.Dir(path), 0o700) != nil {
		return
	}
	(&trace{path: path}).write(traceEntry{At: at, Received: true})
}

// write appends a line. The file is opened for each: spans may end after the
// run, when its files are gone already.
func (t *trace) write(entry traceEntry) {
	if t.mask != nil {
		entry.Name, entry.Detail = t.mask(entry.Name), t.mask(entry.Detail)
	}
	line, err := json.Marshal(entry)
	if err != nil {
		return
	}
	file, err := os.OpenFile(t.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	_, _ = file.Write(append(line, '\n'))
	_ = file.Close()
}

// root is what the steps of the try are parts of.
func (t *trace) root() *span {
	if t == nil {
		return nil
	}
	return &span{trace: t}
}

// span is a span on its way, or with id 0 the try as a whole. nil records nothing.
type span struct {
	trace *trace
	id    int
}

// begin begins a part of the span.
func (s *span) begin(name, detail string) *span {
	if s == nil {
		return nil
	}
	s.trace.mu.Lock()
	defer s.trace.mu.Unlock()
	s.trace.last++
	part := &span{s.trace, s.trace.last}
	s.trace.write(traceEntry{At: time.Now(), Span: part.id, Parent: s.id, Name: oneLine(name), Detail: oneLine(detail)})
	return part
}

// end ends the span. A detail that is not "" replaces that of its begin.
func (s *span) end(status aloft.StepStatus, detail string) {
	if s == nil {
		return
	}
	s.trace.mu.Lock()
	defer s.trace.mu.Unlock()
	s.trace.write(traceEntry{At: time.Now(), Span: s.id, Status: status, Detail: oneLine(detail)})
}

// ended ends the span of some work that returned err. The error itself is the
// step's to tell.
func (s *span) ended(err error) {
	_, isWait := errors.AsType[waitForApproval](err)
	switch {
	case err == nil:
		s.end(aloft.StepSucceeded, "")
	case isWait:
		s.end(aloft.StepWaiting, "")
	case errors.Is(err, context.Canceled) || aloft.ErrorCode(err) == aloft.CodeCanceled:
		s.end(aloft.StepCanceled, "")
	default:
		s.end(aloft.StepFailed, "")
	}
}

// timing hands the span to what knows its parts and does not know of runs.
func (s *span) timing() aloft.Timing {
	if s == nil {
		return nil
	}
	return func(name, detail string) func(error) { return s.begin(name, detail).ended }
}

// oneLine keeps what a list shows to one line.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

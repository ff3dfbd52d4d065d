package run

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/aloft-dev/aloft"
)

// voice is how a run speaks to people. The rules:
//
//	=====> headline: what is being done, and at the end how it went
//	-----> step: one line when it has ended, with its time
//	       detail: everything in between
//	 !     error: what happened, then what to do
type voice struct {
	mu  sync.Mutex
	out io.Writer
}

const indent = "       "

func (v *voice) headline(format string, args ...any) { v.print("=====> ", format, args...) }
func (v *voice) detail(format string, args ...any)   { v.print(indent, format, args...) }
func (v *voice) alarm(format string, args ...any)    { v.print(" !     ", format, args...) }

func (v *voice) step(name, result string, took time.Duration) {
	text := name
	if result != "" {
		text += ": " + result
	}
	v.print("-----> ", "%-56s %s", text, aloft.Seconds(took))
}

func (v *voice) print(prefix, format string, args ...any) {
	text := strings.TrimRight(fmt.Sprintf(format, args...), "\n ")
	var b strings.Builder
	for line := range strings.SplitSeq(text, "\n") {
		b.WriteString(prefix + harmless(line) + "\n")
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	_, _ = io.WriteString(v.out, b.String())
}

// fail tells an error and what to do about it.
func (v *voice) fail(err error) {
	v.alarm("%s", err)
	if hint := aloft.ErrorHint(err); hint != "" {
		v.alarm("→ %s", hint)
	}
}

// lines returns a writer whose lines become details, each after label.
func (v *voice) lines(label string) *lineWriter {
	return &lineWriter{line: func(line string) { v.detail("%s%s", label, line) }}
}

// lineWriter hands on whole lines. Flush hands on an unfinished last one.
type lineWriter struct {
	mu   sync.Mutex
	rest []byte
	line func(string)
}

func (w *lineWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rest = append(w.rest, p...)
	for {
		line, rest, found := bytes.Cut(w.rest, []byte("\n"))
		if !found {
			return len(p), nil
		}
		w.line(strings.TrimRight(string(line), "\r"))
		w.rest = rest
	}
}

// Flush hands on what came after the last line end.
func (w *lineWriter) Flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.rest) > 0 {
		w.line(string(w.rest))
		w.rest = nil
	}
}

// summarize puts an error into the few words that fit a ref's rejection.
func summarize(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	if len(line) > 120 {
		line = line[:117] + "..."
	}
	if e, ok := errors.AsType[*aloft.Error](err); ok && e.Code == aloft.CodeInternal {
		return "internal error, see the log of the run"
	}
	return line
}

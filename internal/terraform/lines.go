package terraform

import (
	"bytes"
	"io"
	"sync"
)

// maxLine is the longest line in bytes that is kept; of a longer one the rest is dropped.
const maxLine = 32 << 20

// lineWriter calls each for every line written to it, without the line end.
type lineWriter struct {
	each func([]byte)
	rest []byte
}

func newLineWriter(each func([]byte)) *lineWriter { return &lineWriter{each: each} }

// Write never fails.
func (w *lineWriter) Write(p []byte) (int, error) {
	n := len(p)
	for {
		line, after, found := bytes.Cut(p, []byte("\n"))
		w.rest = append(w.rest, line[:min(len(line), maxLine-len(w.rest))]...)
		if !found {
			return n, nil
		}
		w.flush()
		p = after
	}
}

// Close hands over a last line without an end.
func (w *lineWriter) Close() {
	if len(w.rest) > 0 {
		w.flush()
	}
}

func (w *lineWriter) flush() {
	w.each(bytes.TrimSuffix(w.rest, []byte("\r")))
	w.rest = w.rest[:0]
}

// lockedWriter lets the output and the errors of a process share a log. It
// takes whole lines.
type lockedWriter struct {
	mu     sync.Mutex
	w      io.Writer
	hidden secrets
}

// Write writes p, with the secrets masked, to the shared log.
func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, err := io.WriteString(l.w, l.hidden.scrub(string(p))); err != nil {
		return 0, err
	}
	return len(p), nil
}

package supervise

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/aloft-dev/aloft"
)

// LogOptions say what of a log is wanted.
type LogOptions struct {
	Lines  int  // the newest lines of each app that come first; 0 = all that are kept, negative = none
	Follow bool // then go on with what is written, until ctx ends or the logs are deleted
}

// What is held for a reader that does not keep up.
const (
	maxWaitingLines = 4096
	maxWaitingBytes = 1 << 20
)

// Logs writes the log of an app to w: lines of time, process and text, such as
// "2026-11-24T10:00:00.000Z web.1 listening". With app "" it is that of all
// apps by time, the process written as app/process. A reader too slow to follow
// is told how many lines it missed. An app without a log is CodeNotFound unless
// it is followed. The end of ctx is no error when following.
func (s *Supervisor) Logs(ctx context.Context, key aloft.EnvironmentKey, app string, options LogOptions, w io.Writer) error {
	if err := key.Validate(); err != nil {
		return err
	}
	if app != "" {
		if err := aloft.ValidateAppName(app); err != nil {
			return err
		}
	}
	h := s.hub(key)
	r := &reader{app: app, wake: make(chan struct{}, 1)}
	h.mu.Lock()
	logs, err := h.snapshot(app)
	if options.Follow && err == nil {
		h.readers[r] = struct{}{}
	}
	h.mu.Unlock()
	defer h.drop(r)
	defer closeAll(logs)
	if err != nil {
		return fmt.Errorf("cannot read the logs of %s: %w", key, err)
	}
	if len(logs) == 0 && !options.Follow && app != "" {
		return aloft.Errorf(aloft.CodeNotFound, "there is no log of %s in %s", app, key)
	}
	if options.Lines >= 0 {
		if err := writeKept(ctx, w, logs, options.Lines, app == ""); err != nil {
			return fmt.Errorf("cannot show the log: %w", err)
		}
	}
	if !options.Follow {
		return nil
	}
	closeAll(logs)
	return r.follow(ctx, w)
}

func closeAll(logs []kept) {
	for _, k := range logs {
		k.close()
	}
}

func (h *hub) drop(r *reader) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.readers, r)
}

// reader follows the logs of an environment.
type reader struct {
	app  string // "" = all
	wake chan struct{}

	mu      sync.Mutex
	waiting bytes.Buffer
	count   int
	dropped int
	ended   bool
}

// offer never blocks: what finds no room is counted and dropped.
func (r *reader) offer(app string, line []byte) {
	if r.app != "" && r.app != app {
		return
	}
	if r.app == "" {
		line = withApp(app, line)
	}
	r.mu.Lock()
	if r.dropped > 0 || r.count >= maxWaitingLines || r.waiting.Len()+len(line) > maxWaitingBytes {
		r.dropped++
	} else {
		r.waiting.Write(line)
		r.count++
	}
	r.mu.Unlock()
	r.call()
}

func (r *reader) end() {
	r.mu.Lock()
	r.ended = true
	r.mu.Unlock()
	r.call()
}

func (r *reader) call() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

func (r *reader) follow(ctx context.Context, w io.Writer) error {
	for {
		select {
		case <-r.wake:
		case <-ctx.Done():
			return nil
		}
		text, ended := r.take()
		if _, err := w.Write(text); err != nil {
			return err
		}
		if ended {
			return nil
		}
	}
}

// take returns all that waits, and whether nothing more will come.
func (r *reader) take() ([]byte, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	text := bytes.Clone(r.waiting.Bytes())
	if r.dropped > 0 {
		text = fmt.Appendf(text, "… %d lines dropped: they came faster than they were read\n", r.dropped)
	}
	r.waiting.Reset()
	r.count, r.dropped = 0, 0
	return text, r.ended
}

// withApp puts the app before the process of a line.
func withApp(app string, line []byte) []byte {
	stamp, rest, ok := bytes.Cut(line, []byte{' '})
	if !ok {
		return line
	}
	return fmt.Appendf(nil, "%s %s/%s", stamp, app, rest)
}

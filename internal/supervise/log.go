package supervise

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/aloft-dev/aloft"
)

// stampLayout is RFC 3339 in UTC with milliseconds: all stamps are equally long
// and sort as text.
const stampLayout = "2006-01-02T15:04:05.000Z"

// hub holds the logs of one environment: a file for each app, and the readers
// that follow them. One lock makes what a reader finds in the files and what it
// is then told fit together without gap or overlap.
type hub struct {
	dir      string
	maxBytes int64
	maxFiles int
	logger   *slog.Logger

	mu      sync.Mutex
	files   map[string]*logFile
	readers map[*reader]struct{}
}

// logFile is the present log file of an app. Older ones have .1, .2… appended.
type logFile struct {
	path   string
	file   *os.File // nil = not open
	size   int64
	failed bool // the last write did not work, and that was said
}

// hub returns the logs of an environment.
func (s *Supervisor) hub(key aloft.EnvironmentKey) *hub {
	s.mu.Lock()
	defer s.mu.Unlock()
	h, ok := s.hubs[key]
	if !ok {
		h = &hub{
			dir:      s.logDir(key),
			maxBytes: s.options.LogBytes,
			maxFiles: s.options.LogFiles,
			logger:   s.options.Logger,
			files:    map[string]*logFile{},
			readers:  map[*reader]struct{}{},
		}
		s.hubs[key] = h
	}
	return h
}

func (s *Supervisor) logDir(key aloft.EnvironmentKey) string {
	return filepath.Join(s.options.Dir, key.Project, key.Environment)
}

func (s *Supervisor) closeHubs() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range s.hubs {
		h.close()
	}
}

// DeleteLogs removes the logs of an environment and ends what follows them.
// Its processes must have been stopped: those that still write begin new logs.
func (s *Supervisor) DeleteLogs(key aloft.EnvironmentKey) error {
	if err := key.Validate(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if h, ok := s.hubs[key]; ok {
		h.close()
		delete(s.hubs, key)
	}
	if err := os.RemoveAll(s.logDir(key)); err != nil {
		return fmt.Errorf("cannot delete the logs of %s: %w", key, err)
	}
	_ = os.Remove(filepath.Join(s.options.Dir, key.Project)) // works when it was the last environment
	return nil
}

func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, f := range h.files {
		if f.file != nil {
			f.file.Close()
		}
	}
	clear(h.files)
	for r := range h.readers {
		r.end()
	}
	clear(h.readers)
}

// write adds a line to an app's log and tells the readers. Nobody waits for a
// full disk or a slow reader.
func (h *hub) write(app, name string, text []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	line := fmt.Appendf(nil, "%s %s %s\n", time.Now().UTC().Format(stampLayout), name, text)
	f, ok := h.files[app]
	if !ok {
		f = &logFile{path: h.path(app)}
		h.files[app] = f
	}
	err := f.write(line, h.maxBytes, h.maxFiles)
	if err != nil && !f.failed {
		h.logger.Warn("cannot write the log of an app", "file", f.path, "error", err)
	}
	f.failed = err != nil
	for r := range h.readers {
		r.offer(app, line)
	}
}

func (h *hub) path(app string) string { return filepath.Join(h.dir, app+".log") }

func (f *logFile) write(line []byte, maxBytes int64, maxFiles int) error {
	if f.file == nil {
		if err := f.open(); err != nil {
			return err
		}
	}
	if f.size > 0 && f.size+int64(len(line)) > maxBytes {
		if err := f.rotate(maxFiles); err != nil {
			return err
		}
	}
	n, err := f.file.Write(line)
	f.size += int64(n)
	return err
}

func (f *logFile) open() error {
	if err := os.MkdirAll(filepath.Dir(f.path), 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(f.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return err
	}
	f.file, f.size = file, info.Size()
	return nil
}

// rotate moves each file one number up, the last one falls off.
func (f *logFile) rotate(maxFiles int) error {
	f.file.Close()
	f.file = nil
	for n := maxFiles - 1; n > 0; n-- {
		if err := os.Rename(numbered(f.path, n-1), numbered(f.path, n)); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	if maxFiles == 1 {
		if err := os.Remove(f.path); err != nil {
			return err
		}
	}
	return f.open()
}

func numbered(path string, n int) string {
	if n == 0 {
		return path
	}
	return fmt.Sprintf("%s.%d", path, n)
}

package run

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// Logs keeps the log of every run as a file, and tells its followers at once
// when it grows.
type Logs struct {
	dir  string
	mu   sync.Mutex
	live map[int64]*liveLog
}

// liveLog is the log of a run that has not finished.
type liveLog struct {
	mu      sync.Mutex
	grown   chan struct{} // closed and replaced at every write
	ended   bool
	secrets []string
	rest    []byte // unfinished line: secrets are masked in whole lines
	file    *os.File
}

// NewLogs keeps logs in dir, which must exist.
func NewLogs(dir string) *Logs { return &Logs{dir: dir, live: map[int64]*liveLog{}} }

func (l *Logs) path(id int64) string { return filepath.Join(l.dir, fmt.Sprintf("%d.log", id)) }

// of returns the live log of a run, making it when there is none.
func (l *Logs) of(id int64) *liveLog {
	l.mu.Lock()
	defer l.mu.Unlock()
	log, ok := l.live[id]
	if !ok {
		log = &liveLog{grown: make(chan struct{})}
		l.live[id] = log
	}
	return log
}

// open lets the run write, after what an earlier try of it wrote.
func (l *Logs) open(id int64) (*liveLog, error) {
	file, err := os.OpenFile(l.path(id), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot open the log of run %d: %w", id, err)
	}
	log := l.of(id)
	log.mu.Lock()
	defer log.mu.Unlock()
	log.file = file
	return log, nil
}

// end tells every follower of a finished run that there is no more to come.
func (l *Logs) end(id int64) {
	l.mu.Lock()
	log := l.live[id]
	delete(l.live, id)
	l.mu.Unlock()
	if log != nil {
		log.close(true)
	}
}

// Tell puts a line into the log of a run that is under way.
func (l *Logs) Tell(id int64, text string) {
	l.mu.Lock()
	log := l.live[id]
	l.mu.Unlock()
	if log != nil {
		(&voice{out: log}).alarm("%s", text)
	}
}

// mask keeps values out of the log from now on. Short ones are left alone:
// masking "1" would make the log unreadable and hide nothing.
func (log *liveLog) mask(values ...string) {
	log.mu.Lock()
	defer log.mu.Unlock()
	for _, v := range values {
		if len(v) >= 6 {
			log.secrets = append(log.secrets, v)
		}
	}
}

// hide masks the secrets in a text that is kept elsewhere than in the log.
func (log *liveLog) hide(text string) string {
	log.mu.Lock()
	defer log.mu.Unlock()
	return log.masked(text)
}

func (log *liveLog) masked(text string) string {
	for _, secret := range log.secrets {
		text = strings.ReplaceAll(text, secret, "(sensitive)")
	}
	return text
}

// Write appends whole lines and keeps the unfinished one.
func (log *liveLog) Write(p []byte) (int, error) {
	log.mu.Lock()
	defer log.mu.Unlock()
	log.rest = append(log.rest, p...)
	end := bytes.LastIndexByte(log.rest, '\n')
	if end < 0 {
		return len(p), nil
	}
	err := log.put(log.rest[:end+1])
	log.rest = append([]byte(nil), log.rest[end+1:]...)
	return len(p), err
}

func (log *liveLog) put(text []byte) error {
	if log.file == nil {
		return os.ErrClosed
	}
	_, err := log.file.WriteString(log.masked(string(text)))
	close(log.grown)
	log.grown = make(chan struct{})
	return err
}

// close ends writing; ended says that nobody will open the log again.
func (log *liveLog) close(ended bool) {
	log.mu.Lock()
	defer log.mu.Unlock()
	if log.file != nil {
		if len(log.rest) > 0 {
			_ = log.put(append(log.rest, '\n'))
			log.rest = nil
		}
		_ = log.file.Close()
		log.file = nil
	}
	if ended && !log.ended {
		log.ended = true
		close(log.grown)
	}
}

func (log *liveLog) wait() (grown <-chan struct{}, ended bool) {
	log.mu.Lock()
	defer log.mu.Unlock()
	return log.grown, log.ended
}

// Copy writes the log of a run to w. With a live log it goes on until the run
// has ended or ctx is done.
func (l *Logs) copy(ctx context.Context, id int64, live *liveLog, w io.Writer) error {
	var file *os.File
	defer func() {
		if file != nil {
			_ = file.Close()
		}
	}()
	for {
		var grown <-chan struct{}
		ended := true
		if live != nil {
			grown, ended = live.wait()
		}
		if file == nil {
			var err error
			if file, err = os.Open(l.path(id)); err != nil && !errors.Is(err, os.ErrNotExist) {
				return fmt.Errorf("cannot read the log of run %d: %w", id, err)
			}
		}
		if file != nil {
			if _, err := io.Copy(w, file); err != nil {
				return err
			}
		}
		if ended {
			return nil
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

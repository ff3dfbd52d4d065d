package terraform

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/fsnotify/fsnotify"
)

// lookEvery is how often a followed file is looked at where the system does not
// tell that it has grown.
const lookEvery = 100 * time.Millisecond

// openJournal opens the file that an engine writes into by itself: a pipe to
// this process would end an engine that outlives it at its next word, and what
// it had in hand would be known to nobody.
func openJournal(path string) (file *os.File, end int64, err error) {
	file, err = os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err == nil {
		if end, err = file.Seek(0, io.SeekEnd); err != nil {
			err = errors.Join(err, file.Close())
		}
	}
	if err != nil {
		return nil, 0, fmt.Errorf("cannot open the journal of an apply: %w", err)
	}
	return file, end, nil
}

// follow copies what is appended to the file at path, from offset on, to w. When
// ended is closed it copies the rest and returns.
func follow(path string, offset int64, w io.Writer, ended <-chan struct{}) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := file.Seek(offset, io.SeekStart); err != nil {
		return err
	}
	grown, stop := watchFile(path)
	defer stop()
	for {
		if _, err := io.Copy(w, file); err != nil {
			return err
		}
		select {
		case <-grown:
		case <-ended:
			_, err := io.Copy(w, file)
			return err
		}
	}
}

// watchFile returns a channel that yields when the file may have grown.
func watchFile(path string) (grown <-chan struct{}, stop func()) {
	var (
		events <-chan fsnotify.Event
		faults <-chan error
		look   <-chan time.Time
	)
	ticker := time.NewTicker(lookEvery)
	watcher, err := fsnotify.NewWatcher()
	if err == nil && watcher.Add(path) == nil {
		events, faults = watcher.Events, watcher.Errors
		ticker.Stop()
	} else {
		look = ticker.C
	}
	signal, done := make(chan struct{}, 1), make(chan struct{})
	go func() {
		for {
			select {
			case <-events:
			case <-faults: // such as too many events at once: it may have grown
			case <-look:
			case <-done:
				return
			}
			select {
			case signal <- struct{}{}:
			default:
			}
		}
	}()
	return signal, func() {
		close(done)
		ticker.Stop()
		if watcher != nil {
			_ = watcher.Close()
		}
	}
}

package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/aloft-dev/aloft"
)

// Folder keeps the newest backups in a folder.
type Folder struct {
	Dir    string
	Every  time.Duration // how old the newest may become
	Keep   int           // how many stay; 0 = all
	Write  func(ctx context.Context, w io.Writer) ([]string, error)
	Logger *slog.Logger
}

const (
	filePattern = "aloft-*.tar.gz"
	fileTime    = "aloft-20060102T150405Z.tar.gz" // sorts by time
	retryAfter  = 10 * time.Minute
)

// Run writes a backup whenever the newest is older than it may be, until ctx ends.
func (f Folder) Run(ctx context.Context) {
	for {
		pause := f.Due(time.Now())
		if pause <= 0 {
			path, err := f.Add(ctx, time.Now())
			if err != nil && ctx.Err() == nil {
				f.Logger.Error("cannot write a backup", "folder", f.Dir, "error", err)
				pause = min(f.Every, retryAfter)
			} else if err == nil {
				f.Logger.Info("a backup is written", "file", path)
				continue
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// Due tells how long it is until the next backup.
func (f Folder) Due(now time.Time) time.Duration {
	files, err := f.files()
	if err != nil || len(files) == 0 {
		return 0
	}
	newest, err := time.Parse(fileTime, filepath.Base(files[len(files)-1]))
	if err != nil {
		return 0
	}
	return newest.Add(f.Every).Sub(now)
}

// Add writes a backup, whole or not at all, and removes those that are too many.
func (f Folder) Add(ctx context.Context, now time.Time) (string, error) {
	if err := os.MkdirAll(f.Dir, 0o700); err != nil {
		return "", err
	}
	if err := f.clear(); err != nil {
		return "", err
	}
	path := filepath.Join(f.Dir, now.UTC().Format(fileTime))
	err := Replace(path, func(file *os.File) error {
		notes, err := f.Write(ctx, file)
		for _, note := range notes {
			f.Logger.Warn("left out of the backup", "what", note)
		}
		return err
	})
	if err != nil {
		return "", err
	}
	return path, f.prune()
}

// clear removes what a killed server left half written.
func (f Folder) clear() error {
	files, err := filepath.Glob(filepath.Join(f.Dir, ".new-*"))
	for _, half := range files {
		err = errors.Join(err, os.Remove(half))
	}
	return err
}

// prune removes the oldest.
func (f Folder) prune() error {
	files, err := f.files()
	if err != nil || f.Keep == 0 {
		return err
	}
	for _, old := range files[:max(0, len(files)-f.Keep)] {
		err = errors.Join(err, os.Remove(old))
	}
	return err
}

// files lists the backups, the oldest first.
func (f Folder) files() ([]string, error) {
	files, err := filepath.Glob(filepath.Join(f.Dir, filePattern))
	slices.Sort(files)
	return files, err
}

// Replace writes a file that only its owner may read, whole or not at all: write
// fills a new one beside it.
func Replace(path string, write func(*os.File) error) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return aloft.Errorf(aloft.CodeUnavailable, "cannot write %s: %w", path, err)
	}
	defer func() { _ = os.Remove(file.Name()) }()
	if err := errors.Join(write(file), file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	return nil
}

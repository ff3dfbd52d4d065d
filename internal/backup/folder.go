package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aloft-dev/aloft"
)

// Folder keeps the newest backups in a folder, which NewFolder looks up.
type Folder struct {
	FolderOptions
	opened fs.FileInfo // the folder
}

// FolderOptions say what a Folder keeps.
type FolderOptions struct {
	Dir    string
	Every  time.Duration // how old the newest may become
	Keep   int           // how many stay; 0 = all
	Write  func(ctx context.Context, w io.Writer) (Left, error)
	Logger *slog.Logger
}

// NewFolder makes the folder if it is not there.
func NewFolder(o FolderOptions) (*Folder, error) {
	err := os.MkdirAll(o.Dir, 0o700)
	var opened fs.FileInfo
	if err == nil {
		opened, err = os.Stat(o.Dir)
	}
	if err != nil {
		return nil, aloft.Errorf(aloft.CodeUnavailable, "cannot make the folder for backups: %w", err)
	}
	return &Folder{o, opened}, nil
}

const (
	fileStart  = "aloft-"
	fileTime   = "aloft-20060102T150405Z" // sorts by time
	fileEnd    = ".tar.gz"
	incomplete = "-incomplete" + fileEnd // of one that lacks a database
	retryAfter = 10 * time.Minute
)

// Run writes a backup whenever the newest is older than it may be, until ctx ends.
func (f *Folder) Run(ctx context.Context) {
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
func (f *Folder) Due(now time.Time) time.Duration {
	files, err := f.files()
	if err != nil || len(files) == 0 {
		return 0
	}
	newest, err := writtenAt(files[len(files)-1])
	if err != nil {
		return 0
	}
	return newest.Add(f.Every).Sub(now)
}

// writtenAt is when a file was begun.
func writtenAt(path string) (time.Time, error) {
	name := filepath.Base(path)
	return time.Parse(fileTime, name[:min(len(name), len(fileTime))])
}

// Add writes a backup, whole or not at all, and removes those that are too many. The
// name of one that lacks a database says so.
func (f *Folder) Add(ctx context.Context, now time.Time) (path string, err error) {
	if err := f.check(); err != nil {
		return "", err
	}
	if err := f.clear(); err != nil {
		return "", err
	}
	name := filepath.Join(f.Dir, now.UTC().Format(fileTime))
	var left Left
	err = replace(f.Dir, func(file *os.File) (string, error) {
		var err error
		left, err = f.Write(ctx, file)
		path = name + fileEnd
		if len(left.Lacks) > 0 {
			path = name + incomplete
		}
		if err == nil {
			_, _, err = CheckWritten(ctx, file, path)
		}
		return path, err
	})
	if err != nil {
		return "", err
	}
	for _, note := range left.Notes {
		f.Logger.Warn("left out of the backup", "what", note)
	}
	for _, lack := range left.Lacks {
		f.Logger.Error("the backup is not complete", "file", path, "lacks", lack)
	}
	return path, f.prune()
}

// check refuses a folder that is not the one of the start: where a disk is no longer
// there, a folder made anew would hide that.
func (f *Folder) check() error {
	info, err := os.Stat(f.Dir)
	if err == nil && os.SameFile(info, f.opened) {
		return nil
	}
	if err == nil {
		err = errors.New("another folder stands there")
	}
	return aloft.Errorf(aloft.CodeUnavailable, "the folder for backups is no longer there: %w", err).
		WithHint("bring it back (is its disk mounted?), or start the server again with the --backup-dir to use")
}

// clear removes what a killed server left half written.
func (f *Folder) clear() error {
	return f.each(func(name string) error {
		if !strings.HasPrefix(name, unfinishedStart) {
			return nil
		}
		return os.Remove(filepath.Join(f.Dir, name))
	})
}

func (f *Folder) each(visit func(name string) error) error {
	entries, err := os.ReadDir(f.Dir)
	for _, e := range entries {
		err = errors.Join(err, visit(e.Name()))
	}
	return err
}

// prune removes the oldest, but never the last complete one.
func (f *Folder) prune() error {
	files, err := f.files()
	if err != nil || f.Keep == 0 {
		return err
	}
	whole := func(path string) bool { return !strings.HasSuffix(path, incomplete) }
	kept := max(0, len(files)-f.Keep)
	spare := slices.ContainsFunc(files[kept:], whole)
	for _, old := range slices.Backward(files[:kept]) {
		if !spare && whole(old) {
			spare = true
			continue
		}
		err = errors.Join(err, os.Remove(old))
	}
	return err
}

// files lists the backups, the oldest first.
func (f *Folder) files() (files []string, err error) {
	err = f.each(func(name string) error {
		if strings.HasPrefix(name, fileStart) && strings.HasSuffix(name, fileEnd) {
			files = append(files, filepath.Join(f.Dir, name))
		}
		return nil
	})
	return files, err
}

// Replace writes a file that only its owner may read, whole or not at all: write
// fills a new one beside it.
func Replace(path string, write func(*os.File) error) error {
	return replace(filepath.Dir(path), func(file *os.File) (string, error) { return path, write(file) })
}

// replace is Replace, where write tells at last what the file shall be called.
func replace(dir string, write func(*os.File) (path string, err error)) error {
	file, err := os.CreateTemp(dir, unfinishedStart+"*")
	if err != nil {
		return aloft.Errorf(aloft.CodeUnavailable, "cannot write into %s: %w", dir, err)
	}
	defer func() { _ = os.Remove(file.Name()) }()
	path, err := write(file)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	return nil
}

package build

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/aloft-dev/aloft"
)

// Caches are shared by all servers of a user. Who builds holds a shared lock on
// the folder of the project's caches, who removes it the exclusive one. The lock
// ends with the process at the latest.

// useCaches makes the folder of a project's caches and keeps it from being
// removed until release is called.
func (b *Builder) useCaches(project string) (release func(), err error) {
	folder := filepath.Join(b.options.CacheDir, project)
	for {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return nil, fmt.Errorf("cannot make a folder for the build: %w", err)
		}
		held, err := lockFolder(folder, syscall.LOCK_SH)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it was removed a moment ago
		}
		if err != nil {
			return nil, fmt.Errorf("cannot lock the caches of %s: %w", project, err)
		}
		if isStill(held, folder) {
			return func() { _ = unlock(held) }, nil
		}
		_ = unlock(held)
	}
}

// DeleteProject removes the artifacts and the caches of a project that was
// deleted. Caches that another server is building with stay.
func (b *Builder) DeleteProject(project string) error {
	if err := aloft.ValidateProjectName(project); err != nil {
		return err
	}
	return errors.Join(removeAll(filepath.Join(b.options.ArtifactDir, project)), b.removeCaches(project))
}

func (b *Builder) removeCaches(project string) error {
	folder := filepath.Join(b.options.CacheDir, project)
	held, err := lockFolder(folder, syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.EWOULDBLOCK) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot lock the caches of %s: %w", project, err)
	}
	defer func() { _ = unlock(held) }()
	return removeAll(folder)
}

func lockFolder(folder string, how int) (*os.File, error) {
	file, err := os.Open(folder)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), how); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// unlock is more than closing: a child that is just being started may have the
// file, too.
func unlock(file *os.File) error {
	return errors.Join(syscall.Flock(int(file.Fd()), syscall.LOCK_UN), file.Close())
}

// isStill reports whether an open folder is the one at a path.
func isStill(file *os.File, path string) bool {
	opened, err := file.Stat()
	found, findErr := os.Stat(path)
	return err == nil && findErr == nil && os.SameFile(opened, found)
}

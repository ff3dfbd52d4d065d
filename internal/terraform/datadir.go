package terraform

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft"
)

// engineFiles are what engines and Init put into the data folder.
var engineFiles = []string{keyFile, keptLock, "providers", "modules", "plugins", backendRecord}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// initializedFor reports whether the data folder was initialized for key.
func initializedFor(c aloft.Configuration, key string) bool {
	stored, err := os.ReadFile(filepath.Join(dataDir(c), keyFile))
	return err == nil && slices.Contains(strings.Fields(string(stored)), key)
}

// keep notes what the data folder was initialized for: the lock file as it was
// before init and as it is now, and a copy of the latter, since the next
// checkout does not have it.
func (e *Engine) keep(c aloft.Configuration, key string) error {
	kept := filepath.Join(dataDir(c), keptLock)
	lock, err := os.ReadFile(filepath.Join(c.Dir, lockName))
	switch {
	case errors.Is(err, os.ErrNotExist):
		err = os.RemoveAll(kept)
	case err == nil:
		err = aloft.ReplaceFile(kept, lock, 0o600)
	}
	if err != nil {
		return fmt.Errorf("cannot keep the lock file of %s: %w", c.Key, err)
	}
	t, err := readTree(c.Dir, c.Folder)
	if err != nil {
		return err
	}
	keys := key + "\n" + e.initKey(c, t) + "\n"
	if err := aloft.ReplaceFile(filepath.Join(dataDir(c), keyFile), []byte(keys), 0o600); err != nil {
		return fmt.Errorf("cannot keep the key of %s: %w", c.Key, err)
	}
	return nil
}

// restoreLock puts the kept lock file into c.Dir, if there is one.
func restoreLock(c aloft.Configuration) error {
	lock, err := os.ReadFile(filepath.Join(dataDir(c), keptLock))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = aloft.ReplaceFile(filepath.Join(c.Dir, lockName), lock, 0o644)
	}
	if err != nil {
		return fmt.Errorf("cannot restore the lock file of %s: %w", c.Key, err)
	}
	return nil
}

// forgettable reports whether the data folder holds anything that forget removes.
func forgettable(c aloft.Configuration) bool {
	return slices.ContainsFunc(engineFiles, func(name string) bool { return exists(filepath.Join(dataDir(c), name)) })
}

// forget empties the data folder of what it was initialized with.
func forget(c aloft.Configuration) error {
	for _, name := range engineFiles {
		if err := os.RemoveAll(filepath.Join(dataDir(c), name)); err != nil {
			return fmt.Errorf("cannot empty the data folder of %s: %w", c.Key, err)
		}
	}
	return nil
}

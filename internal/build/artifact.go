package build

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/aloft-dev/aloft"
)

const tempSuffix = ".tmp" // of the folder for temporary files beside an artifact's

// Collect removes the artifacts of a project whose id is not in keep, and what
// crashed builds left. It spares what is being built or was returned by Build a
// short while ago (Options.KeepFor). It returns the bytes of disk that became free.
func (b *Builder) Collect(ctx context.Context, project string, keep map[string]bool) (int64, error) {
	if err := aloft.ValidateProjectName(project); err != nil {
		return 0, err
	}
	parent := filepath.Join(b.options.ArtifactDir, project)
	entries, err := os.ReadDir(parent)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("cannot list the artifacts of %s: %w", project, err)
	}
	var freed int64
	for _, entry := range entries {
		id := strings.TrimSuffix(entry.Name(), tempSuffix)
		if id == entry.Name() && keep[id] {
			continue
		}
		if err := context.Cause(ctx); err != nil {
			return freed, err
		}
		bytes, err := b.collect(ctx, filepath.Join(parent, id), filepath.Join(parent, entry.Name()))
		freed += bytes
		if err != nil {
			return freed, err
		}
	}
	_ = os.Remove(parent) // works when nothing is left
	return freed, nil
}

// collect removes a folder that belongs to the artifact in owner.
func (b *Builder) collect(ctx context.Context, owner, folder string) (int64, error) {
	unlock, ok := b.busy.try(owner)
	if !ok {
		return 0, nil
	}
	defer unlock()
	mark, err := os.Lstat(filepath.Join(folder, completeMark))
	if err == nil && time.Since(mark.ModTime()) < b.options.KeepFor {
		return 0, nil
	}
	bytes, err := diskUsage(folder)
	if err != nil {
		return 0, err
	}
	b.removeImage(ctx, folder)
	return bytes, removeAll(folder)
}

// removeAll removes a folder whatever its modes are. An artifact is no longer
// complete from the first moment.
func removeAll(folder string) error {
	_ = os.Remove(filepath.Join(folder, completeMark)) // if this fails, so does what follows
	if err := aloft.RemoveFolder(folder); err != nil {
		return fmt.Errorf("cannot remove an artifact: %w", err)
	}
	return nil
}

// diskUsage returns the bytes that a folder takes on disk. What vanishes
// meanwhile does not count.
func diskUsage(folder string) (int64, error) {
	const block = 512 // bytes, the unit of st_blocks everywhere
	var total int64
	err := filepath.WalkDir(folder, func(_ string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
			return nil
		}
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return nil
		}
		if stat, ok := info.Sys().(*syscall.Stat_t); ok {
			total += stat.Blocks * block
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("cannot measure an artifact: %w", err)
	}
	return total, nil
}

// watchSize ends the returned context when an artifact and the temporary files
// of its build grow over the limit. stop looks at the artifact a last time and
// returns errTooLarge if it did. (How much space is left on the disk, which
// caches fill too, is looked at by whoever runs the commands.)
func (b *Builder) watchSize(ctx context.Context, folder string) (watched context.Context, stop func() error) {
	const often = 2 * time.Second
	watched, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for pause := often; ; {
			select {
			case <-watched.Done():
				return
			case <-time.After(pause):
			}
			begin := time.Now()
			size, err := diskUsage(folder)
			temporary, _ := diskUsage(folder + tempSuffix) // there is none before the commands
			if err == nil && size+temporary > b.options.MaxBytes {
				cancel(errTooLarge)
			}
			pause = max(often, 20*time.Since(begin)) // a large tree takes long to measure
		}
	}()
	return watched, func() error {
		grown := context.Cause(watched)
		cancel(nil)
		<-done
		if errors.Is(grown, errTooLarge) {
			return errTooLarge
		}
		size, err := diskUsage(folder)
		if err == nil && size > b.options.MaxBytes {
			return errTooLarge
		}
		return err
	}
}

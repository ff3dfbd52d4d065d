package build

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// keptFolders are caches that tools can only have inside an app's folder. They
// go from one build of an app to its next, and are no part of its artifacts.
var keptFolders = []string{".next/cache", ".angular/cache", ".parcel-cache"}

// kept returns the place of such a folder between two builds.
func (b *Builder) kept(r Request, folder string) string {
	return filepath.Join(b.options.CacheDir, r.Project, "kept", r.App.Name, folder)
}

// takeKept moves the folders that an earlier build left into dir. Of builds at
// the same time one gets them. What fails costs time and nothing else.
func (b *Builder) takeKept(ctx context.Context, r Request, dir string) {
	for _, folder := range keptFolders {
		to := filepath.Join(dir, folder)
		if _, err := os.Lstat(to); err == nil { // the repository has one
			continue
		}
		_ = move(ctx, b.kept(r, folder), to)
	}
}

// putKept moves the folders out of dir for the next build.
func (b *Builder) putKept(ctx context.Context, r Request, dir string) {
	for _, folder := range keptFolders {
		from := filepath.Join(dir, folder)
		if !plainFolder(dir, from) {
			continue
		}
		to := b.kept(r, folder)
		if removeAll(to) != nil || move(ctx, from, to) != nil {
			_ = removeAll(from) // another build was faster
		}
	}
}

// plainFolder reports whether a folder is there, and no link leads to it.
func plainFolder(dir, folder string) bool {
	info, err := os.Lstat(folder)
	if err != nil || !info.IsDir() {
		return false
	}
	below, err := filepath.Rel(dir, folder)
	if err != nil {
		return false
	}
	realDir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return false
	}
	realFolder, err := filepath.EvalSymlinks(folder)
	return err == nil && realFolder == filepath.Join(realDir, below)
}

// move moves a folder to where there is none, to another disk as well.
func move(ctx context.Context, from, to string) error {
	if _, err := os.Lstat(from); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	err := os.Rename(from, to)
	if !errors.Is(err, syscall.EXDEV) {
		return err
	}
	if err := os.Mkdir(to, 0o755); err != nil {
		return err
	}
	if err := copyTree(ctx, from, to, io.Discard); err != nil {
		return errors.Join(err, removeAll(to))
	}
	return removeAll(from)
}

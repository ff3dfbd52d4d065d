package build

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// copy copies the files, folders and links of a folder of the source into another,
// which exists, but what is foreign there. It never reads or writes outside of the two.
// Links that lead outside and things that are neither are left out, and the log says so.
func (r Request) copy(ctx context.Context, place, folder string) error {
	from, err := os.OpenRoot(filepath.Join(r.Source, place))
	if err != nil {
		return fmt.Errorf("cannot open the source: %w", err)
	}
	defer from.Close()
	to, err := os.OpenRoot(folder)
	if err != nil {
		return fmt.Errorf("cannot open the artifact: %w", err)
	}
	defer to.Close()
	c := copier{from: from, to: to, log: r.Log, foreign: func(string) bool { return false }}
	if r.Foreign != nil {
		c.foreign = func(name string) bool { return r.Foreign(filepath.ToSlash(filepath.Join(place, name))) }
	}
	if err := c.folder(ctx, "."); err != nil {
		return fmt.Errorf("cannot copy the source: %w", err)
	}
	return nil
}

type copier struct {
	from, to *os.Root
	log      io.Writer
	foreign  func(name string) bool
}

func (c copier) folder(ctx context.Context, name string) error {
	dir, err := c.from.Open(name)
	if err != nil {
		return err
	}
	entries, err := dir.ReadDir(-1)
	if err = errors.Join(err, dir.Close()); err != nil {
		return err
	}
	for _, entry := range entries {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := c.entry(ctx, filepath.Join(name, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

func (c copier) entry(ctx context.Context, name string) error {
	if c.foreign(name) {
		return nil
	}
	info, err := c.from.Lstat(name)
	if err != nil {
		return err
	}
	switch {
	case name == completeMark:
		return nil
	case info.IsDir():
		if err := c.to.Mkdir(name, info.Mode().Perm()|0o700); err != nil {
			return err
		}
		return c.folder(ctx, name)
	case info.Mode().IsRegular():
		return c.file(name, info.Mode().Perm()|0o600)
	case info.Mode()&fs.ModeSymlink != 0:
		return c.link(name)
	}
	c.leaveOut(name, "it is neither a file nor a folder")
	return nil
}

func (c copier) file(name string, mode fs.FileMode) error {
	in, err := c.from.Open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := c.to.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// link copies a symbolic link whose target is inside, be it there or not.
func (c copier) link(name string) error {
	target, err := c.from.Readlink(name)
	if err != nil {
		return err
	}
	inside := !filepath.IsAbs(target) && filepath.IsLocal(filepath.Join(filepath.Dir(name), target))
	if inside {
		_, err := c.from.Stat(name) // follows the links on the way, and refuses to leave
		inside = err == nil || errors.Is(err, fs.ErrNotExist)
	}
	if !inside {
		c.leaveOut(name, "the link leads outside of the repository")
		return nil
	}
	return c.to.Symlink(target, name)
}

func (c copier) leaveOut(name, reason string) {
	fmt.Fprintf(c.log, "left out %s: %s\n", name, reason)
}

package backup

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"
)

// walk adds a folder and what it holds. Links are kept as links; what is neither file,
// folder nor link is left out.
//
// Apps may change all of it meanwhile, and put a link where a folder was: each folder
// is opened by its own name in the one above, and is what it was when it was looked at,
// or it is looked at again.
type walk struct {
	*archive
	name string // of the folder, in the archive
	skip func(found string, e fs.DirEntry) bool
	// apps: the files are those of apps, which must not be able to end the backup: what
	// cannot be taken is named.
	apps bool
}

const (
	maxDepth = 500  // of folders: each that is being read is open
	maxName  = 4000 // bytes of a path
	maxTries = 5    // with what changes while it is read
)

// errSwapped: what was opened is not what was looked at.
var errSwapped = errors.New("it changes all the time")

// tree adds a folder, found below the first one.
func (w walk) tree(root *os.Root, found string) error {
	info, err := root.Lstat(".")
	if err != nil {
		return w.left(found, err)
	}
	if err := w.folder(path.Join(w.name, found), info); err != nil {
		return err
	}
	names, err := list(root)
	if err != nil {
		return w.left(found, err)
	}
	for _, name := range names {
		if err := w.one(root, path.Join(found, name)); err != nil {
			return err
		}
	}
	return nil
}

// list lists what is in a folder.
func list(root *os.Root) ([]string, error) {
	file, err := root.Open(".")
	if err != nil {
		return nil, err
	}
	defer file.Close()
	names, err := file.Readdirnames(-1)
	slices.Sort(names)
	return slices.Compact(names), err
}

// one adds what stands in a folder, which is found below the first one. What has gone
// meanwhile is not added.
func (w walk) one(root *os.Root, found string) error {
	var inner *os.Root
	var err error
	for range maxTries {
		if inner, err = w.try(root, found); err == nil || w.sink.err != nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
			break
		}
	}
	if err != nil || inner == nil {
		return w.left(found, err)
	}
	defer inner.Close()
	return w.tree(inner, found)
}

// left deals with what could not be added.
func (w walk) left(found string, err error) error {
	switch {
	case w.sink.err != nil:
		return w.sink.err
	case err == nil, errors.Is(err, fs.ErrNotExist):
		return nil
	case errors.Is(err, fs.ErrPermission):
		w.note("%s cannot be read", shown(path.Join(w.name, found)))
		return nil
	case w.apps:
		w.note("%s cannot be read: %s", shown(path.Join(w.name, found)), cause(err))
		return nil
	}
	return err
}

// try adds what stands there, or returns it where it is a folder.
func (w walk) try(root *os.Root, found string) (inner *os.Root, err error) {
	base, name := path.Base(found), path.Join(w.name, found)
	info, err := root.Lstat(base)
	if err != nil {
		return nil, err
	}
	if w.skip != nil && w.skip(found, fs.FileInfoToDirEntry(info)) {
		return nil, nil
	}
	if len(name) > maxName || strings.Count(found, "/") >= maxDepth {
		w.note("%s… is left out: it is nested too deeply", shown(name[:min(len(name), 100)]))
		return nil, nil
	}
	switch info.Mode().Type() {
	case fs.ModeDir:
		if inner, err = root.OpenRoot(base); err != nil {
			return nil, err
		}
		if opened, err := inner.Stat("."); err != nil || !os.SameFile(info, opened) {
			return nil, errors.Join(errSwapped, err, inner.Close())
		}
		return inner, nil
	case fs.ModeSymlink:
		target, err := root.Readlink(base)
		if err != nil {
			return nil, err
		}
		return nil, w.link(name, target)
	case 0:
		file, err := root.OpenFile(base, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe is not waited for
		if err != nil {
			return nil, err
		}
		defer file.Close()
		if opened, err := file.Stat(); err != nil || !os.SameFile(info, opened) {
			return nil, errors.Join(errSwapped, err)
		}
		return nil, w.open(name, file)
	}
	return nil, nil
}

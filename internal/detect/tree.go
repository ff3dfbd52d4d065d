package detect

import (
	"io/fs"
	"path"
	"slices"
)

// maxLinks is how many links are followed one after the other.
const maxLinks = 8

// tree is a source tree whose links do not lead out of it, where only plain
// files are read, and which remembers its folders.
type tree struct {
	source  fs.FS
	places  map[string]string        // where a name leads to, "" = nowhere
	folders map[string][]fs.DirEntry // what is in them
}

func newTree(source fs.FS) *tree {
	return &tree{source: source, places: map[string]string{}, folders: map[string][]fs.DirEntry{}}
}

// Open implements fs.FS.
func (t *tree) Open(name string) (fs.File, error) {
	at, err := t.resolve("open", name)
	if err != nil {
		return nil, err
	}
	return t.source.Open(at)
}

// Stat implements fs.StatFS.
func (t *tree) Stat(name string) (fs.FileInfo, error) {
	at, err := t.resolve("stat", name)
	if err != nil {
		return nil, err
	}
	return fs.Stat(t.source, at)
}

// ReadDir implements fs.ReadDirFS. It leaves out what cannot be read, and links to
// folders: what they lead to is found where it stands.
func (t *tree) ReadDir(name string) ([]fs.DirEntry, error) {
	if entries, ok := t.folders[name]; ok {
		return entries, nil
	}
	at, err := t.resolve("open", name)
	if err != nil {
		return nil, err
	}
	entries, err := fs.ReadDir(t.source, at)
	if err != nil {
		return nil, err
	}
	entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool {
		if e.IsDir() || e.Type().IsRegular() {
			return false
		}
		info, err := t.Stat(path.Join(name, e.Name()))
		return err != nil || info.IsDir()
	})
	t.folders[name] = entries
	return entries, nil
}

// resolve returns where a name leads to; what is outside of the tree is not there.
func (t *tree) resolve(op, name string) (string, error) {
	if !fs.ValidPath(name) {
		return "", &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	if at := t.follow(name, maxLinks); at != "" {
		return at, nil
	}
	return "", &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
}

func (t *tree) follow(name string, links int) string {
	if name == "." {
		return name
	}
	if at, ok := t.places[name]; ok {
		return at
	}
	at := t.step(name, links)
	if links == maxLinks {
		t.places[name] = at
	}
	return at
}

func (t *tree) step(name string, links int) string {
	dir := t.follow(path.Dir(name), links)
	if dir == "" {
		return ""
	}
	at := path.Join(dir, path.Base(name))
	info, err := fs.Lstat(t.source, at)
	switch {
	case err != nil:
		return ""
	case info.IsDir() || info.Mode().IsRegular():
		return at
	case info.Mode()&fs.ModeSymlink == 0 || links == 0:
		return ""
	}
	target, err := fs.ReadLink(t.source, at)
	next := path.Join(dir, target)
	if err != nil || path.IsAbs(target) || !fs.ValidPath(next) {
		return ""
	}
	return t.follow(next, links-1)
}

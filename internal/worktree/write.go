package worktree

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/blueprint"
)

// Write writes files and removes others, all or nothing: the new content and what
// it takes the place of stand aside before the first file changes, and when
// something goes wrong the tree is put back as it was.
func (t *Tree) Write(files []blueprint.File, remove []string) error {
	r := &replacing{tree: t, aside: fmt.Sprintf(".aloft-new-%d", time.Now().UnixNano())}
	if err := t.folder.Mkdir(r.aside, 0o700); err != nil {
		return aloft.Errorf(aloft.CodeUnavailable, "cannot write in %s: %w", t.Root, err).WithHint("nothing was changed; make the folder writable")
	}
	err := r.all(files, remove)
	if err != nil {
		if undone := r.undo(); undone != nil {
			return aloft.Errorf(aloft.CodeUnavailable, "%w; nor can all be put back as it was: %w", err, undone).
				WithHint("what stood in its place is in %s", path.Join(t.Root, r.aside))
		}
	}
	_ = t.folder.RemoveAll(r.aside)
	return err
}

// replacing is one change of many files.
type replacing struct {
	tree  *Tree
	aside string         // folder of what is new, and of what was there
	back  []func() error // undo what was done so far, the last first
}

func (r *replacing) undo() error {
	var failed error
	for _, back := range slices.Backward(r.back) {
		failed = errors.Join(failed, back())
	}
	return failed
}

// all does every step that may fail for want of room before those that change the
// tree.
func (r *replacing) all(files []blueprint.File, remove []string) error {
	folder := r.tree.folder
	wrong := func(what, name string, err error) error {
		if known, ok := errors.AsType[*aloft.Error](err); ok {
			return known
		}
		return aloft.Errorf(aloft.CodeUnavailable, "cannot %s %s: %w", what, name, err).
			WithHint("nothing was changed; make sure that the folders can be written and the disk has room, then try again")
	}
	var steps []func() error
	for i, f := range files {
		step, err := r.stage(f, path.Join(r.aside, fmt.Sprint("new-", i)), path.Join(r.aside, fmt.Sprint("old-", i)))
		if err != nil {
			return wrong("write", f.Path, err)
		}
		steps = append(steps, step)
	}
	for i, f := range files {
		if err := r.makeFolder(path.Dir(f.Path)); err != nil {
			return wrong("make the folder of", f.Path, err)
		}
		if err := steps[i](); err != nil {
			return wrong("write", f.Path, err)
		}
	}
	for i, name := range remove {
		if slices.ContainsFunc(files, func(f blueprint.File) bool { return f.Path == name }) {
			continue // something else is there now
		}
		gone := path.Join(r.aside, fmt.Sprint("gone-", i))
		if err := folder.Rename(name, gone); err != nil {
			return wrong("remove", name, err)
		}
		r.back = append(r.back, func() error { return folder.Rename(gone, name) })
	}
	for _, name := range remove {
		r.tree.removeEmpty(path.Dir(name))
	}
	return nil
}

// removeEmpty removes a folder and those above as far as they are empty.
func (t *Tree) removeEmpty(name string) {
	for ; name != "."; name = path.Dir(name) {
		if info, err := t.folder.Lstat(name); err != nil || !info.IsDir() || t.folder.Remove(name) != nil {
			return
		}
	}
}

// stage writes new content aside, and keeps what is there now. It returns the step
// that puts the new in its place.
func (r *replacing) stage(f blueprint.File, fresh, old string) (func() error, error) {
	folder := r.tree.folder
	mode := fs.FileMode(0o644)
	info, err := folder.Lstat(f.Path)
	there := err == nil
	switch {
	case there && !info.Mode().IsRegular():
		return nil, aloft.Errorf(aloft.CodeConflict, "cannot write %s: it is a link, or no file", f.Path).WithHint("put the file itself there; nothing was changed")
	case there:
		mode = info.Mode().Perm()
		text, err := folder.ReadFile(f.Path)
		if err == nil {
			err = folder.WriteFile(old, text, mode)
		}
		if err != nil {
			return nil, err
		}
	}
	if err := folder.WriteFile(fresh, []byte(f.Text), mode); err != nil {
		return nil, err
	}
	return func() error {
		if err := folder.Rename(fresh, f.Path); err != nil {
			return err
		}
		r.back = append(r.back, func() error {
			if there {
				return folder.Rename(old, f.Path)
			}
			return folder.Remove(f.Path)
		})
		return nil
	}, nil
}

// makeFolder makes a folder and those above that are missing.
func (r *replacing) makeFolder(name string) error {
	if name == "." {
		return nil
	}
	info, err := r.tree.folder.Stat(name)
	if err == nil && info.IsDir() {
		return nil
	}
	if err == nil {
		return aloft.Errorf(aloft.CodeConflict, "cannot make the folder %s: there is a file of that name", name).WithHint("nothing was changed; move the file away")
	}
	if above := r.makeFolder(path.Dir(name)); above != nil {
		return above
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := r.tree.folder.Mkdir(name, 0o755); err != nil {
		return err
	}
	r.back = append(r.back, func() error { return r.tree.folder.Remove(name) })
	return nil
}

package git

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	aloft "github.com/aloft-dev/aloft"
)

// Checkout writes the files of a commit into dir, which must be empty or not
// there. They are byte for byte what was committed, with their modes: attributes,
// filters, line endings and hooks have no effect. A submodule becomes an empty folder, a
// file of Git LFS stays a pointer; both are named. A tree that is over a limit, or has a
// symbolic link that leads out of it, or a name that no checkout should have, is
// CodeInvalid, names the limit or the path, and leaves dir empty.
func (r *Remote) Checkout(ctx context.Context, project, revision, dir string) (aloft.Absent, error) {
	var none aloft.Absent
	repository, err := r.revision(project, revision)
	if err != nil {
		return none, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return none, fmt.Errorf("cannot check out %s: %w", project, err)
	}
	if present, err := os.ReadDir(dir); err != nil || len(present) > 0 {
		return none, errors.Join(err, fmt.Errorf("cannot check out %s: %s is not empty", project, dir))
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return none, fmt.Errorf("cannot check out %s: %w", project, err)
	}
	defer root.Close()
	w := &worktree{root: root, made: map[string]bool{".": true}}
	if err = r.fill(ctx, repository, revision, w); err != nil {
		empty(dir)
		return none, r.explain(ctx, project, revision, fmt.Errorf("cannot check out commit %.12s of %s: %w", revision, project, err))
	}
	return w.absent, nil
}

func (r *Remote) fill(ctx context.Context, repository, revision string, w *worktree) error {
	files, err := r.inspect(ctx, repository, revision)
	if err != nil {
		return err
	}
	var blobs []entry
	for _, e := range files {
		if e.mode != modeSubmodule {
			blobs = append(blobs, e)
			continue
		}
		w.absent.Submodules = append(w.absent.Submodules, e.path)
		if err := w.mkdir(e.path); err != nil {
			return w.explain(e.path, err)
		}
	}
	if err := r.blobs(ctx, repository, blobs, w.write); err != nil {
		return err
	}
	return w.link()
}

// blobs calls write with the content of each entry, in order.
func (r *Remote) blobs(ctx context.Context, repository string, entries []entry, write func(entry, int64, io.Reader) error) error {
	if len(entries) == 0 {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ids := make([]string, len(entries))
	for i, e := range entries {
		ids[i] = e.id
	}
	return r.read(ctx, strings.NewReader(strings.Join(ids, "\n")+"\n"), func(out *bufio.Reader) error {
		for _, e := range entries {
			if err := oneBlob(out, e, write); err != nil {
				return err
			}
		}
		return nil
	}, "--git-dir="+repository, "cat-file", "--batch", "--buffer")
}

func oneBlob(out *bufio.Reader, e entry, write func(entry, int64, io.Reader) error) error {
	header, err := out.ReadString('\n')
	if err != nil {
		return fmt.Errorf("cannot read %q: %w", e.path, err)
	}
	fields := strings.Fields(header)
	if len(fields) != 3 || fields[1] != "blob" {
		return fmt.Errorf("cannot read %q: it is not in the repository", e.path)
	}
	size, err := strconv.ParseInt(fields[2], 10, 64)
	if err != nil {
		return fmt.Errorf("cannot read %q: %w", e.path, err)
	}
	content := &io.LimitedReader{R: out, N: size}
	if err := write(e, size, content); err != nil {
		return err
	}
	if content.N != 0 {
		return fmt.Errorf("cannot read %q: %w", e.path, io.ErrUnexpectedEOF)
	}
	_, err = out.Discard(1)
	return err
}

// worktree writes files below a root that it cannot leave.
type worktree struct {
	root   *os.Root
	made   map[string]bool // folders that are there
	links  []link
	absent aloft.Absent
}

type link struct{ path, target string }

func (w *worktree) mkdir(dir string) error {
	if w.made[dir] {
		return nil
	}
	if err := w.mkdir(path.Dir(dir)); err != nil {
		return err
	}
	if err := w.root.Mkdir(dir, 0o755); err != nil {
		return err
	}
	w.made[dir] = true
	return nil
}

func (w *worktree) write(e entry, size int64, content io.Reader) error {
	if err := w.mkdir(path.Dir(e.path)); err != nil {
		return w.explain(e.path, err)
	}
	if e.mode == modeLink {
		return w.remember(e, size, content)
	}
	mode := fs.FileMode(0o644)
	if e.mode == modeExecutable {
		mode = 0o755
	}
	file, err := w.root.OpenFile(e.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return w.explain(e.path, err)
	}
	content = w.notePointer(e, size, content)
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Close())
}

const (
	pointerStart = "version https://git-lfs.github.com/spec/v1\n"
	maxPointer   = 1024 // bytes; the specification of Git LFS says so
)

// notePointer notes a file that is a pointer of Git LFS, and returns the same content.
func (w *worktree) notePointer(e entry, size int64, content io.Reader) io.Reader {
	if size > maxPointer || size < int64(len(pointerStart)) {
		return content
	}
	start := make([]byte, len(pointerStart))
	n, _ := io.ReadFull(content, start) // what fails fails again
	if string(start) == pointerStart {
		w.absent.Pointers = append(w.absent.Pointers, e.path)
	}
	return io.MultiReader(bytes.NewReader(start[:n]), content)
}

// remember keeps a symbolic link for when all files are written, so that none is
// written through it.
func (w *worktree) remember(e entry, size int64, content io.Reader) error {
	if size == 0 || size > maxLinkTarget {
		return aloft.Errorf(aloft.CodeInvalid, "the symbolic link %q has a target of %d bytes, a link takes 1 to %d", e.path, size, maxLinkTarget)
	}
	target, err := io.ReadAll(content)
	w.links = append(w.links, link{e.path, string(target)})
	return err
}

// link makes the symbolic links, then follows each of them: the words of one link
// may be harmless, and a chain of such links still lead out of the tree.
func (w *worktree) link() error {
	for _, l := range w.links {
		if filepath.IsAbs(l.target) || !filepath.IsLocal(path.Join(path.Dir(l.path), l.target)) {
			return leaves(l)
		}
		if err := w.root.Symlink(l.target, l.path); err != nil {
			return w.explain(l.path, err)
		}
	}
	for _, l := range w.links {
		if _, err := w.root.Stat(l.path); err != nil && !dangling(err) {
			return leaves(l)
		}
	}
	return nil
}

func leaves(l link) error {
	return aloft.Errorf(aloft.CodeInvalid, "the symbolic link %q leads out of the tree, to %q", l.path, l.target).
		WithHint("link to a file of the repository, or copy what is linked into it")
}

// explain tells apart what is wrong with the tree and what with the disk.
func (w *worktree) explain(name string, err error) error {
	if errors.Is(err, fs.ErrExist) || notFolder(err) {
		return aloft.Errorf(aloft.CodeInvalid, "the tree has two files that this disk cannot tell apart, one of them %q", name)
	}
	return fmt.Errorf("cannot write %q: %w", name, err)
}

// empty removes what is in a folder.
func empty(dir string) {
	entries, _ := os.ReadDir(dir)
	for _, entry := range entries {
		os.RemoveAll(filepath.Join(dir, entry.Name()))
	}
}

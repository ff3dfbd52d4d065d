package backup

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// topFiles adds the files at the top of the data folder: the key, the digest of
// the token, what tells the server's identity. The records are there already.
func (b *Writer) topFiles(_ context.Context, a *archive) error {
	return b.folder(a, ".", func(found string, e fs.DirEntry) bool {
		return e.IsDir() || strings.HasPrefix(found, "aloft.db") || unfinished(found)
	})
}

// unfinished tells the names of files that are being written, and of locks.
func unfinished(name string) bool {
	base := path.Base(name)
	return strings.HasPrefix(base, ".new-") || strings.HasSuffix(base, ".lock")
}

// folder adds a folder of the data folder. The folder itself is never skipped.
func (b *Writer) folder(a *archive, place string, skip func(string, fs.DirEntry) bool) error {
	root, err := os.OpenRoot(filepath.Join(b.Data, filepath.FromSlash(place)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer root.Close()
	return a.tree(root, path.Join(dataName, place), func(found string, e fs.DirEntry) bool {
		return found != "." && skip(found, e)
	})
}

// environments adds what the environments keep in files: what was applied, and
// the homes of their processes. The engine's folder and temporary files are made
// again. An app never leads out of its own folder: each is a root of its own.
func (b *Writer) environments(ctx context.Context, a *archive) error {
	places, err := filepath.Glob(filepath.Join(b.Data, "environments", "*", "*"))
	if err != nil {
		return err
	}
	for _, place := range places {
		if err := ctx.Err(); err != nil {
			return err
		}
		relative, err := filepath.Rel(b.Data, place)
		if err != nil {
			return err
		}
		relative = filepath.ToSlash(relative)
		err = b.folder(a, relative, func(found string, e fs.DirEntry) bool { return e.IsDir() || unfinished(found) })
		if err == nil {
			err = b.folder(a, relative+"/private", func(found string, _ fs.DirEntry) bool { return found == "tmp" })
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// runs adds the logs, journals and plans of the runs. What they check out is
// checked out again.
func (b *Writer) runs(_ context.Context, a *archive) error {
	return b.folder(a, "runs", func(found string, e fs.DirEntry) bool {
		return e.IsDir() && path.Base(found) == "source" || unfinished(found)
	})
}

// artifacts adds those that serve.
func (b *Writer) artifacts(ctx context.Context, a *archive) error {
	places, err := b.Server.Artifacts(ctx)
	if err != nil {
		return err
	}
	for _, place := range places {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := b.folder(a, filepath.ToSlash(place), func(string, fs.DirEntry) bool { return false }); err != nil {
			return err
		}
	}
	return nil
}

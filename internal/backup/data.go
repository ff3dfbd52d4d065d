package backup

import (
	"cmp"
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

// unfinishedStart is how the names of files begin that are being written.
const unfinishedStart = ".new-"

// unfinished tells the names of files that are being written, and of locks.
func unfinished(name string) bool {
	base := path.Base(name)
	return strings.HasPrefix(base, unfinishedStart) || strings.HasSuffix(base, ".lock")
}

// folder adds a folder of the data folder. The folder itself is never skipped.
func (b *Writer) folder(a *archive, place string, skip func(string, fs.DirEntry) bool) error {
	return b.walk(walk{archive: a, name: path.Join(dataName, place), skip: skip}, place)
}

// appFolder adds a folder into which apps or builds write.
func (b *Writer) appFolder(a *archive, place string, skip func(string, fs.DirEntry) bool) error {
	return b.walk(walk{archive: a, name: path.Join(dataName, place), skip: skip, apps: true}, place)
}

func (b *Writer) walk(w walk, place string) error {
	root, err := os.OpenRoot(filepath.Join(b.Data, filepath.FromSlash(place)))
	if err != nil {
		return w.left(".", err)
	}
	defer root.Close()
	return w.tree(root, ".")
}

// folders lists the folders in a folder of the data folder, with slashes.
func (b *Writer) folders(place string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(b.Data, filepath.FromSlash(place)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var places []string
	for _, e := range entries {
		if e.IsDir() {
			places = append(places, path.Join(place, e.Name()))
		}
	}
	return places, err
}

// environments adds what the environments keep in files: what was applied, and
// the homes of their processes. The engine's folder and temporary files are made
// again. An app never leads out of its own folder: each is a root of its own.
func (b *Writer) environments(ctx context.Context, a *archive) error {
	projects, err := b.folders("environments")
	if err != nil {
		return err
	}
	for _, project := range projects {
		places, err := b.folders(project)
		for _, place := range places {
			err = cmp.Or(err, ctx.Err(), b.environment(a, place))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *Writer) environment(a *archive, place string) error {
	err := b.folder(a, place, func(found string, e fs.DirEntry) bool { return e.IsDir() || unfinished(found) })
	if err != nil {
		return err
	}
	return b.appFolder(a, place+"/private", func(found string, _ fs.DirEntry) bool { return found == "tmp" })
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
		if err := b.appFolder(a, filepath.ToSlash(place), nil); err != nil {
			return err
		}
	}
	return nil
}

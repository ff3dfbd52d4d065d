package backup

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// repositories adds the git repositories, each so that it is whole although it
// is pushed to and packed meanwhile: first its refs, then the objects, of which
// whatever a ref names is there before the ref is.
func (b *Writer) repositories(ctx context.Context, a *archive) error {
	places, err := b.folders("repositories")
	if err != nil {
		return err
	}
	for _, place := range places {
		if !strings.HasSuffix(place, ".git") {
			continue
		}
		if err := cmp.Or(ctx.Err(), b.repository(ctx, a, place)); err != nil {
			return err
		}
	}
	return nil
}

func (b *Writer) repository(ctx context.Context, a *archive, place string) error {
	// git packs refs by writing packed-refs before it removes the loose ones, so
	// the loose ones are read first; the same goes for objects.
	for _, part := range []struct {
		place string
		skip  func(found string, e fs.DirEntry) bool
	}{
		{"refs", func(found string, _ fs.DirEntry) bool { return unfinished(found) }},
		{".", func(found string, e fs.DirEntry) bool {
			return unfinished(found) || e.IsDir() && (found == "refs" || found == "objects") || found == "gc.pid"
		}},
		{"objects", func(found string, e fs.DirEntry) bool { return !looseObject.MatchString(found) }},
	} {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := b.folder(a, path.Join(place, part.place), part.skip); err != nil {
			return err
		}
	}
	return b.packs(a, place+"/objects/pack")
}

// looseObject is the place of an object, or the folder of some, below objects.
// What git is receiving lies elsewhere.
var looseObject = regexp.MustCompile(`^[0-9a-f]{2}(/[0-9a-f]{38,62})?$`)

// packs adds the packs. Where one has gone, its objects are in a newer one: it looks
// again until it has seen the same ones twice, and has all of each. A folder that
// changes while it is listed can show neither the old pack nor the new.
func (b *Writer) packs(a *archive, place string) error {
	root, err := os.OpenRoot(filepath.Join(b.Data, filepath.FromSlash(place)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer root.Close()
	info, err := root.Lstat(".")
	if err != nil {
		return err
	}
	w := walk{archive: a, name: path.Join(dataName, place)}
	if err := a.folder(w.name, info); err != nil {
		return err
	}
	taken := map[string]bool{} // files
	for before, steady := []string(nil), 0; ; {
		names, err := listPacks(root)
		if err != nil {
			return err
		}
		missed := false
		for _, name := range names {
			whole, err := w.pack(root, name, taken)
			if err != nil {
				return err
			}
			missed = missed || !whole
		}
		if !slices.Equal(names, before) {
			before, steady = names, 0
			continue
		}
		if steady++; !missed || steady == maxTries { // an index that has no pack stays so
			return nil
		}
	}
}

// pack adds what is not yet taken of a pack, and reports whether all of it is: git
// takes one away and puts it there again, under the same name.
func (w walk) pack(root *os.Root, name string, taken map[string]bool) (whole bool, err error) {
	for _, part := range []string{".pack", ".idx", ".rev"} { // an index is worth nothing without its pack
		if taken[name+part] {
			continue
		}
		_, err := w.try(root, name+part)
		switch {
		case err == nil:
			taken[name+part] = true
		case !errors.Is(err, fs.ErrNotExist):
			return false, err
		}
	}
	return taken[name+".pack"] && taken[name+".idx"], nil
}

// listPacks lists the packs, without ending.
func listPacks(root *os.Root) ([]string, error) {
	entries, err := fs.ReadDir(root.FS(), ".")
	var names []string
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".idx") // git writes it last
		if ok && strings.HasPrefix(name, "pack-") {
			names = append(names, name)
		}
	}
	return names, err
}

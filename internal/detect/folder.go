package detect

import (
	"bytes"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft"
)

// maxFile is how many bytes of a file are read; what we read is written by hand.
const maxFile = 1 << 20

// folder is an app's folder in a source tree.
type folder struct {
	source   fs.FS
	dir      string
	entries  []fs.DirEntry // sorted by name
	procfile procfile

	// What a runtime has found out on the way.
	home         *folder      // where the app's own source stands, nil = here
	dependencies []dependency // what it names for run time
	mains        []string     // main packages of Go
}

func open(source fs.FS, dir string) (*folder, error) {
	dir = path.Clean(dir)
	if !fs.ValidPath(dir) {
		return nil, aloft.Errorf(aloft.CodeInvalid, "cannot look at folder %q: it is not inside the repository", dir).
			WithHint("write a path such as services/web")
	}
	entries, err := fs.ReadDir(source, dir)
	if err != nil {
		return nil, aloft.Errorf(aloft.CodeInvalid, "cannot look at folder %s: %w", dir, err).
			WithHint("correct the app's path in aloft.yaml; paths begin at the root of the repository")
	}
	return &folder{source: source, dir: dir, entries: entries}, nil
}

// sub returns a folder below, or nil when there is none.
func (f *folder) sub(name string) *folder {
	sub, err := open(f.source, path.Join(f.dir, name))
	if err != nil {
		return nil
	}
	return sub
}

// parents returns the folders above, the nearest first.
func (f *folder) parents() []*folder {
	var parents []*folder
	for dir := f.dir; dir != "."; {
		dir = path.Dir(dir)
		if parent, err := open(f.source, dir); err == nil {
			parents = append(parents, parent)
		}
	}
	return parents
}

// path returns a file's path from the root of the repository.
func (f *folder) path(name string) string { return path.Join(f.dir, name) }

// has reports whether there is a file of that name, which may have slashes.
func (f *folder) has(name string) bool {
	if !strings.Contains(name, "/") {
		i, ok := slices.BinarySearchFunc(f.entries, name, func(e fs.DirEntry, name string) int {
			return strings.Compare(e.Name(), name)
		})
		return ok && !f.entries[i].IsDir()
	}
	info, err := fs.Stat(f.source, f.path(name))
	return err == nil && !info.IsDir()
}

// hasDir reports whether there is a folder of that name.
func (f *folder) hasDir(name string) bool {
	info, err := fs.Stat(f.source, f.path(name))
	return err == nil && info.IsDir()
}

// first returns the first of the names that is a file, or "".
func (f *folder) first(names ...string) string {
	for _, name := range names {
		if f.has(name) {
			return name
		}
	}
	return ""
}

// glob returns the names of the files in the folder that match a pattern.
func (f *folder) glob(pattern string) []string {
	var names []string
	for _, e := range f.entries {
		if ok, err := path.Match(pattern, e.Name()); ok && err == nil && !e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names
}

// dirs returns the names of the folders in the folder that hold source.
func (f *folder) dirs() []string {
	var names []string
	for _, e := range f.entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") && !strings.HasPrefix(e.Name(), "_") &&
			!slices.Contains([]string{"vendor", "node_modules", "testdata", "terraform"}, e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names
}

// listing returns the names in the folder, at most limit of them.
func (f *folder) listing(limit int) []string {
	var names []string
	for _, e := range f.entries {
		if len(names) == limit {
			return append(names, "…")
		}
		name := e.Name()
		if e.IsDir() {
			name += "/"
		}
		names = append(names, name)
	}
	return names
}

// read returns a file's text without a byte order mark; nil when there is none,
// or when the name leads out of the tree.
func (f *folder) read(name string) ([]byte, error) {
	if name == "" || !fs.ValidPath(f.path(name)) {
		return nil, nil
	}
	info, err := fs.Stat(f.source, f.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil && info.Size() > maxFile {
		return nil, aloft.Errorf(aloft.CodeInvalid, "cannot read %s: it has %d bytes, more than %d", f.path(name), info.Size(), maxFile).
			WithHint("such a file is written by hand; is it the right one?")
	}
	var data []byte
	if err == nil {
		data, err = fs.ReadFile(f.source, f.path(name))
	}
	if err != nil {
		return nil, aloft.Errorf(aloft.CodeInvalid, "cannot read %s: %w", f.path(name), err).
			WithHint("it must be a plain file in the repository")
	}
	return bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), nil
}

// text is read for files whose absence or fault does not matter.
func (f *folder) text(name string) string {
	data, err := f.read(name)
	if err != nil {
		return ""
	}
	return string(data)
}

// at makes a source.
func (f *folder) at(name string, line int, reason string) aloft.Source {
	return aloft.Source{File: f.path(name), Line: line, Reason: reason}
}

// malformed is the error of a file that cannot be understood.
func (f *folder) malformed(name string, line int, cause error) error {
	return aloft.Errorf(aloft.CodeInvalid, "cannot understand %s:%d: %w", f.path(name), max(line, 1), cause).
		WithHint("correct %s at line %d and push again", f.path(name), max(line, 1))
}

// lineOf returns the number of the first line that holds a text, or 0.
func lineOf(text, part string) int {
	before, _, ok := strings.Cut(text, part)
	if !ok {
		return 0
	}
	return 1 + strings.Count(before, "\n")
}

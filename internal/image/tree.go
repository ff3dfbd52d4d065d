package image

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/aloft-dev/aloft"
)

// place is where an artifact is in its image.
const place = "/app"

// file is an entry of a layer. Owners, times and the bits of rights that differ
// between machines are not kept: see writeTar.
type file struct {
	name string // from the root of the image, without a slash at its ends
	from string // from the root of the artifact; "" for what no artifact has
	mode fs.FileMode
	size int64
	link string // target of a symbolic link
	text []byte // content, where it is not that of the artifact's file

	system bool // belongs to root
}

// tree is the folder of a whole artifact, of which the app's is a part: apps of
// a repository use each other's files.
type tree struct {
	app   aloft.App
	dir   string // the root of the artifact on this machine
	root  *os.Root
	files []file // in order of their names, the root itself not among them
}

func (t *tree) close() { t.root.Close() }

// leftOut are folders and files that no process needs, or that hold the paths
// and times of the machine that made them.
var leftOut = map[string]bool{
	".git": true, ".aloft-complete": true, "__pycache__": true, "node_modules/.cache": true, ".next/cache": true,
}

// readTree lists the files of an artifact.
func readTree(artifact aloft.Artifact, app aloft.App, maxBytes int64) (*tree, error) {
	dir := filepath.Clean(artifact.Dir)
	if inside := filepath.Clean(filepath.FromSlash(app.Path)); inside != "." {
		dir = strings.TrimSuffix(dir, string(filepath.Separator)+inside)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, aloft.Errorf(aloft.CodeNotFound, "cannot make an image of %s: its artifact is gone: %w", app.Name, err).
			WithHint("push its commit again to build it")
	}
	t := &tree{app: app, dir: dir, root: root}
	err = fs.WalkDir(root.FS(), ".", t.visit)
	if err == nil {
		err = t.checkSize(maxBytes)
	}
	if err != nil {
		root.Close()
		return nil, err
	}
	slices.SortFunc(t.files, func(a, b file) int { return cmp.Compare(a.name, b.name) })
	return t, nil
}

func (t *tree) visit(name string, entry fs.DirEntry, err error) error {
	if err != nil {
		return fmt.Errorf("cannot read the artifact of %s: %w", t.app.Name, err)
	}
	if name == "." {
		return nil
	}
	if leftOut[entry.Name()] || leftOut[path.Join(path.Base(path.Dir(name)), entry.Name())] || t.machinery(name) {
		if entry.IsDir() {
			return fs.SkipDir
		}
		return nil
	}
	if strings.HasPrefix(entry.Name(), ".wh.") {
		return aloft.Errorf(aloft.CodeInvalid, "cannot make an image of %s: layers remove files by names such as %s", t.app.Name, name).
			WithHint("give it another name")
	}
	info, err := entry.Info()
	if err != nil {
		return fmt.Errorf("cannot read the artifact of %s: %w", t.app.Name, err)
	}
	f := file{name: path.Join(place[1:], name), from: name, mode: normal(info.Mode())}
	switch {
	case info.IsDir():
	case info.Mode().IsRegular():
		f.size = info.Size()
	case info.Mode()&fs.ModeSymlink != 0:
		if f.link, err = t.target(name); err != nil {
			return err
		}
	default:
		return aloft.Errorf(aloft.CodeInvalid, "cannot make an image of %s: %s is neither a file, a folder nor a link", t.app.Name, name).
			WithHint("remove it in the build: a socket or a pipe of the machine that builds leads nowhere in an image")
	}
	t.files = append(t.files, f)
	return nil
}

// normal keeps of a mode what the source says, the bit to execute, and none of
// what a machine's umask makes of it.
func normal(mode fs.FileMode) fs.FileMode {
	switch {
	case mode.IsDir():
		return fs.ModeDir | 0o755
	case mode&fs.ModeSymlink != 0:
		return fs.ModeSymlink | 0o777
	case mode&0o111 != 0:
		return 0o755
	}
	return 0o644
}

// target returns where a link leads in the image; out of the artifact is CodeInvalid.
func (t *tree) target(name string) (string, error) {
	link, err := t.root.Readlink(name)
	if err != nil {
		return "", fmt.Errorf("cannot read the artifact of %s: %w", t.app.Name, err)
	}
	link = filepath.ToSlash(link)
	inside := link
	if path.IsAbs(link) {
		if rest, ok := strings.CutPrefix(path.Clean(link)+"/", filepath.ToSlash(t.dir)+"/"); ok {
			return path.Join(place, rest), nil
		}
	} else {
		inside = path.Join(path.Dir(name), link)
	}
	if !path.IsAbs(inside) && (inside == "." || filepath.IsLocal(inside)) {
		return link, nil
	}
	return "", aloft.Errorf(aloft.CodeInvalid, "cannot make an image of %s: the link %s leads out of the artifact, to %s", t.app.Name, name, link).
		WithHint("copy what it leads to in the build, or remove the link: the image has nothing there")
}

// checkSize names the largest folders of an artifact that is too large.
func (t *tree) checkSize(maxBytes int64) error {
	total, folders := int64(0), map[string]int64{}
	for _, f := range t.files {
		total += f.size
		top, _, _ := strings.Cut(f.from, "/")
		folders[top] += f.size
	}
	if total <= maxBytes {
		return nil
	}
	names := make([]string, 0, len(folders))
	for name := range folders {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(folders[b], folders[a]), cmp.Compare(a, b))
	})
	names = names[:min(3, len(names))]
	for i, name := range names {
		names[i] = fmt.Sprintf("%s (%s)", name, humanize.Bytes(uint64(folders[name])))
	}
	return aloft.Errorf(aloft.CodeInvalid, "cannot make an image of %s: its artifact has %s, more than %s: %s",
		t.app.Name, humanize.Bytes(uint64(total)), humanize.Bytes(uint64(maxBytes)), strings.Join(names, ", ")).
		WithHint("remove in the build what the app does not need when it runs")
}

// find returns the file of that name from the root of the artifact.
func (t *tree) find(from string) (*file, bool) {
	i, ok := slices.BinarySearchFunc(t.files, path.Join(place[1:], from), func(f file, name string) int {
		return cmp.Compare(f.name, name)
	})
	if !ok {
		return nil, false
	}
	return &t.files[i], true
}

// inApp is a path in the app's folder, from the root of the artifact.
func (t *tree) inApp(name string) string { return path.Join(filepath.ToSlash(t.app.Path), name) }

// read returns a whole file, which is a small one.
func (t *tree) read(f file) ([]byte, error) {
	const most = 16 << 20
	if f.size > most {
		return nil, errors.New(f.from + " is too large to be rewritten")
	}
	return t.root.ReadFile(f.from)
}

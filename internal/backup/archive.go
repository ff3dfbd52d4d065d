package backup

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"syscall"
)

// contents is the end of an archive: what it holds.
type contents struct {
	Entries []entry `json:"entries"`
	Left
}

// entry is one file, folder or link of an archive.
type entry struct {
	Name   string `json:"name"`
	Mode   int64  `json:"mode"`
	Link   string `json:"link,omitempty"`   // where a link leads
	SHA256 string `json:"sha256,omitempty"` // of a file
}

// archive is a backup that is being written.
type archive struct {
	compressor *gzip.Writer
	tar        *tar.Writer
	contents
}

func newArchive(w io.Writer) *archive {
	compressor, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		panic(err) // only for a level that there is not
	}
	return &archive{compressor: compressor, tar: tar.NewWriter(compressor)}
}

// note remembers what is left out.
func (a *archive) note(format string, args ...any) {
	a.Notes = append(a.Notes, fmt.Sprintf(format, args...))
}

func (a *archive) json(name string, value any) error {
	data, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	return a.stream(name, 0o600, int64(len(data)), bytes.NewReader(data))
}

// file adds a file that nobody changes.
func (a *archive) file(name, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	return a.open(name, file)
}

// smallFile is up to which size a file is read before it is announced, so that it
// may change its size meanwhile.
const smallFile = 1 << 20

// open adds a file that was opened, as long as it is now.
func (a *archive) open(name string, file fs.File) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	size, mode := info.Size(), int64(info.Mode().Perm())
	if size <= smallFile {
		data, err := io.ReadAll(io.LimitReader(file, smallFile))
		if err != nil {
			return err
		}
		return a.stream(name, mode, int64(len(data)), bytes.NewReader(data))
	}
	return a.stream(name, mode, size, &padded{Reader: file, cut: func() {
		a.note("%s became shorter while it was read: its end is zeros", name)
	}})
}

// padded goes on with zeros when its reader ends.
type padded struct {
	io.Reader
	cut   func() // called at the end of the reader
	ended bool
}

// Read reads.
func (p *padded) Read(data []byte) (int, error) {
	if !p.ended {
		n, err := p.Reader.Read(data)
		if n > 0 || !errors.Is(err, io.EOF) {
			return n, err
		}
		p.ended = true
		p.cut()
	}
	clear(data)
	return len(data), nil
}

// stream adds size bytes of a reader.
func (a *archive) stream(name string, mode, size int64, r io.Reader) error {
	if err := a.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: size}); err != nil {
		return err
	}
	digest := sha256.New()
	if _, err := io.CopyN(io.MultiWriter(a.tar, digest), r, size); err != nil {
		return err
	}
	a.Entries = append(a.Entries, entry{Name: name, Mode: mode, SHA256: hex.EncodeToString(digest.Sum(nil))})
	return nil
}

func (a *archive) folder(name string, mode fs.FileMode) error {
	a.Entries = append(a.Entries, entry{Name: name + "/", Mode: int64(mode.Perm())})
	return a.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: int64(mode.Perm())})
}

func (a *archive) link(name, target string) error {
	a.Entries = append(a.Entries, entry{Name: name, Mode: 0o777, Link: target})
	return a.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: name, Mode: 0o777, Linkname: target})
}

// close ends the archive with the list of what it holds.
func (a *archive) close() error {
	if err := a.json(contentsName, a.contents); err != nil {
		return err
	}
	return errors.Join(a.tar.Close(), a.compressor.Close())
}

// tree adds a folder below root and what it holds, as far as it is there and not
// skipped. Links are kept as links; what is neither file, folder nor link is left
// out. name is where it stands in the archive.
func (a *archive) tree(root *os.Root, name string, skip func(path string, e fs.DirEntry) bool) error {
	return fs.WalkDir(root.FS(), ".", func(found string, e fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case errors.Is(err, fs.ErrPermission):
			a.note("%s cannot be read", path.Join(name, found))
			return nil
		case err != nil:
			return err
		case skip != nil && skip(found, e):
			if e.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		return a.one(root, found, path.Join(name, found), e)
	})
}

// one adds what stands at a place below root. What has gone meanwhile is not added.
func (a *archive) one(root *os.Root, place, name string, e fs.DirEntry) error {
	info, err := e.Info()
	if err == nil {
		err = a.add(root, place, name, info)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case errors.Is(err, fs.ErrPermission):
		a.note("%s cannot be read", name)
		return nil
	}
	return err
}

func (a *archive) add(root *os.Root, place, name string, info fs.FileInfo) error {
	switch info.Mode().Type() {
	case fs.ModeDir:
		return a.folder(name, info.Mode())
	case fs.ModeSymlink:
		target, err := root.Readlink(place)
		if err != nil {
			return err
		}
		return a.link(name, target)
	case 0:
		// An app may put a link or a pipe there meanwhile: it never leads out, nor is waited for.
		file, err := root.OpenFile(place, os.O_RDONLY|syscall.O_NONBLOCK, 0)
		if err != nil {
			return replaced(root, place, err)
		}
		defer file.Close()
		if opened, err := file.Stat(); err != nil || !opened.Mode().IsRegular() {
			return err
		}
		return a.open(name, file)
	}
	return nil
}

// replaced is fs.ErrNotExist where there is no longer a file, and err where there is.
func replaced(root *os.Root, place string, err error) error {
	if info, lost := root.Lstat(place); lost != nil || !info.Mode().IsRegular() {
		return fs.ErrNotExist
	}
	return err
}

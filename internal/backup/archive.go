package backup

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

// contents is the end of an archive: what it holds.
type contents struct {
	Entries []entry `json:"entries"`
	Left
}

// entry is one file, folder or link of an archive.
type entry struct {
	Name   text   `json:"name"`
	Mode   int64  `json:"mode"`
	Link   text   `json:"link,omitempty"`   // where a link leads
	SHA256 string `json:"sha256,omitempty"` // of a file
}

// archive is a backup that is being written.
type archive struct {
	sink       *sink
	compressor *gzip.Writer
	tar        *tar.Writer
	contents
}

func newArchive(ctx context.Context, w io.Writer) *archive {
	sink := &sink{w: w, ended: ctx.Err}
	compressor, err := gzip.NewWriterLevel(sink, gzip.BestSpeed)
	if err != nil {
		panic(err) // only for a level that there is not
	}
	return &archive{sink: sink, compressor: compressor, tar: tar.NewWriter(compressor)}
}

// sink is where an archive goes. It remembers that it failed: what goes wrong while a
// file is added is either that, or the file's own.
type sink struct {
	w     io.Writer
	ended func() error
	err   error
}

// Write writes.
func (s *sink) Write(data []byte) (n int, err error) {
	if s.err == nil {
		s.err = s.ended()
	}
	if s.err == nil {
		n, s.err = s.w.Write(data)
	}
	return n, s.err
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
	return a.stream(tar.Header{Name: name, Mode: 0o600, Size: int64(len(data))}, bytes.NewReader(data))
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
func (a *archive) open(name string, file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	header := tar.Header{Name: name, Mode: int64(info.Mode().Perm()), Size: info.Size(), ModTime: modified(info)}
	switch {
	case header.Size <= smallFile:
		data, err := io.ReadAll(io.LimitReader(file, smallFile))
		if err != nil {
			return err
		}
		header.Size = int64(len(data))
		return a.stream(header, bytes.NewReader(data))
	case hollow(info):
		return a.sparse(header, file)
	}
	return a.stream(header, a.padded(name, file))
}

// padded goes on with zeros when its reader ends, or cannot be read any further.
type padded struct {
	io.Reader
	cut   func(error) // called then
	ended bool
}

// padded pads a file that has been announced.
func (a *archive) padded(name string, r io.Reader) *padded {
	return &padded{Reader: r, cut: func(err error) {
		if errors.Is(err, io.EOF) {
			a.note("%s became shorter while it was read: its end is zeros", shown(name))
		} else {
			a.note("%s cannot be read to its end, which is zeros: %s", shown(name), cause(err))
		}
	}}
}

// Read reads.
func (p *padded) Read(data []byte) (int, error) {
	if !p.ended {
		n, err := p.Reader.Read(data)
		if n > 0 || err == nil {
			return n, nil
		}
		p.ended = true
		p.cut(err)
	}
	clear(data)
	return len(data), nil
}

// modified is when a file was changed, as far as the archive can tell it.
func modified(info fs.FileInfo) time.Time { return info.ModTime().Truncate(time.Second) }

// stream adds as many bytes of a reader as the header says.
func (a *archive) stream(header tar.Header, r io.Reader) error {
	header.Typeflag = tar.TypeReg
	if err := a.tar.WriteHeader(&header); err != nil {
		return err
	}
	digest := sha256.New()
	if _, err := io.CopyN(io.MultiWriter(a.tar, digest), r, header.Size); err != nil {
		return err
	}
	a.Entries = append(a.Entries, entry{Name: text(header.Name), Mode: header.Mode, SHA256: hex.EncodeToString(digest.Sum(nil))})
	return nil
}

func (a *archive) folder(name string, info fs.FileInfo) error {
	return a.bare(tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: int64(info.Mode().Perm()), ModTime: modified(info)})
}

func (a *archive) link(name, target string) error {
	return a.bare(tar.Header{Typeflag: tar.TypeSymlink, Name: name, Mode: 0o777, Linkname: target})
}

// bare adds what has no content.
func (a *archive) bare(header tar.Header) error {
	if err := a.tar.WriteHeader(&header); err != nil {
		return err
	}
	a.Entries = append(a.Entries, entry{Name: text(header.Name), Mode: header.Mode, Link: text(header.Linkname)})
	return nil
}

// close ends the archive with the list of what it holds.
func (a *archive) close() error {
	if err := a.json(contentsName, a.contents); err != nil {
		return err
	}
	return errors.Join(a.tar.Close(), a.compressor.Close())
}

package backup

import (
	"archive/tar"
	"bufio"
	"cmp"
	"compress/flate"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/aloft-dev/aloft"
)

// Checked is what was read of a backup that is whole, and as it was written.
type Checked struct {
	Manifest
	Left // what is not in it
}

// File is a backup that was checked.
type File struct {
	Checked
	Size int64    // in bytes
	Odd  []string // what Extract could not lay out, and why
	file *os.File
}

// Open opens a backup and checks all of it. One that is cut off, changed, of a
// newer format or none at all is CodeInvalid.
func Open(ctx context.Context, path string) (*File, error) {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, aloft.Errorf(aloft.CodeNotFound, "there is no file %s", path)
	}
	if err != nil {
		return nil, aloft.Errorf(aloft.CodeUnavailable, "cannot open the backup: %w", err)
	}
	f := &File{file: file}
	info, err := file.Stat()
	if err == nil {
		f.Size = info.Size()
		f.Checked, err = Check(ctx, file)
	}
	if err != nil {
		_ = file.Close()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, aloft.Errorf(aloft.CodeInvalid, "%s: %w", path, err).WithHint("take another backup; nothing was written")
	}
	return f, nil
}

// CheckWritten reads a file that was just written. One that cannot be restored is
// CodeFailed; name is what it was to be called.
func CheckWritten(ctx context.Context, file *os.File, name string) (Checked, int64, error) {
	f, err := Open(ctx, file.Name())
	if err == nil {
		return f.Checked, f.Size, f.Close()
	}
	if ctx.Err() == nil {
		err = aloft.Errorf(aloft.CodeFailed, "%s is not written, for what was to be in it could not be restored: %w", name, cmp.Or(errors.Unwrap(err), err)).
			WithHint("keep the backups that you have; another one may go well")
	}
	return Checked{}, 0, err
}

// Close closes the file.
func (f *File) Close() error { return f.file.Close() }

var (
	errCut     = errors.New("the backup is cut off")
	errChanged = errors.New("the backup was changed after it was written")
	errNone    = errors.New("this is no backup of Aloft")
)

// Check reads all of a backup and compares it with its list of contents.
func Check(ctx context.Context, r io.Reader) (Checked, error) {
	var c Checked
	var found []entry
	var listed *contents
	rest, err := each(r, func(header *tar.Header, r io.Reader) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case listed != nil:
			return errChanged // nothing follows the list
		case header.Name == contentsName:
			listed = &contents{}
			if json.NewDecoder(r).Decode(listed) != nil {
				return errChanged
			}
			return nil
		case len(found) == 0:
			if err := c.Manifest.read(header, &r); err != nil {
				return err
			}
		}
		one, err := entryOf(header, r)
		found = append(found, one)
		return err
	})
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return c, errCut
	case errors.Is(err, gzip.ErrChecksum), errors.Is(err, tar.ErrHeader), isCorrupt(err):
		return c, errChanged
	case err != nil:
		return c, err
	case listed == nil:
		return c, errCut
	case rest:
		return c, errChanged
	}
	if err := compare(found, listed.Entries); err != nil {
		return c, err
	}
	c.Left = listed.Left
	return c, nil
}

// compare compares what is in a backup with its list.
func compare(found, listed []entry) error {
	for i, one := range found {
		if i >= len(listed) || one != listed[i] {
			return fmt.Errorf("%w: %s is not what its list says", errChanged, shown(string(one.Name)))
		}
	}
	if len(listed) > len(found) {
		return fmt.Errorf("%w: %s of its list is not there", errChanged, shown(string(listed[len(found)].Name)))
	}
	return nil
}

// read reads the first entry; r then begins again.
func (m *Manifest) read(header *tar.Header, r *io.Reader) error {
	if header.Name != manifestName {
		return errNone
	}
	var text strings.Builder
	if err := json.NewDecoder(io.TeeReader(*r, &text)).Decode(m); err != nil {
		return fmt.Errorf("%w: %w", errNone, err)
	}
	if m.Format > Format {
		return fmt.Errorf("a newer version of Aloft (%s) wrote this backup, in format %d; this one knows %d", m.Aloft, m.Format, Format)
	}
	*r = io.MultiReader(strings.NewReader(text.String()), *r)
	return nil
}

// entryOf reads an entry and describes it, as the list of contents does.
func entryOf(header *tar.Header, r io.Reader) (entry, error) {
	e := entry{Name: text(header.Name), Mode: header.Mode, Link: text(header.Linkname)}
	if header.Typeflag != tar.TypeReg {
		return e, nil
	}
	digest := sha256.New()
	_, err := io.Copy(digest, r)
	e.SHA256 = hex.EncodeToString(digest.Sum(nil))
	return e, err
}

func isCorrupt(err error) bool {
	_, corrupt := errors.AsType[flate.CorruptInputError](err)
	return corrupt
}

// each visits every entry, and reports whether something follows the archive.
func each(r io.Reader, visit func(*tar.Header, io.Reader) error) (rest bool, err error) {
	file := bufio.NewReaderSize(r, 1<<20)
	plain, err := gzip.NewReader(file)
	if err != nil {
		return false, errNone
	}
	plain.Multistream(false)
	archive := tar.NewReader(plain)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return false, err
		}
		if err := visit(header, archive); err != nil {
			return false, err
		}
	}
	if _, err := io.Copy(io.Discard, plain); err != nil { // the end has a checksum
		return false, err
	}
	_, err = file.ReadByte()
	return err == nil, nil
}

// Database returns where Extract laid the dump of a database.
func Database(dir string, d aloft.Database) string {
	return filepath.Join(dir, filepath.FromSlash(dumpName(d)))
}

// Data returns where Extract laid the files of the data folder.
func Data(dir string) string { return filepath.Join(dir, dataName) }

// Records returns where Extract laid the records.
func Records(dir string) string { return filepath.Join(dir, recordsName) }

package blueprint

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"time"

	"github.com/aloft-dev/aloft"
)

// The formats of archives.
const (
	FormatZip = "zip"
	FormatTgz = "tgz"
)

// Formats lists the formats of archives.
func Formats() []string { return []string{FormatZip, FormatTgz} }

// archived is the time of every file in an archive, so that the same files give
// the same archive. It is the earliest that a zip archive can tell.
var archived = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

const archivedMode = 0o644

// Archive returns the files as one archive, in the order in which they come. It
// unpacks into the current folder. The error is CodeInvalid when the format is
// not known.
func Archive(format string, files []File) ([]byte, error) {
	var out bytes.Buffer
	var err error
	switch format {
	case FormatZip:
		err = writeZip(&out, files)
	case FormatTgz:
		err = writeTgz(&out, files)
	default:
		return nil, Violations{{"format", format, "is not known", Formats()}}.Err()
	}
	if err != nil {
		return nil, aloft.Errorf(aloft.CodeInternal, "cannot write the archive: %w", err)
	}
	return out.Bytes(), nil
}

// A blueprint is small; what counts is the time.
const compression = flate.BestSpeed

// Compressors are larger than what they compress, so they are used again.
var (
	flaters = sync.Pool{New: func() any {
		w, _ := flate.NewWriter(nil, compression)
		return w
	}}
	gzippers = sync.Pool{New: func() any {
		w, _ := gzip.NewWriterLevel(nil, compression)
		return w
	}}
)

func writeZip(w io.Writer, files []File) error {
	archive := zip.NewWriter(w)
	compressor := flaters.Get().(*flate.Writer)
	defer flaters.Put(compressor)
	archive.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		compressor.Reset(w)
		return &deflater{out: w, flate: compressor}, nil
	})
	for _, file := range files {
		header := &zip.FileHeader{Name: file.Path, Method: zip.Deflate, Modified: archived}
		header.SetMode(archivedMode)
		entry, err := archive.CreateHeader(header)
		if err == nil {
			_, err = io.WriteString(entry, file.Text)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", file.Path, err)
		}
	}
	return archive.Close()
}

// deflater compresses a file that is written at once.
type deflater struct {
	out   io.Writer
	flate *flate.Writer
	done  bool
}

// Write takes what it knows from deflatedModules.
func (d *deflater) Write(text []byte) (int, error) {
	if known, ok := deflatedModules()[string(text)]; ok {
		d.done = true
		_, err := d.out.Write(known)
		return len(text), err
	}
	return d.flate.Write(text)
}

// Close ends the file.
func (d *deflater) Close() error {
	if d.done {
		return nil
	}
	return d.flate.Close()
}

// deflatedModules are the files of all modules, compressed: they are most of an
// archive, and always the same.
var deflatedModules = sync.OnceValue(func() map[string][]byte {
	known := map[string][]byte{}
	_ = fs.WalkDir(embedded, ".", func(path string, _ fs.DirEntry, _ error) error {
		text, err := embedded.ReadFile(path)
		if err != nil || len(text) == 0 {
			return nil // a folder
		}
		var out bytes.Buffer
		compressor, err := flate.NewWriter(&out, flate.BestCompression)
		if err == nil {
			_, err = compressor.Write(text)
		}
		if err == nil && compressor.Close() == nil {
			known[string(text)] = out.Bytes()
		}
		return nil
	})
	return known
})

func writeTgz(w io.Writer, files []File) error {
	compressed := gzippers.Get().(*gzip.Writer)
	defer gzippers.Put(compressed)
	compressed.Reset(w)
	archive := tar.NewWriter(compressed)
	for _, file := range files {
		header := &tar.Header{Name: file.Path, Mode: archivedMode, Size: int64(len(file.Text)), ModTime: archived, Typeflag: tar.TypeReg}
		if err := archive.WriteHeader(header); err != nil {
			return fmt.Errorf("%s: %w", file.Path, err)
		}
		if _, err := io.WriteString(archive, file.Text); err != nil {
			return fmt.Errorf("%s: %w", file.Path, err)
		}
	}
	if err := archive.Close(); err != nil {
		return err
	}
	return compressed.Close()
}

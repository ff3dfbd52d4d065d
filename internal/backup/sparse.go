package backup

import (
	"archive/tar"
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// A file that is much larger on paper than on disk is kept without its holes. It
// stands below sparse/ in the place of data/, so that nobody takes it for the file:
// its length in a line, then offset and length of each piece in a line, an empty line,
// and the pieces.

const (
	hollowFrom = 16 << 20 // bytes of holes from which a file is kept without them
	minHole    = 64 << 10 // a smaller hole is kept as zeros
	maxSize    = 8 << 40  // of a file on paper, so that usual file systems can take it back
)

// piece is a part of a file between holes.
type piece struct{ offset, length int64 }

// hollow reports whether much of a file seems to be holes.
func hollow(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && info.Size()-stat.Blocks*512 >= hollowFrom
}

// sparse adds a file without its holes.
func (a *archive) sparse(header tar.Header, file *os.File) error {
	if header.Size > maxSize {
		a.note("%s is left out: it is %d TiB on paper", shown(header.Name), header.Size>>40)
		return nil
	}
	pieces, err := piecesOf(file, header.Size)
	if err != nil {
		return err
	}
	var index strings.Builder
	fmt.Fprintf(&index, "%d\n", header.Size)
	readers := []io.Reader{nil}
	var size int64
	for _, p := range pieces {
		fmt.Fprintf(&index, "%d %d\n", p.offset, p.length)
		section := a.padded(header.Name, io.NewSectionReader(file, p.offset, p.length))
		readers = append(readers, io.LimitReader(section, p.length))
		size += p.length
	}
	if header.Size-size < hollowFrom { // it is the file system that makes it small
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return err
		}
		return a.stream(header, a.padded(header.Name, file))
	}
	index.WriteString("\n")
	readers[0] = strings.NewReader(index.String())
	header.Name = sparseName + strings.TrimPrefix(header.Name, dataName)
	header.Size = size + int64(index.Len())
	return a.stream(header, io.MultiReader(readers...))
}

// piecesOf lists what is between the holes of a file.
func piecesOf(file *os.File, size int64) ([]piece, error) {
	var pieces []piece
	for at := int64(0); at < size; {
		start, err := file.Seek(at, unix.SEEK_DATA)
		if errors.Is(err, unix.ENXIO) { // holes to its end
			break
		}
		if err != nil {
			return nil, err
		}
		end, err := file.Seek(start, unix.SEEK_HOLE)
		if errors.Is(err, unix.ENXIO) { // it became shorter
			break
		}
		if err != nil {
			return nil, err
		}
		start, end = min(start, size), min(end, size)
		if last := len(pieces) - 1; last >= 0 && start-pieces[last].offset-pieces[last].length < minHole {
			pieces[last].length = end - pieces[last].offset
		} else if end > start {
			pieces = append(pieces, piece{start, end - start})
		}
		at = max(end, at+1)
	}
	return slices.Clip(pieces), nil
}

// unfold writes what sparse has kept as the file that it was.
func unfold(file *os.File, r io.Reader) error {
	in := bufio.NewReader(r)
	var size int64
	if _, err := fmt.Fscanf(in, "%d\n", &size); err != nil || size < 0 {
		return errors.Join(errChanged, err)
	}
	var pieces []piece
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return errors.Join(errChanged, err)
		}
		if line == "\n" {
			break
		}
		var p piece
		if _, err := fmt.Sscanf(line, "%d %d\n", &p.offset, &p.length); err != nil {
			return errors.Join(errChanged, err)
		}
		pieces = append(pieces, p)
	}
	for _, p := range pieces {
		if _, err := io.CopyN(io.NewOffsetWriter(file, p.offset), in, p.length); err != nil {
			return err
		}
	}
	return file.Truncate(size)
}

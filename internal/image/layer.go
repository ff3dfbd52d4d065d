package image

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/aloft-dev/aloft"
)

// user runs the app and owns its files; many public images call it nonroot.
const user = 65532

// made is the time of everything in an image, and of the image: the first that
// zip files can hold. (A web server that tells versions of a file apart by time
// and size sees no difference between two of equal size.)
var made = time.Date(1980, time.January, 1, 0, 0, 0, 0, time.UTC)

// layer is a layer that is read from the disk each time that it is asked for, so
// that it needs no memory and no copy.
type layer struct {
	dir   string // of the artifact
	part  part
	media types.MediaType
	plain v1.Hash // of the tar file
	squeezed
}

// squeezed is how a layer came out of the compressor.
type squeezed struct {
	Hash  v1.Hash `json:"digest"`
	Bytes int64   `json:"size"`
}

// layer digests a part. What compressing it once yielded is in the cache, by the
// digest of what is compressed.
func (b *Builder) layer(ctx context.Context, dir string, p part, media types.MediaType) (*layer, error) {
	l := &layer{dir: dir, part: p, media: media}
	if b.options.Cache == "" {
		return l, l.squeeze(ctx)
	}
	plain := newMeter(io.Discard)
	if err := l.write(ctx, plain); err != nil {
		return nil, err
	}
	cached := filepath.Join(b.options.Cache, plain.sum().Hex+".json")
	if text, err := os.ReadFile(cached); err == nil && json.Unmarshal(text, &l.squeezed) == nil && l.Bytes > 0 {
		l.plain = plain.sum()
		return l, nil
	}
	if err := l.squeeze(ctx); err != nil {
		return nil, err
	}
	text, err := json.Marshal(l.squeezed)
	if err != nil {
		return nil, err
	}
	return l, aloft.ReplaceFile(cached, text, 0o600)
}

// squeeze digests the layer as it is and compressed.
func (l *layer) squeeze(ctx context.Context) error {
	plain, packed := newMeter(io.Discard), newMeter(io.Discard)
	compressor := newCompressor(packed)
	err := l.write(ctx, io.MultiWriter(plain, compressor))
	if err = errors.Join(err, compressor.Close()); err != nil {
		return err
	}
	l.plain, l.Hash, l.Bytes = plain.sum(), packed.sum(), packed.bytes
	return nil
}

// newCompressor is the same on all machines. Fast: a layer is compressed again
// to be sent.
func newCompressor(w io.Writer) *gzip.Writer {
	compressor, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		panic(err) // only of an unknown level
	}
	return compressor
}

// Digest implements v1.Layer.
func (l *layer) Digest() (v1.Hash, error) { return l.Hash, nil }

// DiffID implements v1.Layer.
func (l *layer) DiffID() (v1.Hash, error) { return l.plain, nil }

// Size implements v1.Layer.
func (l *layer) Size() (int64, error) { return l.Bytes, nil }

// MediaType implements v1.Layer.
func (l *layer) MediaType() (types.MediaType, error) { return l.media, nil }

// Uncompressed implements v1.Layer.
func (l *layer) Uncompressed() (io.ReadCloser, error) {
	reader, writer := io.Pipe()
	go func() { writer.CloseWithError(l.write(context.Background(), writer)) }()
	return reader, nil
}

// Compressed implements v1.Layer. What has changed on disk since the layer was
// digested, the registry refuses.
func (l *layer) Compressed() (io.ReadCloser, error) {
	reader, writer := io.Pipe()
	go func() {
		compressor := newCompressor(writer)
		err := l.write(context.Background(), compressor)
		writer.CloseWithError(errors.Join(err, compressor.Close()))
	}()
	return reader, nil
}

// write writes the layer as a tar file. Who no longer reads ends it.
func (l *layer) write(ctx context.Context, w io.Writer) error {
	root, err := os.OpenRoot(l.dir)
	if err != nil {
		return err
	}
	defer root.Close()
	archive, buffer := tar.NewWriter(w), make([]byte, 64<<10)
	for _, f := range l.part.files {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := writeFile(archive, root, f, buffer); err != nil {
			return fmt.Errorf("cannot put %s into a layer: %w", f.name, err)
		}
	}
	return archive.Close()
}

func writeFile(archive *tar.Writer, root *os.Root, f file, buffer []byte) error {
	header := &tar.Header{Name: f.name, Mode: int64(f.mode.Perm()), ModTime: made, Uid: user, Gid: user, Typeflag: tar.TypeReg, Size: f.size}
	if f.system {
		header.Uid, header.Gid = 0, 0
	}
	switch {
	case f.mode.IsDir():
		header.Typeflag, header.Name = tar.TypeDir, f.name+"/"
		if f.mode&fs.ModeSticky != 0 {
			header.Mode |= 0o1000
		}
	case f.mode&fs.ModeSymlink != 0:
		header.Typeflag, header.Linkname = tar.TypeSymlink, f.link
	}
	if err := archive.WriteHeader(header); err != nil || header.Typeflag != tar.TypeReg {
		return err
	}
	if f.from == "" || f.text != nil {
		_, err := archive.Write(f.text)
		return err
	}
	in, err := root.Open(f.from)
	if err != nil {
		return err
	}
	defer in.Close()
	_, err = io.CopyBuffer(struct{ io.Writer }{archive}, struct{ io.Reader }{in}, buffer) // without which each file takes one of its own
	return err
}

// meter digests and counts what is written through it.
type meter struct {
	w     io.Writer
	hash  hash.Hash
	bytes int64
}

func newMeter(w io.Writer) *meter { return &meter{w: w, hash: sha256.New()} }

func (m *meter) Write(data []byte) (int, error) {
	n, err := m.w.Write(data)
	m.hash.Write(data[:n])
	m.bytes += int64(n)
	return n, err
}

func (m *meter) sum() v1.Hash {
	return v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(m.hash.Sum(nil))}
}

package backup

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"
)

// Extract lays everything out in a folder: Records, Data and each Database say where.
func (f *File) Extract(ctx context.Context, dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir) // no name and no link in the archive leads out
	if err != nil {
		return err
	}
	defer root.Close()
	if _, err := f.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	var later []*tar.Header // links, and folders whose modes may forbid to write into them
	_, err = each(f.file, func(header *tar.Header, r io.Reader) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		name := path.Clean(header.Name)
		switch header.Typeflag {
		case tar.TypeDir:
			if err := root.MkdirAll(name, 0o700); err != nil {
				return f.odd(name, err)
			}
			later = append(later, header)
			return nil
		case tar.TypeSymlink:
			later = append(later, header)
			return nil
		}
		return f.odd(name, extractFile(root, name, header, r))
	})
	if err == nil {
		err = f.finishExtract(root, later)
	}
	if err != nil {
		return fmt.Errorf("cannot restore the files: %w", err)
	}
	syscall.Sync() // one for all: a repository has thousands of small files
	return nil
}

// odd notes what an app made and this file system cannot have, which keeps nothing
// else from coming back. Any other error is returned.
func (f *File) odd(name string, err error) error {
	ofApps := strings.HasPrefix(name, dataName+"/environments/") || strings.HasPrefix(name, sparseName+"/")
	for _, cannot := range []error{syscall.ENAMETOOLONG, syscall.EILSEQ, syscall.EINVAL, syscall.EFBIG} {
		if ofApps && errors.Is(err, cannot) {
			f.Odd = append(f.Odd, shown(name)+": "+cannot.Error())
			return nil
		}
	}
	return err
}

func extractFile(root *os.Root, name string, header *tar.Header, r io.Reader) error {
	rest, sparse := strings.CutPrefix(name, sparseName+"/")
	if sparse {
		name = dataName + "/" + rest
	}
	if err := root.MkdirAll(path.Dir(name), 0o700); err != nil {
		return err
	}
	file, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if sparse {
		err = unfold(file, r)
	} else {
		_, err = io.Copy(file, r)
	}
	err = errors.Join(err, file.Chmod(fs.FileMode(header.Mode).Perm()), file.Close())
	if err != nil {
		return errors.Join(err, root.Remove(name))
	}
	settleTime(root, name, header)
	return nil
}

// finishExtract makes the links, then gives the folders their modes, the innermost first.
func (f *File) finishExtract(root *os.Root, later []*tar.Header) error {
	slices.Reverse(later)
	var failed []error
	for _, header := range later {
		if header.Typeflag == tar.TypeSymlink {
			name := path.Clean(header.Name)
			err := root.MkdirAll(path.Dir(name), 0o700)
			if err == nil {
				err = root.Symlink(header.Linkname, name)
			}
			failed = append(failed, f.odd(name, err))
		}
	}
	for _, header := range later {
		if header.Typeflag == tar.TypeDir {
			name := path.Clean(header.Name)
			settleTime(root, name, header)
			failed = append(failed, root.Chmod(name, fs.FileMode(header.Mode).Perm()))
		}
	}
	return errors.Join(failed...)
}

// settleTime gives what was laid out the time at which it was changed. Format 1 did
// not keep that, and a time that the file system does not know is no reason to fail.
func settleTime(root *os.Root, name string, header *tar.Header) {
	if header.ModTime.Unix() > 0 {
		_ = root.Chtimes(name, header.ModTime, header.ModTime)
	}
}

package store

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// reserveBytes is how much of the disk is kept free for the records: enough for
// the largest state that an engine may send, sealed and in the write-ahead log.
const reserveBytes = 64 << 20

// reserve is a file of zeros beside the records. It is given up when the disk is
// full, so that what must not be lost at that moment, such as the state of an
// apply that has just changed the world, still finds room.
type reserve struct{ path string } // "" = none

// keep makes the file, if it is not there and the disk has room for it.
func (r reserve) keep() {
	if r.path == "" {
		return
	}
	var disk syscall.Statfs_t
	if _, err := os.Stat(r.path); err == nil || syscall.Statfs(filepath.Dir(r.path), &disk) != nil {
		return
	}
	if int64(disk.Bavail)*int64(disk.Bsize) < 4*reserveBytes {
		return
	}
	if err := r.write(); err != nil {
		_ = os.Remove(r.path)
	}
}

func (r reserve) write() error {
	file, err := os.OpenFile(r.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(allocate(file, reserveBytes), file.Close())
}

// giveUp frees the disk that was kept, and reports whether there was any.
func (r reserve) giveUp() bool { return r.path != "" && os.Remove(r.path) == nil }

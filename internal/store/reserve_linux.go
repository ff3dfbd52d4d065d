package store

import (
	"os"

	"golang.org/x/sys/unix"
)

// allocate gives the file that many bytes of the disk.
func allocate(file *os.File, bytes int64) error {
	return unix.Fallocate(int(file.Fd()), 0, 0, bytes)
}

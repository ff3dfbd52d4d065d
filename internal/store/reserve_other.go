//go:build !linux

package store

import "os"

// allocate gives the file that many bytes of the disk.
func allocate(file *os.File, bytes int64) error {
	zeros := make([]byte, 1<<20)
	for ; bytes > 0; bytes -= int64(len(zeros)) {
		if _, err := file.Write(zeros); err != nil {
			return err
		}
	}
	return nil
}

//go:build unix

package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"

	"github.com/aloft-dev/aloft"
)

// lockFile takes the lock at path, which ends with the process at the latest.
// The file stays: removing it would let two servers lock different files of the
// same name.
func lockFile(path string) (release func() error, err error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		holder, readErr := io.ReadAll(io.LimitReader(file, 20))
		return nil, errors.Join(lockedBy(strings.TrimSpace(string(holder))), readErr, file.Close())
	}
	if err == nil {
		err = file.Truncate(0)
	}
	if err == nil {
		_, err = fmt.Fprintln(file, os.Getpid())
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return func() error {
		// Closing is not enough: a child that is just being started still has the file.
		return errors.Join(file.Truncate(0), syscall.Flock(int(file.Fd()), syscall.LOCK_UN), file.Close())
	}, nil
}

func lockedBy(pid string) error {
	who := "another Aloft server"
	if pid != "" {
		who += " (process " + pid + ")"
	}
	return aloft.Errorf(aloft.CodeConflict, "cannot open the records: %s has them open", who).
		WithHint("stop it first, or give this one another data folder")
}

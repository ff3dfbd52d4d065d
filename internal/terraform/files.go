package terraform

import (
	"context"
	"errors"
	"os"
	"syscall"
)

func syncFile(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}

// lockFile takes the exclusive lock of the file at path, across processes. It
// calls waiting once if somebody else has it, and gives up when ctx ends.
func lockFile(ctx context.Context, path string, waiting func()) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	unlock = func() {
		_ = syscall.Flock(int(file.Fd()), syscall.LOCK_UN) // a child that is just being started still has the file
		_ = file.Close()
	}
	if syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
		return unlock, nil
	}
	waiting()
	locked := make(chan error, 1)
	go func() { locked <- flock(file) }()
	select {
	case err := <-locked:
		if err != nil {
			unlock()
			return nil, err
		}
		return unlock, nil
	case <-ctx.Done():
		go func() { <-locked; unlock() }()
		return nil, ctx.Err()
	}
}

func flock(file *os.File) error {
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

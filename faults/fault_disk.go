package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// fill takes all that is left of the data folder's disk.
func (s *server) fill() error {
	file, err := os.OpenFile(s.ballast(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil && !errors.Is(err, syscall.ENOSPC) {
		return err
	}
	for _, size := range []int{1 << 20, 4 << 10, 1} {
		block := make([]byte, size)
		for err == nil {
			_, err = file.Write(block)
		}
		if !errors.Is(err, syscall.ENOSPC) {
			return errors.Join(err, file.Close())
		}
		err = nil
	}
	return file.Close()
}

func (s *server) free() error { return os.Remove(s.ballast()) }

func (s *server) ballast() string { return s.data("ballast") }

// fillInApply fills the disk while things are being made: neither journal nor
// log nor state can be written until some time after the last was made.
func fillInApply(ctx context.Context, r *round) (string, error) {
	moment, err := r.inApply(ctx)
	err = errors.Join(err, r.server.fill())
	r.pauseUntilQuiet(ctx)
	longer := r.pause(ctx, 3*time.Second)
	return fmt.Sprintf("%s, until %s after the last", moment, longer), errors.Join(err, r.server.free())
}

// pauseUntilQuiet returns when nothing new has been made for a moment.
func (r *round) pauseUntilQuiet(ctx context.Context) {
	const quiet = 300 * time.Millisecond
	ctx, cancel := context.WithTimeout(ctx, momentTime)
	defer cancel()
	created := r.cloud.watch(ctx)
	for {
		select {
		case <-created:
		case <-time.After(quiet):
			return
		case <-ctx.Done():
			return
		}
	}
}

func fillAtRandom(ctx context.Context, r *round) (string, error) {
	took := r.pause(ctx, randomly)
	err := r.server.fill()
	stood := r.pause(ctx, 3*time.Second)
	return fmt.Sprintf("%s after the start, for %s", took, stood), errors.Join(err, r.server.free())
}

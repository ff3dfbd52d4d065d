package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// aside is the folder beside the data folder that holds what was taken away.
func (s *server) aside() string { return filepath.Join(s.dir, "aside") }

// takeAway moves what matches out of the data folder.
func (s *server) takeAway(pattern string) error { return s.move(pattern, "mv", "--") }

// copyAway copies what matches out of the data folder.
func (s *server) copyAway(pattern string) error { return s.move(pattern, "cp", "--archive", "--") }

func (s *server) move(pattern string, command ...string) error {
	found, err := filepath.Glob(s.data(pattern))
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("there is no %s in the data folder", pattern)
	}
	err = errors.Join(err, os.RemoveAll(s.aside()), os.Mkdir(s.aside(), 0o700))
	if err != nil {
		return err
	}
	return mustRun(append(append(command, found...), s.aside())...)
}

// putBack brings back what was taken or copied away, instead of what matches
// now.
func (s *server) putBack(pattern string) error {
	replaced, err := filepath.Glob(s.data(pattern))
	for _, path := range replaced {
		err = errors.Join(err, os.RemoveAll(path))
	}
	kept, globErr := filepath.Glob(filepath.Join(s.aside(), "*"))
	if err = errors.Join(err, globErr); err != nil {
		return err
	}
	return errors.Join(mustRun(append(append([]string{"mv", "--"}, kept...), s.data())...), os.RemoveAll(s.aside()))
}

// newer is where the newer things are while older ones are in place.
func (s *server) newer() string { return s.aside() + ".newer" }

// putOlder brings back what was copied away, and keeps what matches now.
func (s *server) putOlder(pattern string) error {
	older := s.aside() + ".older"
	err := errors.Join(os.RemoveAll(s.newer()), os.Rename(s.aside(), older), s.takeAway(pattern))
	if err != nil {
		return fmt.Errorf("cannot keep the newer %s: %w", pattern, err)
	}
	return errors.Join(os.Rename(s.aside(), s.newer()), os.Rename(older, s.aside()), s.putBack(pattern))
}

// putNewer brings back what putOlder has kept.
func (s *server) putNewer(pattern string) error {
	return errors.Join(os.Rename(s.newer(), s.aside()), s.putBack(pattern))
}

// mustRun runs a program of the system, which keeps owners, modes and links
// also from one disk to another.
func mustRun(command ...string) error {
	if output, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", command[0], err, output)
	}
	return nil
}

// whileDown runs do while the server is down; it is asked to end, or killed.
func (r *round) whileDown(ctx context.Context, do func() error) error {
	end := r.server.stop
	if r.random.IntN(2) == 0 {
		end = r.server.kill
	}
	return r.restart(ctx, errors.Join(end(), do()))
}

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

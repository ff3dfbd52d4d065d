package confine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/aloft-dev/aloft"
)

// Prove starts a confined process that tries to read a file which is closed to
// it, and one that is open. It is an error when the first succeeds, or the
// second does not.
func (c *Confiner) Prove(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "aloft-confine-")
	if err != nil {
		return fmt.Errorf("cannot try the confinement: %w", err)
	}
	defer os.RemoveAll(dir)
	open, closed := filepath.Join(dir, "open"), filepath.Join(dir, "closed")
	for _, path := range []string{open, closed} {
		if err := os.WriteFile(path, []byte(filepath.Base(path)+" "), 0o600); err != nil {
			return fmt.Errorf("cannot try the confinement: %w", err)
		}
	}
	output, err := c.try(ctx, aloft.Confinement{Read: []string{open}}, "cat", open, closed)
	switch said := string(output); {
	case strings.Contains(said, "closed"):
		return errors.New("a confined process read a file that is closed to it")
	case !strings.Contains(said, "open"):
		return fmt.Errorf("a confined process cannot read a file that is open to it: %v", err)
	}
	return nil
}

// try runs a program confined and returns its standard output.
func (c *Confiner) try(ctx context.Context, a aloft.Confinement, name string, args ...string) (output []byte, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // never unlocked: the thread is confined for ever
		if err = c.Apply(a); err != nil {
			return
		}
		command := exec.CommandContext(ctx, name, args...)
		command.Env = []string{"PATH=" + os.Getenv("PATH")}
		output, err = command.Output()
	}()
	<-done
	return output, err
}

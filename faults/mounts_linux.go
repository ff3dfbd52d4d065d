package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// insideVariable marks the process that has mounts of its own.
const insideVariable = "FAULTS_INSIDE"

func insidePrivateMounts() bool { return os.Getenv(insideVariable) != "" }

// reenter starts this program again with mounts that nobody else sees, so that
// the data folder can be a small disk of its own. It needs no privilege where
// the system gives users namespaces.
func reenter(ctx context.Context, args []string) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	command := exec.CommandContext(ctx, program, args...)
	command.Env = append(os.Environ(), insideVariable+"=1")
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = time.Minute
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Unshareflags: syscall.CLONE_NEWNS}
	if os.Geteuid() != 0 {
		command.SysProcAttr.Unshareflags = 0
		command.SysProcAttr.Cloneflags = syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS
		command.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
		command.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
	if err := command.Start(); err != nil {
		return fmt.Errorf("cannot get mounts of its own, which the full disk needs: %w", err)
	}
	if err := command.Wait(); err != nil {
		if ended, ok := errors.AsType[*exec.ExitError](err); ok {
			return fmt.Errorf("the suite ended with %s", ended)
		}
		return err
	}
	return nil
}

// mountDisk makes a folder a disk of its own, of that many bytes.
func mountDisk(folder string, size int64) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, fmt.Sprintf("size=%d,mode=700", size)); err != nil {
		return fmt.Errorf("cannot mount a small disk: %w", err)
	}
	return nil
}

func unmountDisk(folder string) error { return syscall.Unmount(folder, syscall.MNT_DETACH) }

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// insideVariable marks the process that has been started again, and says whether
// it has mounts of its own.
const insideVariable = "FAULTS_MOUNTS"

func startedAgain() bool     { return os.Getenv(insideVariable) != "" }
func hasPrivateMounts() bool { return os.Getenv(insideVariable) == "private" }

// startAgain starts this program again with mounts that nobody else sees, so that
// the data folder can be a small disk of its own. It needs no privilege where
// the system gives users namespaces; where it gives none, the program goes on
// without the disk and says so.
func startAgain(ctx context.Context, args []string) error {
	runtime.LockOSThread() // the child ends with the thread that started it
	program, err := os.Executable()
	if err != nil {
		return err
	}
	start := func(mounts string, namespaces *syscall.SysProcAttr) (*exec.Cmd, error) {
		command := exec.CommandContext(ctx, program, args...)
		command.Env = append(os.Environ(), insideVariable+"="+mounts)
		command.Stdout, command.Stderr = os.Stdout, os.Stderr
		command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
		command.WaitDelay = time.Minute
		command.SysProcAttr = namespaces
		command.SysProcAttr.Pdeathsig = syscall.SIGTERM
		return command, command.Start()
	}
	command, err := start("private", privateMounts())
	if err != nil {
		fmt.Printf("this system gives no mounts of its own: %v\n", err)
		command, err = start("shared", &syscall.SysProcAttr{})
	}
	if err != nil {
		return err
	}
	return command.Wait()
}

func privateMounts() *syscall.SysProcAttr {
	if os.Geteuid() == 0 {
		return &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	}
	return &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}},
	}
}

// mountDisk makes a folder, and a disk of that many bytes of it where there are
// private mounts.
func mountDisk(folder string, size int64) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	if !hasPrivateMounts() {
		return nil
	}
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, fmt.Sprintf("size=%d,mode=700", size)); err != nil {
		return fmt.Errorf("cannot mount a small disk: %w", err)
	}
	return nil
}

func unmountDisk(folder string) error {
	if !hasPrivateMounts() {
		return os.RemoveAll(folder)
	}
	return syscall.Unmount(folder, syscall.MNT_DETACH)
}

package postgres

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/aloft-dev/aloft"
)

// unprivileged is who root is inside the user namespace of the server.
const unprivileged = 1000

// confine gives cmd its own process group and ties its life to ours. PostgreSQL
// refuses to run as root: for root it is started in a user namespace in which
// root is an ordinary user.
func confine(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGINT}
	if os.Geteuid() != 0 {
		return nil
	}
	cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWUSER
	cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: unprivileged, HostID: 0, Size: 1}}
	cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: unprivileged, HostID: os.Getegid(), Size: 1}}
	return nil
}

// isRefused reports whether a child of root did not start because the kernel
// gives it no user namespace.
func isRefused(err error) bool {
	if os.Geteuid() != 0 {
		return false
	}
	return errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSPC) ||
		errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOSYS)
}

func refusal(err error) error {
	return aloft.Errorf(aloft.CodeUnavailable,
		"cannot run PostgreSQL: it refuses to run as root, and this system refuses a user namespace: %w", err).
		WithHint("run aloft as an ordinary user")
}

// isPostmaster reports whether pid is the server of a data folder.
func isPostmaster(pid int, data string) bool {
	proc := filepath.Join("/proc", strconv.Itoa(pid))
	dir, err := os.Readlink(filepath.Join(proc, "cwd"))
	if err != nil || dir != data {
		return false
	}
	name, err := os.ReadFile(filepath.Join(proc, "comm"))
	return err == nil && strings.HasPrefix(string(name), "postgres")
}

package build

import (
	"errors"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// waitExit returns when the child has exited, without reaping it: until then
// the id of its group is its own.
func waitExit(pid int) {
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			return
		}
	}
}

// bootID names the present boot of the machine. It is never empty.
func bootID() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "a boot without a name"
	}
	return strings.TrimSpace(string(id))
}

// syncDisk returns when all that was written before to the file's filesystem is on disk.
func syncDisk(file *os.File) error { return unix.Syncfs(int(file.Fd())) }

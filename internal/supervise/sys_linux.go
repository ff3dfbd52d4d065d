package supervise

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
}

// preferInShortage makes the kernel choose the process rather than the server
// or a database when the machine is out of memory.
func preferInShortage(pid int) {
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/oom_score_adj", pid), []byte("500"), 0) // worth a try
}

// waitExit returns when the child has exited, without reaping it. It waits on a
// file descriptor, which costs no thread, and on a thread only where that does
// not work.
func waitExit(pid int) {
	if fd, err := unix.PidfdOpen(pid, unix.PIDFD_NONBLOCK); err == nil {
		file := os.NewFile(uintptr(fd), "pidfd")
		if conn, err := file.SyscallConn(); err == nil {
			_ = conn.Read(func(uintptr) bool { return hasExited(pid) })
		}
		file.Close()
	}
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			return
		}
	}
}

func hasExited(pid int) bool {
	var info unix.Siginfo
	err := unix.Waitid(unix.P_PID, pid, &info, unix.WEXITED|unix.WNOWAIT|unix.WNOHANG, nil)
	return err != nil || info.Signo != 0
}

func onMainThread() bool { return unix.Gettid() == os.Getpid() }

package supervise

import (
	"errors"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true}
}

// waitExit returns when the child has exited, without reaping it.
func waitExit(pid int) {
	queue, err := unix.Kqueue()
	for err != nil { // out of file descriptors: it passes
		time.Sleep(100 * time.Millisecond)
		queue, err = unix.Kqueue()
	}
	defer unix.Close(queue)
	var change unix.Kevent_t
	unix.SetKevent(&change, pid, unix.EVFILT_PROC, unix.EV_ADD|unix.EV_ONESHOT)
	change.Fflags = unix.NOTE_EXIT
	for {
		_, err := unix.Kevent(queue, []unix.Kevent_t{change}, make([]unix.Kevent_t, 1), nil)
		if !errors.Is(err, unix.EINTR) {
			return // the event, or ESRCH: it has exited already
		}
	}
}

func preferInShortage(int) {}

func onMainThread() bool { return false }

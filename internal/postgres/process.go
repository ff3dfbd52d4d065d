package postgres

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// How long a server may take to end by itself before the next, harder signal.
const (
	graceFast      = 20 * time.Second
	graceImmediate = 5 * time.Second
)

// process is a running child.
type process struct {
	cmd    *exec.Cmd
	exited chan struct{} // closed when it has ended
	err    error         // how it ended; read it after exited
}

// spawn starts cmd in a process group of its own. On Linux the child gets
// SIGINT when this process dies, however it dies.
func spawn(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, exited: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		// The kernel ties the death signal to the thread that starts the child,
		// so this thread has to live as long as the child does.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
			close(p.exited)
		}
	}()
	return p, <-started
}

// stop ends a PostgreSQL server: it asks for a fast shutdown, then for an
// immediate one, then kills.
func (p *process) stop() {
	stopGently(func(s syscall.Signal) bool { return p.cmd.Process.Signal(s) == nil }, p.exited)
}

func stopGently(signal func(syscall.Signal) bool, exited <-chan struct{}) {
	steps := []struct {
		signal syscall.Signal
		grace  time.Duration
	}{{syscall.SIGINT, graceFast}, {syscall.SIGQUIT, graceImmediate}, {syscall.SIGKILL, graceImmediate}}
	for _, step := range steps {
		if !signal(step.signal) {
			return
		}
		timer := time.NewTimer(step.grace)
		select {
		case <-exited:
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

// killGroupOnCancel makes the end of a command's context end its whole group.
func killGroupOnCancel(cmd *exec.Cmd) {
	cmd.Cancel = func() error {
		err := syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
		if errors.Is(err, syscall.ESRCH) {
			return os.ErrProcessDone
		}
		return err
	}
	cmd.WaitDelay = graceImmediate
}

package supervise

import (
	"os/exec"
	"runtime"
)

// spawner starts all children from one operating system thread that lives as
// long as the supervisor: the signal that Linux sends to a child when its
// parent dies is tied to the thread which started the child.
type spawner chan spawn

type spawn struct {
	cmd *exec.Cmd
	err chan<- error
}

func startSpawner() spawner {
	s := make(spawner)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		for request := range s {
			request.err <- request.cmd.Start()
		}
	}()
	return s
}

func (s spawner) start(cmd *exec.Cmd) error {
	err := make(chan error, 1)
	s <- spawn{cmd, err}
	return <-err
}

// stop ends the thread, and so kills every child that still lives.
func (s spawner) stop() { close(s) }

package supervise

import (
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Exit tells how a process ended.
type Exit struct {
	Code   int       `json:"code"`             // exit status; 128 + the signal's number when one killed it
	Signal string    `json:"signal,omitempty"` // such as SIGKILL; "" when it exited by itself
	Reason string    `json:"reason"`           // for people: "exit status 3", "killed: over its memory limit of 64 MiB…"
	Hint   string    `json:"hint,omitempty"`   // how to change the limit that it was over; "" when it was not
	At     time.Time `json:"at"`
}

// String returns the reason, and the hint after it.
func (e Exit) String() string {
	if e.Hint != "" {
		return e.Reason + "; " + e.Hint
	}
	return e.Reason
}

// exitOf reads a process's end. A reason given by whoever ended it goes before
// what the system says.
func exitOf(state *os.ProcessState, reason string, at time.Time) Exit {
	exit := Exit{Code: -1, Reason: reason, At: at}
	if state == nil {
		return exit
	}
	exit.Code = state.ExitCode()
	status, ok := state.Sys().(syscall.WaitStatus)
	said := fmt.Sprintf("exit status %d", exit.Code)
	if ok && status.Signaled() {
		signal := status.Signal()
		exit.Code = 128 + int(signal)
		exit.Signal = unix.SignalName(signal)
		said = fmt.Sprintf("killed by %s (%s)", exit.Signal, signal)
		if signal == syscall.SIGKILL {
			said = "killed by SIGKILL, not by Aloft: by hand, or because the machine was out of memory"
		}
	}
	if exit.Reason == "" {
		exit.Reason = said
	}
	return exit
}

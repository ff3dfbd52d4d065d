package supervise

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/aloft-dev/aloft"
)

// life is one execution of a process: the child, leader of its own process
// group, and all its descendants.
type life struct {
	tag     string
	cmd     *exec.Cmd
	pid     int
	started time.Time
	output  *os.File
	copied  chan struct{} // closed when the output has been read to its end
	exited  chan struct{} // closed by the process when the end is published
	killed  chan struct{} // closed when there is no more grace
	over    chan struct{} // closed when the thread that started the child may end
	group   *group

	processes Limit // that the group may have

	mu       sync.Mutex
	stopping bool
	reaped   bool   // the id no longer belongs to the child
	reason   string // why it was ended, when it did not end by itself
	hint     string // how to change the limit that ended it
	ended    time.Time
}

// spawn starts a life of p. It is CodeFailed when the program cannot be started.
func (s *Supervisor) spawn(p *Process) (*life, error) {
	program, err := p.spec.program()
	if err != nil {
		return nil, aloft.Errorf(aloft.CodeFailed, "cannot start %s of %s: %w", p.name, p.spec.App, err)
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, aloft.Errorf(aloft.CodeInternal, "cannot start %s of %s: %w", p.name, p.spec.App, err)
	}
	defer write.Close()
	l := &life{
		tag:     s.nextTag(p.spec),
		started: time.Now(),
		output:  read,
		copied:  make(chan struct{}),
		exited:  make(chan struct{}),
		killed:  make(chan struct{}),
		over:    make(chan struct{}),
	}
	if err := s.execute(l, program, p.spec, write); err != nil {
		read.Close()
		return nil, aloft.Errorf(aloft.CodeFailed, "cannot start %s of %s: %w", p.name, p.spec.App, err)
	}
	l.pid = l.cmd.Process.Pid
	s.scanner.remember(l.pid, l.tag)
	go l.copyOutput(p.output)
	return l, nil
}

func (s *Supervisor) nextTag(spec Spec) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lives++
	environment := cmp.Or(spec.Key.Environment, ".build") // no environment is named like that
	return tagPrefix(s.options.Tag, spec.Key.Project, environment, spec.App, spec.Name(),
		strconv.FormatInt(s.lives, 10))
}

func (l *life) copyOutput(w io.Writer) {
	defer close(l.copied)
	// Sinks take everything; reading ends with the last writer, or at drain's deadline.
	if _, err := io.Copy(w, l.output); errors.Is(err, os.ErrDeadlineExceeded) {
		l.copyRest(w)
	}
}

// copyRest copies what the pipe holds, and waits for nothing.
func (l *life) copyRest(w io.Writer) {
	_ = l.output.SetReadDeadline(time.Time{})
	pipe, err := l.output.SyscallConn()
	if err != nil {
		return
	}
	rest := make([]byte, 64<<10) // as much as a pipe holds
	read := 0
	_ = pipe.Read(func(fd uintptr) bool {
		read, _ = syscall.Read(int(fd), rest)
		return true
	})
	if read > 0 {
		_, _ = w.Write(rest[:read])
	}
}

// terminate asks the group to end.
func (l *life) terminate() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stopping = true
	if l.reason == "" {
		l.reason = "stopped"
	}
	l.signal(syscall.SIGTERM)
}

// kill ends the group without grace. hint tells how to change the limit that it
// was over, "" for none.
func (l *life) kill(reason, hint string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if isClosed(l.killed) || l.reaped {
		return
	}
	l.reason, l.hint = reason, hint
	close(l.killed)
	l.signal(syscall.SIGKILL)
}

// signal is safe against ids that were given to somebody else: as long as the
// child is not reaped its id, and that of its group, are its own.
func (l *life) signal(signal syscall.Signal) {
	if !l.reaped {
		_ = syscall.Kill(-l.pid, signal) // fails only when nobody is left to hear it
	}
}

// await waits until the child and all its descendants have ended, and returns
// how the child did.
func (l *life) await(s *Supervisor) Exit {
	scanner := s.scanner
	waitExit(l.pid)
	l.mu.Lock()
	l.ended = time.Now()
	stopping := l.stopping
	if !stopping {
		l.signal(syscall.SIGKILL)
	}
	l.mu.Unlock()

	if stopping {
		l.awaitDescendants(scanner)
	}
	killAll(func() []proc { return scanner.tagged(l.tag) })

	l.mu.Lock()
	_ = l.cmd.Wait() // its error is in ProcessState
	l.reaped = true
	reason, hint := l.reason, l.hint
	l.mu.Unlock()
	full := l.group.full()
	s.release(l)
	scanner.forget(l.pid)
	l.drain()
	exit := exitOf(l.cmd.ProcessState, reason, l.ended)
	exit.Hint = hint
	if reason == "" && full { // it ended before anybody looked, for want of room
		exit.Code = max(exit.Code, 1)
		exit.Reason = fmt.Sprintf("killed: it grew to %d processes, over the limit of %d", maxTasks(l.processes.Max), l.processes.Max)
		exit.Hint = l.processes.Hint
	}
	return exit
}

// awaitDescendants gives descendants that outlive a stopped child the rest of
// its grace. Those which left the group have not been asked to end yet.
func (l *life) awaitDescendants(scanner *scanner) {
	asked := map[int]bool{}
	for pause := 2 * time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		rest := scanner.tagged(l.tag)
		if len(rest) == 0 {
			return
		}
		for _, p := range rest {
			if p.pgid != l.pid && !asked[p.pid] {
				asked[p.pid] = true
				p.signal(syscall.SIGTERM)
			}
		}
		select {
		case <-l.killed:
			return
		case <-time.After(pause):
		}
	}
}

// drain reads the last output. A descendant that hid from the scan may hold the
// pipe open; it does not hold us up.
func (l *life) drain() {
	select {
	case <-l.copied:
	case <-time.After(drainWait):
		_ = l.output.SetReadDeadline(time.Now())
		<-l.copied
	}
	l.output.Close()
}

func (l *life) lasted() time.Duration { return l.ended.Sub(l.started) }

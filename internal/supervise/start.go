package supervise

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// execute starts the child of a life on an operating system thread of its own.
// What confines a child is given up by the thread that starts it, for ever; and
// the signal that Linux sends to a child when its parent dies is sent when that
// thread ends, so that the thread lives as long as the child.
func (s *Supervisor) execute(l *life, program string, spec Spec, output *os.File) error {
	started := make(chan error, 1)
	go besideMain(func() {
		err := s.prepare(l, spec)
		if err == nil {
			err = s.run(l, program, spec, output)
		}
		started <- err
		<-l.over
	})
	err := <-started
	if err != nil {
		s.release(l)
	}
	return err
}

// besideMain calls do on a thread that ends with it, never on the first one: that
// one stands for the whole process, so that whatever is confined like it may look
// into the server.
func besideMain(do func()) {
	runtime.LockOSThread()
	if !onMainThread() {
		do() // never unlocked: what the thread gave up it has given up for ever
		return
	}
	defer runtime.UnlockOSThread()
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		do()
	}()
	<-done
}

// prepare makes the thread one whose children are held and confined as spec says.
func (s *Supervisor) prepare(l *life, spec Spec) (err error) {
	l.processes = spec.Processes
	l.group, err = s.groups.enter(l.tag, spec.Processes.Max)
	if err == nil && spec.Confine != nil && s.options.Confine != nil {
		err = s.options.Confine(*spec.Confine)
	}
	return err
}

// release ends the thread of a life whose child is gone.
func (s *Supervisor) release(l *life) {
	s.groups.leave(l.group)
	close(l.over)
}

// run starts the child. A program written a moment ago may be busy: another
// child, between its fork and its exec, has it open for writing.
func (s *Supervisor) run(l *life, program string, spec Spec, output *os.File) error {
	for try := 0; ; try++ {
		l.cmd = &exec.Cmd{
			Path: program, Args: spec.Args, Dir: spec.Dir, Env: tagged(spec.Env, l.tag),
			Stdout: output, Stderr: output, SysProcAttr: l.group.attributes(childAttributes()),
		}
		err := l.cmd.Start()
		if err == nil {
			limitTasks(l.cmd.Process.Pid, l.group, spec.Processes.Max)
			preferInShortage(l.cmd.Process.Pid)
		}
		if try == 10 || !errors.Is(err, syscall.ETXTBSY) {
			return err
		}
		time.Sleep(time.Millisecond << try)
	}
}

// tagged puts the tag first, where a look at the environment finds it soonest.
func tagged(env []string, tag string) []string {
	rest := slices.DeleteFunc(slices.Clone(env), func(pair string) bool {
		return strings.HasPrefix(pair, TagVariable+"=")
	})
	return append([]string{TagVariable + "=" + tag}, rest...)
}

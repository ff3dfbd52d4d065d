package build

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"

	"github.com/aloft-dev/aloft"
)

// How long the end of a command may take.
const (
	stopGrace = 5 * time.Second // between asking and killing
	drainWait = time.Second     // for output, after the command has ended
)

// execution is one command of a build.
type execution struct {
	request Request
	command aloft.Command
	dir     string
	env     []string
}

// run runs a command to its end, its output going to the log. Nothing of its
// process group outlives it.
func (b *Builder) run(ctx context.Context, e execution) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	if e.command.Empty() {
		return nil
	}
	program, ok := lookPath(e.command.Args[0], b.options.Path, e.dir)
	if !ok {
		return aloft.Errorf(aloft.CodeUnavailable, "cannot build %s: there is no program %s%s",
			e.request.App.Name, e.command.Args[0], e.command.Source).
			WithHint("install it, or set apps.%s.build in aloft.yaml", e.request.App.Name)
	}
	fmt.Fprintf(e.request.Log, "$ %s\n", e.command)
	ended := e.request.Timing.Begin(e.command.String(), "")
	state, err := e.execute(ctx, program)
	ended(failureOf(ctx, state, err))
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return aloft.Errorf(aloft.CodeFailed, "cannot run %q to build %s: %w", e.command, e.request.App.Name, err)
	case !state.Success():
		return aloft.Errorf(aloft.CodeFailed, "the build of %s failed: %q ended with %s%s",
			e.request.App.Name, e.command, state, e.command.Source).
			WithHint("the output above tells why; the same command should fail in a fresh clone as well")
	}
	return nil
}

// failureOf is how a command failed, for its timing; nil = it did not.
func failureOf(ctx context.Context, state *os.ProcessState, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err == nil && !state.Success() {
		err = &exec.ExitError{ProcessState: state}
	}
	return err
}

// execute starts the program and returns how it ended, by itself or with ctx.
func (e execution) execute(ctx context.Context, program string) (*os.ProcessState, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer read.Close()
	defer write.Close()
	child := &child{ended: make(chan struct{}), started: make(chan error, 1)}
	go child.live(func() *exec.Cmd {
		return &exec.Cmd{
			Path: program, Args: e.command.Args, Dir: e.dir, Env: e.env,
			Stdout: write, Stderr: write, SysProcAttr: childAttributes(),
		}
	})
	if err := <-child.started; err != nil {
		return nil, err
	}
	write.Close()
	copied := make(chan struct{})
	go func() {
		defer close(copied)
		output := &indented{w: e.request.Log}
		_, _ = io.Copy(output, read) // ends with the last writer, or at the deadline below
		output.flush()
	}()
	child.await(ctx)
	select {
	case <-copied:
	case <-time.After(drainWait): // a process that left the group has the pipe
		_ = read.SetReadDeadline(time.Now())
		<-copied
	}
	return child.cmd.ProcessState, nil
}

// child is a running command, the leader of its own process group.
type child struct {
	cmd     *exec.Cmd
	started chan error
	ended   chan struct{}

	mu     sync.Mutex
	reaped bool // the id may belong to somebody else
}

// live is the whole life of the child, on one thread: on Linux the child is
// killed when the thread that started it ends.
func (c *child) live(command func() *exec.Cmd) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	c.cmd = command()
	err := c.cmd.Start()
	for try := 0; try < 10 && errors.Is(err, syscall.ETXTBSY); try++ { // just written, and open in a child before its exec
		time.Sleep(time.Millisecond << try)
		c.cmd = command()
		err = c.cmd.Start()
	}
	c.started <- err
	if err != nil {
		return
	}
	defer close(c.ended)
	waitExit(c.cmd.Process.Pid)
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = syscall.Kill(-c.cmd.Process.Pid, syscall.SIGKILL) // what it left in the background
	_ = c.cmd.Wait()                                      // its error is in ProcessState
	c.reaped = true
}

// await returns when the child has ended; it ends it with ctx.
func (c *child) await(ctx context.Context) {
	select {
	case <-c.ended:
		return
	case <-ctx.Done():
	}
	c.signal(syscall.SIGTERM)
	select {
	case <-c.ended:
	case <-time.After(stopGrace):
		c.signal(syscall.SIGKILL)
		<-c.ended
	}
}

func (c *child) signal(signal syscall.Signal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.reaped {
		_ = syscall.Kill(-c.cmd.Process.Pid, signal) // fails only when nobody is left to hear it
	}
}

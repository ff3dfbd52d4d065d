package terraform

import (
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/aloft-dev/aloft"
)

const (
	stopGrace = 2 * time.Minute // for an interrupted engine to finish what it does and save the state
	pipeGrace = 3 * time.Second // for what an ended engine left behind to close its output
)

// Command returns the engine as `aloft terraform` runs it: args with the
// environment of c, in c.Dir, for the caller to connect and run. Init must have
// succeeded before. When ctx ends, an engine that has the terminal is left to
// the terminal's own Ctrl-C: a second interrupt would make it drop its state.
func (e *Engine) Command(ctx context.Context, c aloft.Configuration, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, e.Path, withVarFile(c, args)...)
	cmd.Dir = c.Dir
	cmd.Env = environ(e.variables(c))
	cmd.Cancel = func() error {
		if file, ok := cmd.Stdin.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
			return nil
		}
		return cmd.Process.Signal(os.Interrupt)
	}
	return cmd
}

// withVarFile adds the environment's variables to the commands that take them.
func withVarFile(c aloft.Configuration, args []string) []string {
	takes := []string{"plan", "apply", "destroy", "refresh", "import", "console"}
	if c.VarFile == "" || len(args) == 0 || !slices.Contains(takes, args[0]) || appliesSavedPlan(c.Dir, args) {
		return args
	}
	return slices.Concat(args[:1], []string{"-var-file=" + absolute(c.VarFile)}, args[1:])
}

func appliesSavedPlan(dir string, args []string) bool {
	last := args[len(args)-1]
	if args[0] != "apply" || len(args) == 1 || strings.HasPrefix(last, "-") {
		return false
	}
	if !filepath.IsAbs(last) {
		last = filepath.Join(dir, last)
	}
	info, err := os.Stat(last)
	return err == nil && info.Mode().IsRegular()
}

// exec runs the engine with args, its standard output going to stdout and its
// standard error, line by line, to c.Log; a file takes both. It runs in a
// process group of its own. When ctx ends it is interrupted once, so that it
// saves the state; only if it does not end in time is it killed with all its
// children. One that somebody else kills takes its children along.
func (e *Engine) exec(ctx context.Context, c aloft.Configuration, stdout io.Writer, args ...string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	cmd := exec.Command(e.Path, args...)
	cmd.Dir = c.Dir
	set := e.variables(c)
	set["TF_IN_AUTOMATION"], set["TF_INPUT"] = "1", "0"
	cmd.Env = environ(set)
	stderr := newLineWriter(func(line []byte) { logLine(c.Log, string(line)) })
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = stdout, stderr, pipeGrace
	if file, ok := stdout.(*os.File); ok {
		cmd.Stderr = file
	}
	ownGroup(cmd)
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		stopWith(ctx, cmd, cmp.Or(e.grace, stopGrace), ended)
	}()
	err := cmd.Wait()
	close(ended)
	<-stopped
	stderr.Close()
	if errors.Is(err, exec.ErrWaitDelay) {
		err = nil // a provisioner left something running that holds the pipe
	}
	if ctx.Err() != nil || killed(err) {
		_ = killGroup(cmd) // what the engine left running
	}
	return err
}

// killed reports whether a signal ended the engine: then its plugins do not know.
func killed(err error) bool {
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		return false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signaled()
}

// stopWith interrupts cmd when ctx ends and kills its group when that does not
// end it within grace. It returns when the process has ended.
func stopWith(ctx context.Context, cmd *exec.Cmd, grace time.Duration, ended <-chan struct{}) {
	select {
	case <-ended:
		return
	case <-ctx.Done():
	}
	_ = cmd.Process.Signal(os.Interrupt)
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-ended:
	case <-timer.C:
		_ = killGroup(cmd)
		<-ended
	}
}

func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func killGroup(cmd *exec.Cmd) error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }

// logLine writes a line for people, if somebody looks.
func logLine(w io.Writer, line string) {
	if w != nil {
		_, _ = io.WriteString(w, line+"\n")
	}
}

package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// grace is how long a git process has to end by itself once it was asked to.
const grace = 5 * time.Second

// lockPatience is how long a git process waits for a lock of another.
const lockPatience = 15 * time.Second

// allocLimit is the largest piece of memory that a git process may take, in bytes.
const allocLimit = 256 << 20

// CommandError is a git command that failed. Its text does not contain what git
// said; Stderr does.
type CommandError struct {
	Command string // such as "update-ref"
	Stderr  string // the beginning of it
	Err     error  // usually an *exec.ExitError
}

// Error names the command and how it ended.
func (e *CommandError) Error() string { return fmt.Sprintf("git %s: %v", e.Command, e.Err) }

// Unwrap returns how the command ended.
func (e *CommandError) Unwrap() error { return e.Err }

// command makes a git process that knows no configuration but ours, runs in its
// own process group and is ended as a group with ctx.
func (r *Remote) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, r.program, append(r.settings(), args...)...)
	cmd.Env = r.environment()
	cmd.Dir = r.options.Dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = grace
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	return cmd
}

// wait waits for a started command. When ctx has ended, nothing of the command's
// process group is left afterwards.
func wait(ctx context.Context, cmd *exec.Cmd) error {
	err := cmd.Wait()
	if ctx.Err() != nil {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
	return err
}

// settings is the configuration of every git process, which is never written to
// a repository: it cannot get old there, and nobody can change it by pushing.
func (r *Remote) settings() []string {
	pairs := []string{
		"safe.directory=*",
		"core.hooksPath=" + r.hooks(),
		"core.fsync=committed,loose-object",
		"core.fsyncMethod=batch",
		// Who finds a ref locked waits for it: several processes of ours work on one repository.
		fmt.Sprintf("core.filesRefLockTimeout=%d", lockPatience.Milliseconds()),
		fmt.Sprintf("core.packedRefsTimeout=%d", lockPatience.Milliseconds()),
		"gc.auto=0",
		"maintenance.auto=false",
		"receive.autogc=false",
		"receive.procReceiveRefs=refs/heads",
		"receive.advertisePushOptions=true",
		"receive.denyDeleteCurrent=ignore",
		"receive.fsckObjects=true",
		"receive.fsck.badTimezone=ignore",
		"receive.fsck.missingSpaceBeforeDate=ignore",
		"receive.fsck.zeroPaddedFilemode=ignore",
		fmt.Sprintf("receive.maxInputSize=%d", r.options.MaxPush),
		"receive.unpackLimit=1",
		// A small pack can hold objects of any size: large files are streamed, and
		// what cannot be is bounded by allocLimit, in one thread.
		"core.bigFileThreshold=32m",
		"pack.threads=1",
		"transfer.hideRefs=refs/aloft",
		"uploadpack.allowAnySHA1InWant=false",
		"i18n.logOutputEncoding=UTF-8",
	}
	args := make([]string, 0, 2*len(pairs))
	for _, pair := range pairs {
		args = append(args, "-c", pair)
	}
	return args
}

// environment is all that a git process gets of ours.
func (r *Remote) environment() []string {
	env := []string{
		"HOME=" + r.private,
		"LC_ALL=C",
		"GIT_CONFIG_NOSYSTEM=1",
		"GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_ATTR_NOSYSTEM=1",
		"GIT_TERMINAL_PROMPT=0",
		"GIT_NO_REPLACE_OBJECTS=1", // refs/replace can be pushed, and would show another commit than is built
		fmt.Sprintf("GIT_ALLOC_LIMIT=%d", allocLimit),
		"GIT_COMMITTER_NAME=aloft",
		"GIT_COMMITTER_EMAIL=aloft@localhost",
	}
	for _, name := range []string{"PATH", "TMPDIR"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// output runs a git command on a repository and returns what it wrote. A failure
// is a *CommandError, or ctx's error when that has ended.
func (r *Remote) output(ctx context.Context, path string, stdin io.Reader, args ...string) ([]byte, error) {
	var stdout bytes.Buffer
	stderr := &head{limit: 4096}
	cmd := r.command(ctx, append([]string{"--git-dir=" + path, "--literal-pathspecs"}, args...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &stdout, stderr
	err := cmd.Start()
	if err == nil {
		err = wait(ctx, cmd)
	}
	if err != nil {
		return nil, failure(ctx, args, stderr, err)
	}
	return stdout.Bytes(), nil
}

func asCommandError(err error) (*CommandError, bool) { return errors.AsType[*CommandError](err) }

func failure(ctx context.Context, args []string, stderr *head, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	for len(args) > 2 && args[0] == "-c" {
		args = args[2:]
	}
	return &CommandError{Command: args[0], Stderr: strings.TrimSpace(stderr.String()), Err: err}
}

// head keeps the beginning of what is written to it.
type head struct {
	bytes.Buffer
	limit int
}

func (h *head) Write(p []byte) (int, error) {
	h.Buffer.Write(p[:min(len(p), h.limit-h.Len())])
	return len(p), nil
}

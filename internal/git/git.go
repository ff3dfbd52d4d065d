// Package git is the embedded remote: bare repositories served over smart HTTP
// by the system's git. A push is handed to an aloft.Receiver, whose words stream
// to the pusher and whose answer decides whether the branch moves (git's
// proc-receive hook). The room also reads those repositories: branches, commits,
// folders, and the plain files of a commit.
//
// It imports the root package only.
package git

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	aloft "github.com/aloft-dev/aloft"
)

// Options tell Open how to serve.
type Options struct {
	// Dir holds the repositories, <project>.git each. It is made when missing.
	Dir string
	// Hook is the argument vector of the program that calls RunHook with the
	// name it is given as its last argument, such as /usr/bin/aloft hook.
	Hook []string
	// Receiver acts on pushes.
	Receiver aloft.Receiver
	// Authorize tells who sends a request for a project. A CodeForbidden error
	// asks the client for a password (401).
	Authorize func(r *http.Request, project string) (actor string, err error)
	// Create is called before the first push to an unknown project. CodeConflict
	// means that it is known already. nil = any project may be pushed.
	Create func(ctx context.Context, project string) error
	// Lost is why a project without a repository should have one; nil = it should not, or
	// nobody can tell.
	Lost func(ctx context.Context, project string) error
	// HookURL is where the hook reaches this server, such as
	// http://127.0.0.1:8090. "" = the address the push itself came in on, which
	// must then be plain HTTP.
	HookURL string
	// MaxPush is how large the pack of one push may be, in bytes. 0 = DefaultMaxPush.
	MaxPush int64
	// MaxRefs is how many refs one push may make, move or delete. 0 = DefaultMaxRefs.
	MaxRefs int
	// MaxCheckoutFiles is how many files and folders the tree of a commit may
	// have. 0 = DefaultMaxCheckoutFiles.
	MaxCheckoutFiles int
	// MaxCheckoutBytes is how large the files of a commit may be together, in
	// bytes. 0 = DefaultMaxCheckoutBytes.
	MaxCheckoutBytes int64
	// MaxSilence is how long a client may keep the server waiting for the rest of
	// its request. 0 = DefaultMaxSilence.
	MaxSilence time.Duration
	// Logger hears of failures that nobody else can be told. nil = none are told.
	Logger *slog.Logger
}

// Remote is the embedded remote. It is safe for concurrent use.
type Remote struct {
	options     Options
	program     string // the git binary
	private     string // folder of the hooks; the home of every git process
	sessions    sessions
	quarantines quarantines
	base        context.Context // ends with Close
	end         context.CancelFunc
	mux         *http.ServeMux
}

// Open prepares the folder and checks the system's git. A git that is missing or
// older than 2.29 is CodeUnavailable.
func Open(options Options) (*Remote, error) {
	if len(options.Hook) == 0 || options.Receiver == nil || options.Authorize == nil {
		return nil, errors.New("git: Options need Hook, Receiver and Authorize")
	}
	options.setDefaults()
	dir, err := filepath.Abs(options.Dir)
	if err != nil {
		return nil, err
	}
	options.Dir = dir
	r := &Remote{options: options, private: filepath.Join(dir, "private")}
	r.base, r.end = context.WithCancel(context.Background())
	if r.program, err = findGit(); err != nil {
		return nil, err
	}
	if err := r.writeHook(); err != nil {
		return nil, fmt.Errorf("cannot write git's hook: %w", err)
	}
	r.removeQuarantines()
	r.mux = r.routes()
	return r, nil
}

// Close ends every push that is being received: their Receivers' contexts end,
// and the pushers are told that the run goes on. Pushes that come later are
// refused. Close does not wait; the HTTP server's Shutdown does.
func (r *Remote) Close() { r.end() }

func findGit() (string, error) {
	const hint = "install git 2.29 or later and have it on the PATH"
	program, err := exec.LookPath("git")
	if err != nil {
		return "", aloft.Errorf(aloft.CodeUnavailable, "cannot find git: %w", err).WithHint(hint)
	}
	if program, err = filepath.Abs(program); err != nil {
		return "", err
	}
	out, err := exec.Command(program, "version").Output()
	if err != nil {
		return "", aloft.Errorf(aloft.CodeUnavailable, "cannot run %s: %w", program, err).WithHint(hint)
	}
	var major, minor int
	if _, err := fmt.Sscanf(string(out), "git version %d.%d", &major, &minor); err != nil {
		return "", aloft.Errorf(aloft.CodeUnavailable, "cannot tell the version of %s", program).WithHint(hint)
	}
	if major < 2 || major == 2 && minor < 29 {
		return "", aloft.Errorf(aloft.CodeUnavailable, "git %d.%d at %s is too old", major, minor, program).WithHint(hint)
	}
	return program, nil
}

// writeHook writes the script that git runs for a push.
func (r *Remote) writeHook() error {
	hooks := r.hooks()
	if err := os.MkdirAll(hooks, 0o700); err != nil {
		return err
	}
	var script strings.Builder
	script.WriteString("#!/bin/sh\nexec")
	for _, arg := range append(r.options.Hook[:len(r.options.Hook):len(r.options.Hook)], hookName) {
		script.WriteString(" '" + strings.ReplaceAll(arg, "'", `'\''`) + "'")
	}
	script.WriteString("\n")
	file, err := os.CreateTemp(hooks, ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	_, err = io.WriteString(file, script.String())
	if err = errors.Join(err, file.Chmod(0o700), file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), filepath.Join(hooks, hookName))
}

func (r *Remote) hooks() string { return filepath.Join(r.private, "hooks") }

package git_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	aloft "github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/git"
)

// TestMain makes the test binary the hook program too, as aloft's binary is.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "hook" {
		if err := git.RunHook(context.Background(), os.Args[2], os.Getenv, os.Stdin, os.Stdout, os.Stderr); err != nil {
			os.Stderr.WriteString(err.Error() + "\n")
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

const password = "correct-horse"

// receiver is an aloft.Receiver made of a function.
type receiver func(ctx context.Context, push aloft.Push, progress io.Writer) []aloft.RefResult

func (f receiver) Receive(ctx context.Context, push aloft.Push, progress io.Writer) []aloft.RefResult {
	return f(ctx, push, progress)
}

func (f receiver) Admit(context.Context, aloft.Push) error { return nil }

// guarded is a receiver that looks at pushes first.
type guarded struct {
	receiver
	admit func(push aloft.Push) error
}

func (g guarded) Admit(_ context.Context, push aloft.Push) error { return g.admit(push) }

// server is a Remote behind a real HTTP server.
type server struct {
	*git.Remote
	*httptest.Server
	dir     string
	receive receiver
}

// serve starts a server. change may set options; receive may be set any time
// before a push and defaults to carrying everything out.
func serve(t *testing.T, change func(*git.Options)) *server {
	t.Helper()
	s := &server{dir: t.TempDir()}
	s.receive = s.carryOut
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	options := git.Options{
		Dir:  s.dir,
		Hook: []string{program, "hook"},
		Receiver: receiver(func(ctx context.Context, push aloft.Push, progress io.Writer) []aloft.RefResult {
			return s.receive(ctx, push, progress)
		}),
		Authorize: authorize,
		Logger:    slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
	if change != nil {
		change(&options)
	}
	if s.Remote, err = git.Open(options); err != nil {
		t.Fatal(err)
	}
	s.Server = httptest.NewServer(s.Remote)
	t.Cleanup(func() {
		s.Remote.Close()
		s.Server.Close()
	})
	return s
}

func authorize(r *http.Request, project string) (string, error) {
	if user, pass, ok := r.BasicAuth(); ok && pass == password {
		return user, nil
	}
	return "", aloft.Errorf(aloft.CodeForbidden, "a token is needed for project %s", project).WithHint("aloft login")
}

// carryOut moves and deletes branches as asked.
func (s *server) carryOut(ctx context.Context, push aloft.Push, progress io.Writer) []aloft.RefResult {
	var results []aloft.RefResult
	for _, update := range push.Updates {
		result := aloft.RefResult{Ref: update.Ref}
		branch := strings.TrimPrefix(update.Ref, "refs/heads/")
		err := s.DeleteBranch(ctx, push.Project, branch)
		if update.New != "" {
			err = s.MoveBranch(ctx, push.Project, branch, update.New)
		}
		if err != nil {
			result.Reason = err.Error()
		}
		results = append(results, result)
	}
	return results
}

// url returns the address of a project, with the password in it.
func (s *server) url(project string) string {
	return strings.Replace(s.Server.URL, "http://", "http://alice:"+password+"@", 1) + "/" + project + ".git"
}

// clone is a pusher's own repository.
type clone struct {
	t   *testing.T
	dir string
}

// newClone makes a repository with one commit whose remote "aloft" is the project.
func newClone(t *testing.T, s *server, project string) *clone {
	t.Helper()
	c := &clone{t, t.TempDir()}
	c.git("init", "--quiet", "--initial-branch=main")
	c.git("remote", "add", "aloft", s.url(project))
	c.commit("README", "hello\n")
	return c
}

// command makes a git process of the pusher, which knows nothing of this machine.
func (c *clone) command(args ...string) *exec.Cmd {
	cmd := exec.Command("git", args...)
	cmd.Dir = c.dir
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + c.dir, "LC_ALL=C",
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_TERMINAL_PROMPT=0",
		"GIT_AUTHOR_NAME=Alice", "GIT_AUTHOR_EMAIL=alice@example.org", "GIT_AUTHOR_DATE=2026-01-02T03:04:05Z",
		"GIT_COMMITTER_NAME=Alice", "GIT_COMMITTER_EMAIL=alice@example.org", "GIT_COMMITTER_DATE=2026-01-02T03:04:05Z",
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

// try runs git and returns its exit code and all it wrote.
func (c *clone) try(args ...string) (code int, output string) {
	c.t.Helper()
	out, err := c.command(args...).CombinedOutput()
	exit := new(exec.ExitError)
	if err != nil && !errors.As(err, &exit) {
		c.t.Fatal(err)
	}
	if err != nil {
		code = exit.ExitCode()
	}
	return code, string(out)
}

// git runs git, which must succeed, and returns what it wrote to stdout.
func (c *clone) git(args ...string) string {
	c.t.Helper()
	return c.feed(nil, args...)
}

// feed is git with something to read.
func (c *clone) feed(stdin []byte, args ...string) string {
	c.t.Helper()
	var stderr strings.Builder
	cmd := c.command(args...)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(stdin), &stderr
	out, err := cmd.Output()
	if err != nil {
		c.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return strings.TrimSpace(string(out))
}

// commit writes a file, commits it and returns the commit's id.
func (c *clone) commit(name, content string) string {
	c.t.Helper()
	path := filepath.Join(c.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		c.t.Fatal(err)
	}
	c.git("add", "--all")
	c.git("commit", "--quiet", "--message", "Write "+name)
	return c.git("rev-parse", "HEAD")
}

// tree makes a commit of entries in the form of git mktree, "mode type id\tname",
// whatever git thinks of their names.
func (c *clone) tree(entries ...string) string {
	c.t.Helper()
	tree := c.feed([]byte(strings.Join(entries, "\x00")+"\x00"), "mktree", "-z", "--missing")
	return c.git("commit-tree", "-m", "Hostile", tree)
}

// blob stores a file's content and returns its id.
func (c *clone) blob(content string) string {
	c.t.Helper()
	return c.feed([]byte(content), "hash-object", "-w", "--stdin")
}

// store puts a commit into the project's repository past all checks of a push.
func (c *clone) store(s *server, project, commit string) {
	c.t.Helper()
	if err := s.CreateRepository(c.t.Context(), project); err != nil {
		c.t.Fatal(err)
	}
	c.git("-c", "safe.directory=*", "push", "--quiet", "file://"+filepath.Join(s.dir, project+".git"), commit+":refs/heads/stored")
}

// has fails the test unless text contains each of the words.
func has(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("no %q in:\n%s", word, text)
		}
	}
}

// branch fails the test unless the branch is at the commit.
func (s *server) at(t *testing.T, project, branch, want string) {
	t.Helper()
	got, err := s.Branch(t.Context(), project, branch)
	if err != nil || got != want {
		t.Errorf("branch %s is at %q (%v), want %q", branch, got, err, want)
	}
}

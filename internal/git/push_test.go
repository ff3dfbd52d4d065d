package git_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	aloft "github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/git"
)

func TestPush(t *testing.T) {
	t.Parallel()
	t.Run("an accepted push moves the branch, creates the project and can be fetched", func(t *testing.T) {
		t.Parallel()
		var created []string
		s := serve(t, func(o *git.Options) {
			o.Create = func(_ context.Context, project string) error {
				created = append(created, project)
				return nil
			}
		})
		c := newClone(t, s, "shop")
		var push aloft.Push
		s.receive = func(ctx context.Context, p aloft.Push, progress io.Writer) []aloft.RefResult {
			push = p
			fmt.Fprintln(progress, "=====> welcome")
			return s.carryOut(ctx, p, progress)
		}
		head := c.git("rev-parse", "HEAD")
		code, out := c.try("push", "-o", "ttl=72h", "-o", "skip-build", "aloft", "HEAD:env-alice")
		if code != 0 {
			t.Fatalf("exit code %d:\n%s", code, out)
		}
		has(t, out, "remote: =====> welcome", "[new branch]")
		s.at(t, "shop", "env-alice", head)
		if !slices.Equal(created, []string{"shop"}) {
			t.Errorf("created %q", created)
		}
		want := aloft.RefUpdate{Ref: "refs/heads/env-alice", New: head}
		if push.Project != "shop" || push.Actor != "alice" || !slices.Equal(push.Options, []string{"ttl=72h", "skip-build"}) ||
			!slices.Equal(push.Updates, []aloft.RefUpdate{want}) {
			t.Errorf("received %+v", push)
		}
		c.git("fetch", "--quiet", "aloft", "env-alice")
		next := c.commit("b", "b")
		c.git("push", "--quiet", "aloft", "HEAD:env-alice")
		s.at(t, "shop", "env-alice", next)
		if push.Updates[0].Old != head {
			t.Errorf("the second push came from %q", push.Updates[0].Old)
		}
		c.git("push", "--quiet", "--force", "aloft", head+":env-alice")
		s.at(t, "shop", "env-alice", head)
	})
	t.Run("a shallow clone is told how to get what it lacks", func(t *testing.T) {
		t.Parallel()
		s := serve(t, nil)
		whole := newClone(t, s, "other")
		whole.commit("b", "b")
		c := &clone{t, t.TempDir()}
		c.git("clone", "--quiet", "--depth=1", "file://"+whole.dir, ".")
		code, out := c.try("push", s.url("shop"), "HEAD:env-alice")
		if code != 1 {
			t.Errorf("exit code %d", code)
		}
		has(t, out, "shallow update not allowed", "this is a shallow clone", "→ get them, then push again: git fetch --unshallow")
		s.at(t, "shop", "env-alice", "")
		c.git("fetch", "--quiet", "--unshallow")
		c.git("push", "--quiet", s.url("shop"), "HEAD:env-alice")
		s.at(t, "shop", "env-alice", c.git("rev-parse", "HEAD"))
	})
	t.Run("a refused push says why and leaves the branch", func(t *testing.T) {
		t.Parallel()
		s := serve(t, nil)
		c := newClone(t, s, "shop")
		head := c.git("rev-parse", "HEAD")
		c.git("push", "--quiet", "aloft", "HEAD:env-alice")
		s.receive = func(_ context.Context, p aloft.Push, _ io.Writer) []aloft.RefResult {
			return []aloft.RefResult{{Ref: p.Updates[0].Ref, Reason: "the build\nfailed"}}
		}
		next := c.commit("b", "b")
		code, out := c.try("push", "aloft", "HEAD:env-alice")
		if code != 1 {
			t.Errorf("exit code %d", code)
		}
		has(t, out, "[remote rejected]", "(the build failed)")
		s.at(t, "shop", "env-alice", head)
		s.receive = s.carryOut
		c.git("push", "--quiet", "aloft", "HEAD:env-alice")
		s.at(t, "shop", "env-alice", next)
	})
	t.Run("a rename in one push makes one branch and deletes the other", func(t *testing.T) {
		t.Parallel()
		s := serve(t, nil)
		c := newClone(t, s, "shop")
		head := c.git("rev-parse", "HEAD")
		c.git("push", "--quiet", "aloft", "HEAD:env-a")
		c.git("push", "--quiet", "aloft", "HEAD:env-b", ":env-a")
		s.at(t, "shop", "env-a", "")
		s.at(t, "shop", "env-b", head)
	})
	t.Run("of two branches one may be refused", func(t *testing.T) {
		t.Parallel()
		s := serve(t, nil)
		s.receive = func(ctx context.Context, p aloft.Push, w io.Writer) []aloft.RefResult {
			results := s.carryOut(ctx, aloft.Push{Project: p.Project, Updates: p.Updates[:1]}, w)
			return append(results, aloft.RefResult{Ref: p.Updates[1].Ref, Reason: "no"})
		}
		c := newClone(t, s, "shop")
		code, out := c.try("push", "aloft", "HEAD:env-a", "HEAD:env-b")
		if code != 1 {
			t.Errorf("exit code %d", code)
		}
		has(t, out, "[new branch]      HEAD -> env-a", "[remote rejected] HEAD -> env-b (no)")
		s.at(t, "shop", "env-b", "")
	})
	for rule, refs := range map[string][]string{
		"several branches are not pushed atomically":   {"HEAD:env-a", "HEAD:env-b"},
		"nor is a branch with a tag":                   {"HEAD:env-a", "v1"},
		"nor one with a tag that the server refuses":   {"HEAD:env-a", "v1:refs/tags/taken"},
		"nor a branch that is deleted with a new one":  {":env-old", "HEAD:env-a"},
		"nor one with a ref that is no branch of ours": {"HEAD:env-a", "HEAD:refs/notes/x"},
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			s := serve(t, nil)
			c := newClone(t, s, "shop")
			c.git("tag", "taken")
			c.git("push", "--quiet", "aloft", "HEAD:env-old", "taken")
			c.commit("b", "b")
			c.git("tag", "v1")
			before := c.git("ls-remote", "aloft")
			s.neverAsked(t)
			code, out := c.try(append([]string{"push", "--force", "--atomic", "aloft"}, refs...)...)
			if code == 0 {
				t.Error("accepted")
			}
			has(t, out, "each moves when its own run succeeds", "nothing was made or moved")
			if after := c.git("ls-remote", "aloft"); after != before {
				t.Errorf("before:\n%s\nafter:\n%s", before, after)
			}
		})
	}
	t.Run("one branch, or tags, can be pushed atomically", func(t *testing.T) {
		t.Parallel()
		s := serve(t, nil)
		c := newClone(t, s, "shop")
		c.git("tag", "v1")
		c.git("tag", "v2")
		c.git("push", "--quiet", "--atomic", "aloft", "HEAD:env-a")
		c.git("push", "--quiet", "--atomic", "aloft", "v1", "v2")
		has(t, c.git("ls-remote", "aloft"), "refs/heads/env-a", "refs/tags/v1", "refs/tags/v2")
	})
	t.Run("a push that is not admitted moves nothing, tags included", func(t *testing.T) {
		t.Parallel()
		var asked aloft.Push
		refusal := error(nil)
		s := serve(t, func(o *git.Options) {
			o.Receiver = guarded{o.Receiver.(receiver), func(push aloft.Push) error {
				asked = push
				return refusal
			}}
		})
		c := newClone(t, s, "shop")
		head := c.git("rev-parse", "HEAD")
		c.git("push", "--quiet", "aloft", "HEAD:env-a")
		before := c.git("ls-remote", "aloft")
		c.git("tag", "v1")
		refusal = aloft.Errorf(aloft.CodeConflict, "that would be too much").WithHint("say -o destroy")
		s.neverAsked(t)
		code, out := c.try("push", "-o", "plan", "-o", "ttl=2h", "aloft", ":env-a", "v1")
		if code == 0 {
			t.Error("accepted")
		}
		has(t, out, " !     that would be too much", "→ say -o destroy", "env-a (refused)", "v1 (refused)")
		if after := c.git("ls-remote", "aloft"); after != before {
			t.Errorf("before:\n%s\nafter:\n%s", before, after)
		}
		want := []aloft.RefUpdate{{Ref: "refs/heads/env-a", Old: head}, {Ref: "refs/tags/v1", New: head}}
		if !slices.Equal(asked.Updates, want) || !slices.Equal(asked.Options, []string{"plan", "ttl=2h"}) || asked.Project != "shop" || asked.Actor != "alice" {
			t.Errorf("asked about %+v", asked)
		}
	})
	t.Run("tags take git's own way", func(t *testing.T) {
		t.Parallel()
		s := serve(t, nil)
		s.receive = func(context.Context, aloft.Push, io.Writer) []aloft.RefResult {
			t.Error("the receiver was asked")
			return nil
		}
		c := newClone(t, s, "shop")
		c.git("tag", "v1")
		c.git("push", "--quiet", "aloft", "v1")
		has(t, c.git("ls-remote", "aloft"), "refs/tags/v1")
		c.git("push", "--quiet", "aloft", ":v1")
	})
	t.Run("refs of ours cannot be seen nor pushed", func(t *testing.T) {
		t.Parallel()
		s := serve(t, nil)
		c := newClone(t, s, "shop")
		head := c.git("rev-parse", "HEAD")
		c.git("push", "--quiet", "aloft", "main")
		if err := s.Hold(t.Context(), "shop", "run-1", head); err != nil {
			t.Fatal(err)
		}
		if out := c.git("ls-remote", "aloft"); strings.Contains(out, "refs/aloft") {
			t.Error(out)
		}
		if code, _ := c.try("push", "aloft", "HEAD:refs/aloft/run-2"); code == 0 {
			t.Error("pushed")
		}
	})
	t.Run("a branch can only point at a commit", func(t *testing.T) {
		t.Parallel()
		s := serve(t, nil)
		c := newClone(t, s, "shop")
		code, out := c.try("push", "aloft", c.blob("x")+":refs/heads/env-a")
		if code == 0 {
			t.Error("pushed")
		}
		has(t, out, "a branch can only point at a commit")
		s.at(t, "shop", "env-a", "")
	})
	t.Run("10 MB arrive", func(t *testing.T) {
		t.Parallel()
		s := serve(t, nil)
		c := newClone(t, s, "shop")
		c.git("config", "core.compression", "0")
		large := make([]byte, 10<<20)
		rand.NewChaCha8([32]byte{2}).Read(large)
		head := c.commit("large", string(large))
		c.git("push", "--quiet", "aloft", "HEAD:env-a")
		s.at(t, "shop", "env-a", head)
	})
	t.Run("concurrent pushes of a new project arrive", func(t *testing.T) {
		t.Parallel()
		s := serve(t, nil)
		c := newClone(t, s, "shop")
		head := c.git("rev-parse", "HEAD")
		var group sync.WaitGroup
		for i := range 4 {
			group.Go(func() {
				if code, out := c.try("push", "aloft", fmt.Sprintf("HEAD:env-%d", i)); code != 0 {
					t.Errorf("exit code %d: %s", code, out)
				}
			})
		}
		group.Wait()
		for i := range 4 {
			s.at(t, "shop", fmt.Sprintf("env-%d", i), head)
		}
	})
	t.Run("an empty answer of the receiver refuses", func(t *testing.T) {
		t.Parallel()
		s := serve(t, nil)
		s.receive = func(context.Context, aloft.Push, io.Writer) []aloft.RefResult { return nil }
		code, out := newClone(t, s, "shop").try("push", "aloft", "HEAD:env-a")
		if code == 0 {
			t.Error("accepted")
		}
		has(t, out, "the server did not answer for this branch")
	})
}

func TestKept(t *testing.T) {
	t.Parallel()
	s := serve(t, nil)
	c := newClone(t, s, "shop")
	head := c.git("rev-parse", "HEAD")
	c.git("push", "--quiet", "aloft", "HEAD:env-old")
	s.receive = func(_ context.Context, p aloft.Push, _ io.Writer) []aloft.RefResult {
		return []aloft.RefResult{{Ref: p.Updates[0].Ref, Kept: true}}
	}
	c.commit("b", "b")
	tracked := c.git("for-each-ref", "refs/remotes")
	for _, test := range []struct{ rule, refspec, shown string }{
		{"a new branch", "HEAD:env-new", "HEAD -> env-new (not made)"},
		{"a branch that is there", "HEAD:env-old", head[:7] + ".." + head[:7] + "  HEAD -> env-old (not moved)"},
		{"a deletion", ":env-old", "env-old (not deleted)"},
	} {
		t.Run(test.rule+" is accepted, and the client knows that it stays", func(t *testing.T) {
			code, out := c.try("push", "-o", "plan", "aloft", test.refspec)
			if code != 0 {
				t.Errorf("exit code %d", code)
			}
			t.Log(out)
			has(t, out, test.shown)
			if strings.Contains(out, "error") {
				t.Error(out)
			}
			if now := c.git("for-each-ref", "refs/remotes"); now != tracked {
				t.Errorf("the client now believes:\n%s", now)
			}
		})
	}
}

func TestStreaming(t *testing.T) {
	t.Parallel()
	t.Run("the client sees a line before the receiver goes on", func(t *testing.T) {
		t.Parallel()
		s := serve(t, nil)
		seen := make(chan string)
		s.receive = func(ctx context.Context, p aloft.Push, w io.Writer) []aloft.RefResult {
			for i := range 3 {
				line := fmt.Sprintf("line %d", i)
				fmt.Fprintln(w, line)
				select {
				case got := <-seen:
					if !strings.Contains(got, line) {
						t.Errorf("the client read %q", got)
					}
				case <-ctx.Done():
					t.Error("the client did not see " + line)
				}
			}
			return s.carryOut(ctx, p, w)
		}
		cmd := newClone(t, s, "shop").command("push", "aloft", "HEAD:env-a")
		stderr, err := cmd.StderrPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(stderr)
		for lines.Scan() {
			if strings.Contains(lines.Text(), "line ") {
				seen <- lines.Text()
			}
		}
		if err := cmd.Wait(); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("a long line, and bytes that are no text, pass through", func(t *testing.T) {
		t.Parallel()
		s := serve(t, nil)
		long := strings.Repeat("x", 300_000)
		s.receive = func(ctx context.Context, p aloft.Push, w io.Writer) []aloft.RefResult {
			io.WriteString(w, long+"\xff\xfe\n")
			return s.carryOut(ctx, p, w)
		}
		_, out := newClone(t, s, "shop").try("push", "aloft", "HEAD:env-a")
		has(t, out, long+"\xff\xfe")
	})
	t.Run("a client that is killed ends the receiver's context", func(t *testing.T) {
		t.Parallel()
		s := serve(t, nil)
		began, ended := make(chan struct{}), make(chan error, 1)
		s.receive = func(ctx context.Context, p aloft.Push, w io.Writer) []aloft.RefResult {
			close(began)
			<-ctx.Done()
			ended <- s.MoveBranch(context.WithoutCancel(ctx), p.Project, "env-a", p.Updates[0].New)
			return nil
		}
		c := newClone(t, s, "shop")
		cmd := c.command("push", "aloft", "HEAD:env-a")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		<-began
		syscall.Kill(-cmd.Process.Pid, syscall.SIGINT)
		cmd.Wait()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		s.at(t, "shop", "env-a", c.git("rev-parse", "HEAD"))
	})
	t.Run("a server that stops tells the client that the run goes on", func(t *testing.T) {
		t.Parallel()
		s := serve(t, nil)
		s.receive = func(ctx context.Context, p aloft.Push, w io.Writer) []aloft.RefResult {
			s.Remote.Close()
			<-ctx.Done()
			return []aloft.RefResult{{Ref: p.Updates[0].Ref, Reason: "detached"}}
		}
		c := newClone(t, s, "shop")
		code, out := c.try("push", "aloft", "HEAD:env-a")
		if code == 0 {
			t.Error("accepted")
		}
		has(t, out, "the server went away; the run goes on when it is back", "(the server went away)")
		_, out = c.try("push", "aloft", "HEAD:env-a")
		has(t, out, "the server is stopping")
	})
}

// TestWhatGitRefusesIsExplained: where git's own words leave open what to do.
func TestWhatGitRefusesIsExplained(t *testing.T) {
	t.Parallel()
	report := packets("unpack ok\n", "ng refs/heads/env-a unable to migrate objects to permanent storage\n", "")
	out, err := git.Relay(strings.NewReader(packets("\x01"+report, "")))
	if err != nil {
		t.Fatal(err)
	}
	has(t, string(out), report, "tidying the repository", "→ push again")
	if !strings.HasSuffix(string(out), "0000") {
		t.Errorf("the answer does not end: %q", out)
	}
}

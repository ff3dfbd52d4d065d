package git_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	aloft "github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/git"
)

func TestBranches(t *testing.T) {
	t.Parallel()
	s, ctx := serve(t, nil), t.Context()
	c := newClone(t, s, "shop")
	one := c.git("rev-parse", "HEAD")
	two := c.commit("b", "b")
	c.git("push", "--quiet", "aloft", "HEAD:main", "HEAD~:refs/heads/env-a", "HEAD:env-b")
	code := func(err error, want aloft.Code) {
		t.Helper()
		if aloft.ErrorCode(err) != want {
			t.Errorf("%v is %q, want %q", err, aloft.ErrorCode(err), want)
		}
	}
	all, err := s.Branches(ctx, "shop", "env-")
	if err != nil || !maps.Equal(all, map[string]string{"env-a": one, "env-b": two}) {
		t.Error(all, err)
	}
	s.at(t, "shop", "env", "")
	for range 2 {
		code(s.MoveBranch(ctx, "shop", "env-a", two), "")
		s.at(t, "shop", "env-a", two)
	}
	for range 2 {
		code(s.DeleteBranch(ctx, "shop", "env-a"), "")
		s.at(t, "shop", "env-a", "")
	}
	code(s.MoveBranch(ctx, "shop", "env-b/x", two), aloft.CodeConflict)
	code(s.MoveBranch(ctx, "shop", "env-c", commitA), aloft.CodeNotFound)
	code(s.MoveBranch(ctx, "shop", "env-c", "HEAD"), aloft.CodeInvalid)
	code(s.MoveBranch(ctx, "shop", "env-c", c.git("rev-parse", "HEAD^{tree}")), aloft.CodeNotFound)
	code(s.MoveBranch(ctx, "none", "env-c", two), aloft.CodeNotFound)
	for _, name := range []string{"", "-x", "a..b", "a b", "a\nb", "../x", "a/../b", "x.lock", "a//b", "a~1", "@", "x@{1}", "HEAD", ".a", "a/.b", "a*"} {
		code(s.MoveBranch(ctx, "shop", name, two), aloft.CodeInvalid)
		code(s.DeleteBranch(ctx, "shop", name), aloft.CodeInvalid)
		_, err := s.Branch(ctx, "shop", name)
		code(err, aloft.CodeInvalid)
	}
	update := aloft.RefUpdate{Ref: "refs/heads/feature", New: one}
	code(s.UpdateRef(ctx, "shop", update), "")
	code(s.UpdateRef(ctx, "shop", update), "")
	code(s.UpdateRef(ctx, "shop", aloft.RefUpdate{Ref: "refs/heads/feature", New: two}), aloft.CodeConflict)
	code(s.UpdateRef(ctx, "shop", aloft.RefUpdate{Ref: "refs/heads/feature", Old: one, New: two}), "")
	code(s.UpdateRef(ctx, "shop", aloft.RefUpdate{Ref: "refs/heads/feature", Old: one}), aloft.CodeConflict)
	code(s.UpdateRef(ctx, "shop", aloft.RefUpdate{Ref: "refs/heads/feature", Old: two}), "")
	code(s.UpdateRef(ctx, "shop", aloft.RefUpdate{Ref: "refs/heads/feature", Old: two}), "")
	code(s.UpdateRef(ctx, "shop", aloft.RefUpdate{Ref: "refs/tags/x", New: two}), aloft.CodeInvalid)
	s.at(t, "shop", "feature", "")
}

func TestHold(t *testing.T) {
	t.Parallel()
	s, ctx := serve(t, nil), t.Context()
	c := newClone(t, s, "shop")
	head := c.git("rev-parse", "HEAD")
	c.git("push", "--quiet", "aloft", "HEAD:env-a")
	steps := []error{
		s.Hold(ctx, "shop", "env-a/run-1", head), s.Hold(ctx, "shop", "env-a/run-1", head),
		s.DeleteBranch(ctx, "shop", "env-a"), s.Maintain(ctx),
	}
	prune := c.command("-c", "safe.directory=*", "--git-dir="+filepath.Join(s.dir, "shop.git"), "gc", "--quiet", "--prune=now")
	steps = append(steps, prune.Run())
	for _, err := range steps {
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Commit(ctx, "shop", head); err != nil {
		t.Error("a held commit was collected:", err)
	}
	for range 2 {
		if err := s.Unhold(ctx, "shop", "env-a/run-1"); err != nil {
			t.Error(err)
		}
	}
	if held, err := s.Held(ctx, "shop", "env-a/run-1"); held != "" || err != nil {
		t.Errorf("what was let go of is held: %q, %v", held, err)
	}
	if err := s.Hold(ctx, "shop", "env-a/run-2", head); err != nil {
		t.Fatal(err)
	}
	if held, err := s.Held(ctx, "shop", "env-a/run-2"); held != head || err != nil {
		t.Errorf("held is %q, %v", held, err)
	}
	if names, err := s.Holds(ctx, "shop", "env-a"); err != nil || !slices.Equal(names, []string{"env-a/run-2"}) {
		t.Errorf("held are %q, %v", names, err)
	}
	if held, err := s.Held(ctx, "shop", "env-a"); held != "" || err != nil {
		t.Errorf("a folder of holds is held: %q, %v", held, err)
	}
	if err := s.Hold(ctx, "shop", "../heads/x", head); aloft.ErrorCode(err) != aloft.CodeInvalid {
		t.Error(err)
	}
}

func TestCommitAndTree(t *testing.T) {
	t.Parallel()
	s, ctx := serve(t, nil), t.Context()
	c := newClone(t, s, "shop")
	c.commit("web/a", "a")
	c.commit(":odd/[x]*/a", "a")
	head := c.commit("é", "x")
	c.git("push", "--quiet", "aloft", "HEAD:env-a")
	commit, err := s.Commit(ctx, "shop", head)
	want := aloft.Commit{ID: head, Author: "Alice <alice@example.org>", Subject: "Write é", Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	if err != nil || commit != want {
		t.Errorf("%+v %v", commit, err)
	}
	if _, err := s.Commit(ctx, "shop", commitA); aloft.ErrorCode(err) != aloft.CodeNotFound {
		t.Error(err)
	}
	for _, test := range []struct {
		rule, path, same string
		code             aloft.Code
	}{
		{"the root", ".", "HEAD^{tree}", ""},
		{"the root, empty", "", "HEAD^{tree}", ""},
		{"a folder", "web", "HEAD:web", ""},
		{"a folder, unclean", "./web/", "HEAD:web", ""},
		{"a folder with an odd name", ":odd/[x]*", "HEAD::odd/[x]*", ""},
		{"a file", "web/a", "", aloft.CodeInvalid},
		{"nothing", "none", "", aloft.CodeNotFound},
		{"a pattern", "w*", "", aloft.CodeNotFound},
		{"an option", "--help", "", aloft.CodeNotFound},
	} {
		t.Run(test.rule, func(t *testing.T) {
			id, err := s.Tree(ctx, "shop", head, test.path)
			if aloft.ErrorCode(err) != test.code {
				t.Fatal(err)
			}
			if test.same != "" && id != c.git("rev-parse", test.same) {
				t.Errorf("got %s", id)
			}
		})
	}
	if _, err := s.Tree(ctx, "shop", head, "../x"); err == nil {
		t.Error("left the repository")
	}
}

func TestLacking(t *testing.T) {
	t.Parallel()
	s, ctx := serve(t, nil), t.Context()
	c := newClone(t, s, "shop")
	first := c.commit("a", "a")
	second := c.commit("b", "b")
	third := c.commit("c", "c")
	c.git("push", "--quiet", "aloft", "HEAD:env-a")
	for _, test := range []struct {
		rule            string
		revision, other string
		limit           int
		want            []string
	}{
		{"the newest first", third, first, 9, []string{third, second}},
		{"as many as are asked for", third, first, 1, []string{third}},
		{"nothing", first, third, 9, nil},
	} {
		t.Run(test.rule, func(t *testing.T) {
			commits, err := s.Lacking(ctx, "shop", test.revision, test.other, test.limit)
			if err != nil {
				t.Fatal(err)
			}
			var ids []string
			for _, commit := range commits {
				ids = append(ids, commit.ID)
				if commit.Author != "Alice <alice@example.org>" || !strings.HasPrefix(commit.Subject, "Write ") {
					t.Errorf("%+v", commit)
				}
			}
			if !slices.Equal(ids, test.want) {
				t.Errorf("got %v, want %v", ids, test.want)
			}
		})
	}
	if _, err := s.Lacking(ctx, "shop", commitA, first, 9); err == nil {
		t.Error("a commit that is not there lacks nothing")
	}
}

func TestRepositories(t *testing.T) {
	t.Parallel()
	s, ctx := serve(t, nil), t.Context()
	for _, name := range []string{"b", "a", "b"} {
		if err := s.CreateRepository(ctx, name); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.CreateRepository(ctx, "../x"); aloft.ErrorCode(err) != aloft.CodeInvalid {
		t.Error(err)
	}
	if names, err := s.Projects(ctx); err != nil || !slices.Equal(names, []string{"a", "b"}) {
		t.Error(names, err)
	}
	entries, _ := os.ReadDir(s.dir)
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".new") {
			t.Errorf("%s is left", entry.Name())
		}
	}
}

// heldServer has a repository shop, and a commit in it that is held for alice.
func heldServer(t *testing.T) (s *server, commit string) {
	t.Helper()
	t.Parallel()
	s = serve(t, nil)
	c := newClone(t, s, "shop")
	commit = c.git("rev-parse", "HEAD")
	c.git("push", "--quiet", "aloft", "HEAD:env-a")
	if err := s.Hold(t.Context(), "shop", "environments/alice/attempt", commit); err != nil {
		t.Fatal(err)
	}
	return s, commit
}

// TestLockedRefsAreWaitedFor: by whoever holds, lets go, moves or packs meanwhile.
func TestLockedRefsAreWaitedFor(t *testing.T) {
	s, commit := heldServer(t)
	for _, lock := range []string{"refs/aloft/environments/alice/attempt.lock", "packed-refs.lock"} {
		path := filepath.Join(s.dir, "shop.git", filepath.FromSlash(lock))
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		free := time.AfterFunc(2*time.Second, func() { _ = os.Remove(path) }) // longer than git waits by itself
		if err := s.Unhold(t.Context(), "shop", "environments/alice/attempt"); err != nil {
			t.Errorf("while %s is there: %v", lock, err)
		}
		free.Stop()
		if err := s.Hold(t.Context(), "shop", "environments/alice/attempt", commit); err != nil {
			t.Error(err)
		}
	}
}

// TestHoldsAtOnce: two names of a folder, and the packing of all refs.
func TestHoldsAtOnce(t *testing.T) {
	s, commit := heldServer(t)
	var group errgroup.Group
	for _, name := range []string{"attempt", "last", "attempt"} {
		group.Go(func() error {
			for range 60 {
				if err := s.Hold(t.Context(), "shop", "environments/alice/"+name, commit); err != nil {
					return err
				}
				if err := s.Unhold(t.Context(), "shop", "environments/alice/"+name); err != nil {
					return err
				}
			}
			return nil
		})
	}
	group.Go(func() error {
		for range 10 {
			if err := s.Maintain(t.Context()); err != nil {
				return err
			}
		}
		return nil
	})
	if err := group.Wait(); err != nil {
		var command *git.CommandError
		errors.As(err, &command)
		t.Errorf("%v: %s", err, command.Stderr)
	}
}

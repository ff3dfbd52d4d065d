package git_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	aloft "github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/git"
)

// refs makes branches in the clone, all at its head.
func (c *clone) refs(count int) {
	c.t.Helper()
	head := c.git("rev-parse", "HEAD")
	var commands strings.Builder
	for i := range count {
		fmt.Fprintf(&commands, "create refs/heads/env-%d %s\n", i, head)
	}
	c.feed([]byte(commands.String()), "update-ref", "--stdin")
}

func (s *server) neverAsked(t *testing.T) {
	s.receive = func(context.Context, aloft.Push, io.Writer) []aloft.RefResult {
		t.Error("the receiver was asked")
		return nil
	}
}

// clean fails the test unless a repository has no objects, and nothing is left of
// a push that was refused.
func (s *server) clean(t *testing.T, project string) {
	t.Helper()
	objects := filepath.Join(s.dir, project+".git", "objects")
	err := filepath.WalkDir(objects, func(path string, entry os.DirEntry, err error) error {
		if err == nil && (!entry.IsDir() || strings.HasPrefix(entry.Name(), "tmp_")) {
			t.Errorf("%s is left", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestMaxRefs(t *testing.T) {
	t.Parallel()
	t.Run("too many refs in one push are refused in words, for each ref", func(t *testing.T) {
		t.Parallel()
		s := serve(t, nil)
		s.neverAsked(t)
		c := newClone(t, s, "shop")
		c.refs(100)
		code, out := c.try("push", "aloft", "--all")
		if code == 0 {
			t.Error("accepted")
		}
		has(t, out, " !     the push has 101 refs, the limit push-refs is 100", "aloft serve --limit push-refs=101",
			"env-99 (refused)", "env-0 (refused)")
		if branches, err := s.Branches(t.Context(), "shop", ""); err != nil || len(branches) != 0 {
			t.Errorf("%d branches (%v)", len(branches), err)
		}
		s.clean(t, "shop")
	})
	t.Run("10,000 refs in one push are refused", func(t *testing.T) { // git's client takes minutes for them
		t.Parallel()
		s := serve(t, nil)
		s.neverAsked(t)
		lines := []string{none + " " + commitA + " refs/heads/env-0" + features}
		for i := 1; i < 10_000; i++ {
			lines = append(lines, fmt.Sprintf("%s %s refs/heads/env-%d", none, commitA, i))
		}
		_, answer := s.post(t, "shop", packets(append(lines, "")...))
		has(t, answer, "the push has 10000 refs, the limit push-refs is 100", "unpack ", "ng refs/heads/env-0 refused", "ng refs/heads/env-9999 refused")
		s.clean(t, "shop")
	})
	t.Run("as many as the limit are taken", func(t *testing.T) {
		t.Parallel()
		s := serve(t, func(o *git.Options) { o.MaxRefs = 4 })
		c := newClone(t, s, "shop")
		c.refs(4)
		if code, out := c.try("push", "aloft", "refs/heads/env-*:refs/heads/env-*"); code != 0 {
			t.Error(out)
		}
		code, out := c.try("push", "aloft", "refs/heads/env-*:refs/tags/env-*", "HEAD:refs/notes/x")
		if code == 0 {
			t.Error("tags and other refs do not count")
		}
		has(t, out, "the push has 5 refs, the limit push-refs is 4")
	})
	t.Run("10,000 stored refs are not looked up one by one", func(t *testing.T) {
		t.Parallel()
		s := serve(t, nil)
		c := newClone(t, s, "shop")
		if err := s.CreateRepository(t.Context(), "shop"); err != nil {
			t.Fatal(err)
		}
		c.refs(10_000)
		repository := filepath.Join(s.dir, "shop.git")
		c.git("-c", "safe.directory=*", "push", "--quiet", "file://"+repository, "--all")
		if err := s.Maintain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if loose, err := filepath.Glob(filepath.Join(repository, "refs", "heads", "*")); err != nil || len(loose) != 0 {
			t.Errorf("%d refs are loose (%v)", len(loose), err)
		}
		head := c.commit("b", "b")
		c.git("push", "--quiet", "aloft", "HEAD:env-7")
		s.at(t, "shop", "env-7", head)
	})
}

func TestCheckoutLimits(t *testing.T) {
	t.Parallel()
	s := serve(t, func(o *git.Options) { o.MaxCheckoutFiles, o.MaxCheckoutBytes = 50, 10<<20 })
	c := newClone(t, s, "shop")
	folders := func(depth int, innermost string) string {
		tree := c.feed([]byte(innermost), "mktree")
		for range depth {
			var entries strings.Builder
			for i := range 10 {
				fmt.Fprintf(&entries, "040000 tree %s\t%d\n", tree, i)
			}
			tree = c.feed([]byte(entries.String()), "mktree")
		}
		return "040000 tree " + tree + "\tbomb"
	}
	file := "100644 blob " + c.blob("x") + "\tx\n"
	large := c.blob(strings.Repeat("\x00", 4<<20))
	for _, test := range []struct {
		rule    string
		entries []string
		named   []string
	}{
		{"a few objects that stand for 10,000,000,000 files", []string{folders(10, file)},
			[]string{"limit checkout-files, 50", "--limit checkout-files=100"}},
		{"a few objects that stand for 10,000,000,000 empty folders", []string{folders(10, "")},
			[]string{"limit checkout-files, 50", "--limit checkout-files=100"}},
		{"a small pack of large files", []string{"100644 blob " + large + "\ta", "100644 blob " + large + "\tb", "100644 blob " + large + "\tc"},
			[]string{"limit checkout-size, 10 MiB", "--limit checkout-size=20MiB"}},
	} {
		t.Run(test.rule, func(t *testing.T) {
			commit := c.tree(test.entries...)
			c.git("push", "--quiet", "aloft", "+"+commit+":refs/heads/env-a")
			dir := t.TempDir()
			_, err := s.Checkout(t.Context(), "shop", commit, dir)
			if aloft.ErrorCode(err) != aloft.CodeInvalid {
				t.Fatalf("%v", err)
			}
			has(t, err.Error()+"\n"+aloft.ErrorHint(err), test.named...)
			if left, _ := os.ReadDir(dir); len(left) > 0 {
				t.Errorf("%v is left", left)
			}
		})
	}
	t.Run("a tree at the limits", func(t *testing.T) {
		var entries []string
		for i := range 50 {
			entries = append(entries, fmt.Sprintf("100644 blob %s\tf%02d", c.blob("x"), i))
		}
		commit := c.tree(entries...)
		c.git("push", "--quiet", "aloft", commit+":refs/heads/env-b")
		if _, err := s.Checkout(t.Context(), "shop", commit, t.TempDir()); err != nil {
			t.Error(err)
		}
	})
}

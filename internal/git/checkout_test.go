package git_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	aloft "github.com/aloft-dev/aloft"
)

func TestCheckout(t *testing.T) {
	t.Parallel()
	s := serve(t, nil)
	c := newClone(t, s, "shop")
	c.git("config", "core.autocrlf", "false")
	files := map[string]string{
		"README":             "hello\n",
		"crlf.txt":           "a\r\nb\n",
		"ident.c":            "$Id$\n",
		"subst":              "$Format:%H$\n",
		"ignored":            "still here",
		"large.bin":          "version https://git-lfs.github.com/spec/v1\n",
		"-rf":                "an option?",
		"--help/-x":          "another",
		"new\nline":          "",
		"tab\tquote\"é":      "x",
		"not\xffutf8":        "x",
		"deep/er/and/deeper": strings.Repeat("z", 200_000),
	}
	attributes := "*.txt text eol=lf\n*.c ident\nsubst export-subst\nignored export-ignore\n*.bin filter=lfs diff=lfs\n"
	files[".gitattributes"] = attributes
	var entries []string
	folders := map[string][]string{}
	for name, content := range files {
		line := "100644 blob " + c.blob(content) + "\t"
		if folder, rest, ok := strings.Cut(name, "/"); ok && folder != "deep" {
			folders[folder] = append(folders[folder], line+rest)
		} else if !ok {
			entries = append(entries, line+name)
		}
	}
	for name, inner := range folders {
		entries = append(entries, "040000 tree "+c.feed([]byte(strings.Join(inner, "\x00")), "mktree", "-z")+"\t"+name)
	}
	tree := c.feed([]byte("100644 blob "+c.blob(files["deep/er/and/deeper"])+"\tdeeper"), "mktree", "-z")
	for _, name := range []string{"and", "er", "deep"} {
		entry := "040000 tree " + tree + "\t" + name
		if name == "deep" {
			entries = append(entries, entry)
			break
		}
		tree = c.feed([]byte(entry), "mktree", "-z")
	}
	entries = append(entries,
		"100755 blob "+c.blob("#!/bin/sh\n")+"\trun",
		"120000 blob "+c.blob("README")+"\tlink",
		"120000 blob "+c.blob("nothing")+"\tdangling",
		"120000 blob "+c.blob("round")+"\tround",
		"120000 blob "+c.blob("deep/er")+"\tfolder-link",
		"160000 commit "+commitA+"\tmodule")
	commit := c.tree(entries...)
	c.git("push", "--quiet", "aloft", commit+":refs/heads/env-a")

	dir := filepath.Join(t.TempDir(), "new", "folder")
	absent, err := s.Checkout(t.Context(), "shop", commit, dir)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != content {
			t.Errorf("%q is %.50q (%v), want %.50q", name, got, err, content)
		}
	}
	for name, mode := range map[string]fs.FileMode{"run": 0o755, "README": 0o644, "link": fs.ModeSymlink, "module": fs.ModeDir, "dangling": fs.ModeSymlink} {
		info, err := os.Lstat(filepath.Join(dir, name))
		if err != nil || info.Mode().Type() != mode.Type() || mode.IsRegular() && info.Mode().Perm()&0o700 != mode&0o700 {
			t.Errorf("%s: %v %v", name, info, err)
		}
	}
	if got, _ := os.ReadFile(filepath.Join(dir, "folder-link/and/deeper")); len(got) != 200_000 {
		t.Errorf("through the link: %d bytes", len(got))
	}
	if entries, _ := os.ReadDir(filepath.Join(dir, "module")); len(entries) != 0 {
		t.Error("the submodule is not empty")
	}
	if len(absent.Submodules) != 1 || absent.Submodules[0] != "module" {
		t.Errorf("submodules %q", absent.Submodules)
	}
	if len(absent.Pointers) != 1 || absent.Pointers[0] != "large.bin" {
		t.Errorf("files of LFS %q", absent.Pointers)
	}
	if exists(filepath.Join(dir, ".git")) {
		t.Error("there is a .git")
	}
	if _, err := s.Checkout(t.Context(), "shop", commit, dir); err == nil {
		t.Error("checked out over files")
	}
}

func TestCheckoutRefuses(t *testing.T) {
	t.Parallel()
	s := serve(t, nil)
	c := newClone(t, s, "shop")
	link := func(target, name string) string { return "120000 blob " + c.blob(target) + "\t" + name }
	file := func(name string) string { return "100644 blob " + c.blob("x") + "\t" + name }
	folder := func(name string, entries ...string) string {
		return "040000 tree " + c.feed([]byte(strings.Join(entries, "\x00")), "mktree", "-z") + "\t" + name
	}
	deep := func(depth int, name, entry string) string {
		for range depth {
			entry = folder(name, entry)
		}
		return entry
	}
	for _, test := range []struct {
		rule    string
		entries []string
		named   string
	}{
		{"an absolute link", []string{link("/etc/passwd", "bad")}, `"bad"`},
		{"a link out of the root", []string{link("../bad", "bad")}, `"bad"`},
		{"a link out of a folder", []string{folder("a", link("../../x", "bad"))}, `"a/bad"`},
		{"a link that leaves and would come back", []string{link("nothing/../../x/y", "bad")}, `"bad"`},
		{"a chain of links", []string{folder("a", folder("b", link("../..", "up"))), link("a/b/up/../x", "bad")}, `"bad"`},
		{"a link without a target", []string{link("", "bad")}, `"bad"`},
		{"a link with an endless target", []string{link(strings.Repeat("a/", 3000), "bad")}, `"bad"`},
		{"a .git folder", []string{folder(".git", file("config"))}, `".git"`},
		{"a .GIT file", []string{folder("a", file(".GIT"))}, `"a/.GIT"`},
		{"two dots", []string{folder("..", file("x"))}, `".."`},
		{"one dot", []string{folder(".", file("x"))}, `"."`},
		{"a file below a link", []string{link("/tmp", "a"), folder("a", file("x"))}, `"a"`},
		{"a file below a file", []string{file("a"), folder("a", file("x"))}, `"a`},
		{".git as other disks know it", []string{folder("a", file("git~1"))}, `"a/git~1"`},
		{".git with a space", []string{file(".git ")}, `".git "`},
		{".git with what is invisible", []string{file(".g\u200cit")}, `.g\u200cit`},
		{"a name that no disk takes", []string{file(strings.Repeat("n", 256))}, "a name of 256 bytes, at most 255"},
		{"a path that is too long", []string{deep(6, strings.Repeat("d", 200), file("x"))}, "a path of 1004 bytes, at most 1000"},
		{"a manifest that is a link", []string{link("/etc/passwd", "aloft.yaml")}, `"aloft.yaml"`},
		{"a file twice", []string{file("a"), file("a")}, `"a"`},
	} {
		t.Run(test.rule, func(t *testing.T) {
			commit := c.tree(test.entries...)
			c.store(s, "hostile", commit)
			dir := t.TempDir()
			_, err := s.Checkout(t.Context(), "hostile", commit, dir)
			if aloft.ErrorCode(err) != aloft.CodeInvalid || !strings.Contains(err.Error(), test.named) {
				t.Errorf("%v does not name %s", err, test.named)
			}
			if left, _ := os.ReadDir(dir); len(left) > 0 {
				t.Errorf("%v is left", left)
			}
			c.git("-c", "safe.directory=*", "push", "--quiet", "file://"+filepath.Join(s.dir, "hostile.git"), ":refs/heads/stored")
		})
	}
	t.Run("such names do not get in by a push", func(t *testing.T) {
		commit := c.tree(folder(".git", file("config")))
		if code, out := c.try("push", "aloft", commit+":refs/heads/env-a"); code == 0 || !strings.Contains(out, "hasDotgit") {
			t.Error(out)
		}
	})
	t.Run("a missing object", func(t *testing.T) {
		commit := c.tree("100644 blob " + commitA + "\tgone")
		path := filepath.Join(s.dir, "broken.git")
		if err := s.CreateRepository(t.Context(), "broken"); err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(filepath.Join(path, "objects"), os.DirFS(filepath.Join(c.dir, ".git", "objects"))); err != nil && !exists(path) {
			t.Fatal(err)
		}
		if _, err := s.Checkout(t.Context(), "broken", commit, t.TempDir()); err == nil || !strings.Contains(err.Error(), `"gone"`) {
			t.Error(err)
		}
	})
}

func TestCheckoutIsQuick(t *testing.T) {
	t.Parallel()
	s := serve(t, nil)
	c := newClone(t, s, "shop")
	for i := range 500 {
		name := filepath.Join(c.dir, fmt.Sprintf("d%d", i%20), fmt.Sprintf("f%d", i))
		os.MkdirAll(filepath.Dir(name), 0o755)
		os.WriteFile(name, []byte(strings.Repeat(fmt.Sprint(i), 1000)), 0o644)
	}
	c.git("add", ".")
	c.git("commit", "--quiet", "-m", "many")
	head := c.git("rev-parse", "HEAD")
	start := time.Now()
	c.git("push", "--quiet", "aloft", "HEAD:env-a")
	pushed := time.Since(start)
	start = time.Now()
	if _, err := s.Checkout(t.Context(), "shop", head, t.TempDir()); err != nil {
		t.Fatal(err)
	}
	t.Logf("500 files: push %v, checkout %v", pushed, time.Since(start))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Checkout(ctx, "shop", head, t.TempDir()); err == nil {
		t.Error("a canceled checkout succeeded")
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

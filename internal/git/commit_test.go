package git_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestHostileCommits(t *testing.T) {
	t.Parallel()
	s := serve(t, nil)
	c := newClone(t, s, "shop")
	tree := c.git("rev-parse", "HEAD^{tree}")
	for _, test := range []struct{ rule, author, encoding, message, wantAuthor, wantSubject string }{
		{"an ordinary commit", "Älice <a@b>", "", "Make it so\n\nbody", "Älice <a@b>", "Make it so"},
		{"codes for a terminal", "Mallory\x1b[2J <m\x1b@b>", "", "Hi\x1b]52;c;cm0=\x07 there\u202e", "Mallory [2J <m @b>", "Hi ]52;c;cm0= there"},
		{"a subject without end", "a <a@b>", "", strings.Repeat("x", 10<<20), "a <a@b>", strings.Repeat("x", 298) + ".."},
		{"an author without end", strings.Repeat("y", 1<<20) + " <a@b>", "", "x", strings.Repeat("y", 298) + "…", "x"},
		{"bytes that are no text", "a\xff <a@b>", "", "b\xfe", "a? <a@b>", "b?"},
		{"no message", "a <a@b>", "", "", "a <a@b>", ""},
		{"another encoding", "a <a@b>", "encoding ISO-8859-1\n", "gr\xfcn", "a <a@b>", "grün"},
		{"an encoding that there is none", "a <a@b>", "encoding ../../etc/passwd\n", "x", "a <a@b>", "x"},
	} {
		t.Run(test.rule, func(t *testing.T) {
			text := fmt.Sprintf("tree %s\nauthor %s 1 +0000\ncommitter %s 1 +0000\n%s\n%s", tree, test.author, test.author, test.encoding, test.message)
			id := c.feed([]byte(text), "hash-object", "-t", "commit", "-w", "--stdin")
			c.git("push", "--quiet", "aloft", "+"+id+":refs/heads/env-a")
			commit, err := s.Commit(t.Context(), "shop", id)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(commit.Author, strings.TrimSuffix(test.wantAuthor, "…")) || commit.Subject != test.wantSubject {
				t.Errorf("author %.400q, subject %.400q", commit.Author, commit.Subject)
			}
			if utf8.RuneCountInString(commit.Author) > 300 || utf8.RuneCountInString(commit.Subject) > 300 {
				t.Error("too long to be shown")
			}
		})
	}
	t.Run("a commit is not replaced by another", func(t *testing.T) {
		head := c.git("rev-parse", "HEAD")
		other := c.commit("evil", "evil\n")
		c.git("push", "--quiet", "aloft", "+"+head+":refs/heads/env-a", other+":refs/replace/"+head)
		dir := t.TempDir()
		if _, err := s.Checkout(t.Context(), "shop", head, dir); err != nil {
			t.Fatal(err)
		}
		if exists(dir + "/evil") {
			t.Error("the files are those of another commit")
		}
	})
}

package git_test

import (
	"bytes"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	aloft "github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/git"
)

// FuzzCommands checks that git is given what the client sent, byte for byte, and
// that a refusal answers for each ref.
func FuzzCommands(f *testing.F) {
	f.Add([]byte("0000"))
	f.Add([]byte(packets(none+" "+commitA+" refs/heads/env-a"+features, "", "") + "PACK"))
	f.Add([]byte(packets("shallow "+commitA, commitA+" "+none+" refs/heads/a"+features+"\n", none+" "+commitA+" refs/tags/b", none+" "+commitA+" refs/c", "")))
	f.Add([]byte(packets("push-cert\x00", "")))
	f.Add([]byte(packets(none+" "+commitA+" refs/heads/\x1b[2J\xff", "")))
	f.Fuzz(func(t *testing.T, body []byte) {
		const limit = 2
		rest := bytes.NewReader(body)
		refs, raw, refusal, err := git.ReadCommands(rest, limit, errors.New("too\x1b many"))
		if err != nil {
			if aloft.ErrorCode(err) != aloft.CodeInvalid {
				t.Errorf("the error is %s: %v", aloft.ErrorCode(err), err)
			}
			return
		}
		read := body[:len(body)-rest.Len()]
		if len(refs) <= limit && !bytes.EqualFold(raw, read) {
			t.Errorf("%q became %q", read, raw)
		}
		for _, ref := range refs {
			if !strings.HasPrefix(ref, "refs/") {
				t.Errorf("%q is no ref", ref)
			}
		}
		if bytes.Contains(read, []byte("side-band-64k")) {
			return // the report is inside of other packets
		}
		lines, err := git.ReadSection(bytes.NewReader(refusal))
		if err != nil || lines[0] != "unpack too many" {
			t.Errorf("the refusal is %q (%v)", refusal, err)
		}
		for _, ref := range refs {
			if line := strings.TrimSuffix("ng "+ref+" refused\n", "\n"); len(line) < 60_000 && !slices.Contains(lines, line) {
				t.Errorf("no answer for %q", ref)
			}
		}
	})
}

// FuzzRelay checks that an answer of git's is handed on whole: at most something
// is added before a flush packet.
func FuzzRelay(f *testing.F) {
	f.Add([]byte(packets("\x02fatal: pack exceeds maximum allowed size (1 B)\n", "\x010014unpack failed\n0000", "")))
	f.Add([]byte(packets("\x02error: object "+commitA+": hasDotgit: contains '.git'\n", "")))
	f.Add([]byte(packets("\x01000eunpack ok\n0000", "\x02over limit", "")))
	f.Add([]byte("not packets at all"))
	f.Fuzz(func(t *testing.T, answer []byte) {
		out, err := git.Relay(bytes.NewReader(answer))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(answer, []byte("unpack ok\n")) && !bytes.Contains(out, answer) && !bytes.Contains(answer, []byte("\x02")) && !bytes.Contains(out, []byte(" !     ")) {
			t.Errorf("%q became %q", answer, out)
		}
		kept := answer
		for piece := range bytes.SplitSeq(out, []byte("0000")) {
			if at := bytes.Index(kept, piece); at >= 0 {
				kept = kept[at+len(piece):]
			}
		}
		if len(out) < len(answer) || len(bytes.Trim(kept, "0")) > 0 && !bytes.Contains(out, []byte(" !     ")) {
			t.Errorf("%q became %q", answer, out)
		}
	})
}

// FuzzCheckPath checks that no path that is let in leaves the tree, or is taken
// for a repository.
func FuzzCheckPath(f *testing.F) {
	for _, path := range []string{"a/b", "..", "a/../b", ".GIT/x", "git~1", ".git ", ".g\u200cit", "a//b", "/a", strings.Repeat("a", 256), strings.Repeat("a/", 600), "new\nline", "-rf"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		err := git.CheckPath(path)
		if err != nil {
			if aloft.ErrorCode(err) != aloft.CodeInvalid || aloft.ErrorHint(err) == "" || strings.ContainsAny(err.Error(), "\x1b\n") {
				t.Errorf("%q is refused with %q", path, err)
			}
			return
		}
		if !filepath.IsLocal(path) || filepath.Clean(path) != path || len(path) > 1000 {
			t.Errorf("%q is let in", path)
		}
		for part := range strings.SplitSeq(strings.ToLower(path), "/") {
			if strings.TrimRight(part, " .") == ".git" || strings.HasPrefix(part, ".git:") || part == "git~1" {
				t.Errorf("%q is let in", path)
			}
		}
	})
}

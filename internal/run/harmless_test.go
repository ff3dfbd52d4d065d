package run_test

import (
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/aloft-dev/aloft/internal/run"
)

func TestHarmless(t *testing.T) {
	for _, test := range []struct{ rule, line, want string }{
		{"text stays", "a\tb ü 日本", "a\tb ü 日本"},
		{"colors stay", "\x1b[1;31mred\x1b[0m", "\x1b[1;31mred\x1b[0m"},
		{"the cursor stays where it is", "a\x1b[2J\x1b[10;10Hb\x1b[?25lc", "abc"},
		{"the clipboard is not written", "a\x1b]52;c;cm0gLXJm\x07b\x1b]0;title\x1b\\c", "abc"},
		{"an end in the middle of a code", "a\x1b]52;c;", "a"},
		{"a lone escape", "a\x1b", "a"},
		{"a code in a code", "a\x1b\x1b[31mb", "a\x1b[31mb"},
		{"bells and backspaces", "a\a\bb\x7f\u009bc", "abc"},
		{"text is not turned around", "a\u202eb", "ab"},
		{"bytes that are no text", "a\xffb", "a\uFFFDb"},
		{"lines stay lines", "a\n\x1b[2Jb\r\n\nc", "a\nb\n\nc"},
		{"a progress bar", "10 %\r20 %\r100 %\r", "100 %"},
	} {
		t.Run(test.rule, func(t *testing.T) {
			if got := run.Harmless(test.line); got != test.want {
				t.Errorf("%q became %q, want %q", test.line, got, test.want)
			}
		})
	}
}

var colors = regexp.MustCompile("\x1b\\[[0-9;]*m")

func FuzzHarmless(f *testing.F) {
	for _, line := range []string{"\x1b[31m", "\x1b[2J", "\x1b]0;x\x07", "\x1b\x1b[0m", "\x9b1m", "a\rb", "\x1bPq\x1b\\", "\x1b[\x1b[0mm"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		got := run.Harmless(line)
		if again := run.Harmless(got); again != got {
			t.Errorf("%q became %q, and that %q", line, got, again)
		}
		left := colors.ReplaceAllString(got, "")
		if strings.ContainsFunc(left, func(r rune) bool { return r != '\t' && r != '\n' && unicode.IsControl(r) }) {
			t.Errorf("%q became %q", line, got)
		}
	})
}

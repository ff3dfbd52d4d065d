package run

import (
	"regexp"
	"strings"
	"unicode"
)

// Colors are all that a log may tell a terminal to do.
var (
	color  = regexp.MustCompile("^\x1b\\[[0-9;]*m")
	escape = regexp.MustCompile("^\x1b(\\[[0-?]*[ -/]*[@-~]?|[\\]PX^_][^\x07\x1b]*(\x07|\x1b\\\\)?|[ -/]*[0-~]?)")
)

// Harmless makes a text fit for every terminal: colors are left in it, and tabs.
func Harmless(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		line, ended := strings.CutSuffix(line, "\n")
		b.WriteString(harmless(line))
		if ended {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// harmless makes a line of a log fit for every terminal: what builds, engines and
// repositories say can contain codes that move the cursor, write to the clipboard
// or hide text. Of a line that was drawn over, the last state is left.
func harmless(line string) string {
	line = strings.ToValidUTF8(line, "\uFFFD")
	if drawn := strings.TrimRight(line, "\r"); strings.Contains(drawn, "\r") {
		line = drawn[strings.LastIndexByte(drawn, '\r')+1:]
	}
	if !strings.ContainsFunc(line, dangerous) {
		return line
	}
	var b strings.Builder
	for line != "" {
		end := strings.IndexByte(line, '\x1b')
		if end < 0 {
			end = len(line)
		}
		b.WriteString(strings.Map(func(r rune) rune {
			if dangerous(r) {
				return -1
			}
			return r
		}, line[:end]))
		line = line[end:]
		b.WriteString(color.FindString(line))
		line = line[len(escape.FindString(line)):]
	}
	return b.String()
}

func dangerous(r rune) bool {
	return r != '\t' && unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
}

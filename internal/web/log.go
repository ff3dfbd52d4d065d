package web

import (
	"regexp"
	"strings"
)

// logLine is a line of a log and what kind it is. The script has a twin.
type logLine struct{ Kind, Text string }

var controls = regexp.MustCompile("\x1b\\[[0-9;?]*[ -/]*[@-~]|\x1b[@-Z\\\\-_]|[\x00-\x08\x0b-\x1f\x7f]")

// linesOf makes the lines of a log fit to be shown.
func linesOf(log string) []logLine {
	log = strings.TrimSuffix(controls.ReplaceAllString(strings.ToValidUTF8(log, "\uFFFD"), ""), "\n")
	if log == "" {
		return nil
	}
	var list []logLine
	for text := range strings.SplitSeq(log, "\n") {
		list = append(list, logLine{kindOf(text), text})
	}
	return list
}

func kindOf(text string) string {
	switch {
	case strings.HasPrefix(text, "=====>"):
		return "head"
	case strings.HasPrefix(text, "----->"):
		return "step"
	case strings.HasPrefix(text, " !"):
		return "bad"
	}
	return "text"
}

// tail keeps the last bytes written to it, from the begin of a line.
type tail struct {
	limit int
	kept  []byte
	cut   bool
}

// Write adds data.
func (t *tail) Write(data []byte) (int, error) {
	t.kept = append(t.kept, data...)
	if len(t.kept) > 2*t.limit {
		t.shorten()
	}
	return len(data), nil
}

func (t *tail) shorten() {
	if over := len(t.kept) - t.limit; over > 0 {
		t.cut = true
		t.kept = append([]byte(nil), t.kept[over:]...)
	}
}

// String returns what is kept.
func (t *tail) String() string {
	t.shorten()
	text := string(t.kept)
	if t.cut {
		_, text, _ = strings.Cut(text, "\n")
	}
	return text
}

package main

import (
	"bytes"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"
	"golang.org/x/term"
)

// palette colours what a person reads at a terminal; false leaves it as it is.
// What is coloured can be read without colour, too.
type palette bool

// paletteFor returns the palette of a writer: in colour only where that is a
// terminal that has colours, and NO_COLOR is not set.
func paletteFor(w io.Writer) palette {
	file, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || !term.IsTerminal(int(file.Fd())) {
		return false
	}
	return colorprofile.Env(os.Environ()) >= colorprofile.ANSI
}

// The tones of the palette.
var (
	strong = ansi.NewStyle().Bold()
	good   = ansi.NewStyle().ForegroundColor(ansi.Green)
	busy   = ansi.NewStyle().ForegroundColor(ansi.Blue)
	warn   = ansi.NewStyle().ForegroundColor(ansi.Yellow)
	bad    = ansi.NewStyle().ForegroundColor(ansi.Red)
)

func (p palette) paint(text string, tone ansi.Style) string {
	if !p || text == "" || len(tone) == 0 {
		return text
	}
	return tone.Styled(text)
}

// toneOf is how a status or the verdict of a check is to be taken; none is plain.
func toneOf(word string) ansi.Style {
	switch word {
	case "ready", "succeeded", "ok":
		return good
	case "creating", "updating", "destroying", "running", "queued":
		return busy
	case "waiting", "degraded", "--":
		return warn
	case "failed", "!!":
		return bad
	}
	return nil
}

// column colours the words of a table below the heading of that name.
func (p palette) column(table, heading string) string {
	if !p {
		return table
	}
	first, _, _ := strings.Cut(table, "\n")
	before, _, found := strings.Cut(first, heading)
	if !found {
		return table
	}
	offset := utf8.RuneCountInString(before)
	var b strings.Builder
	for line := range strings.Lines(table) {
		runes := []rune(line)
		if offset >= len(runes) {
			b.WriteString(line)
			continue
		}
		rest := string(runes[offset:])
		word, _, _ := strings.Cut(strings.TrimRight(rest, "\n"), " ")
		b.WriteString(string(runes[:offset]) + p.paint(word, toneOf(word)) + strings.TrimPrefix(rest, word))
	}
	return b.String()
}

// logPainter colours the lines of a run's log as they pass: headlines, steps and
// errors. A line that is drawn anew and anew (git's progress) passes as it is.
type logPainter struct {
	out     io.Writer
	palette palette
	line    []byte
}

// logFor returns a writer for the log of a run: w itself where there is no colour.
func logFor(w io.Writer) io.Writer {
	if p := paletteFor(w); p {
		return &logPainter{out: w, palette: p}
	}
	return w
}

// Write writes whole lines, and hands on at once what will be drawn anew.
func (l *logPainter) Write(data []byte) (int, error) {
	l.line = append(l.line, data...)
	var out []byte
	for {
		end := bytes.IndexAny(l.line, "\r\n")
		if end < 0 {
			break
		}
		text, mark := string(l.line[:end]), l.line[end]
		if mark == '\n' {
			text = l.paint(text)
		}
		out = append(append(out, text...), mark)
		l.line = l.line[end+1:]
	}
	if len(out) > 0 {
		if _, err := l.out.Write(out); err != nil {
			return 0, err
		}
	}
	return len(data), nil
}

// remotePrefix is what git puts before every line of the server.
const remotePrefix = "remote: "

func (l *logPainter) paint(line string) string {
	text, ofGit := strings.CutPrefix(line, remotePrefix)
	if ofGit {
		text = strings.TrimRight(text, " ") // git fills up lines that it may have to draw over
		line = remotePrefix + text
	}
	prefix := line[:len(line)-len(text)]
	switch {
	case strings.HasPrefix(text, "=====> "):
		return prefix + l.palette.paint(text, strong)
	case strings.HasPrefix(text, "-----> "):
		return prefix + l.palette.paint("----->", busy) + strings.TrimPrefix(text, "----->")
	case strings.HasPrefix(text, " !    "):
		return prefix + l.palette.paint(text, bad)
	}
	return line
}

// Close writes a last line that has no end.
func (l *logPainter) Close() error {
	_, err := l.out.Write(l.line)
	l.line = nil
	return err
}

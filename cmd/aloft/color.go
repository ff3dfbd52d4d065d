package main

import (
	"bytes"
	"io"
	"os"
	"strings"
	"unicode/utf8"

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
	return os.Getenv("TERM") != "" && os.Getenv("TERM") != "dumb"
}

// tone is a parameter of the control sequence SGR (ECMA-48, 8.3.117); "" = plain.
// A library for these five would measure text at every start of the program,
// which takes longer than most commands.
type tone string

const (
	strong tone = "1"
	good   tone = "32"
	busy   tone = "34"
	warn   tone = "33"
	bad    tone = "31"
)

func (t tone) styled(text string) string { return "\x1b[" + string(t) + "m" + text + "\x1b[m" }

func (p palette) paint(text string, t tone) string {
	if !p || text == "" || t == "" {
		return text
	}
	return t.styled(text)
}

// toneOf is how a status or the verdict of a check is to be taken; none is plain.
func toneOf(word string) tone {
	if strings.HasSuffix(word, blockedMark) {
		return bad
	}
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
	return ""
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

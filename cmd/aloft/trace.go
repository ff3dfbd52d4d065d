package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/aloft-dev/aloft"
)

// canvas is what a trace is drawn on.
type canvas struct {
	width int    // columns
	bars  string // the fractions of a column that a bar can end with, the smallest first, whole last
	more  string // stands for what does not fit
}

// The two ways to draw: block characters with eighths of a column, and ASCII.
const (
	blocks = "▏▎▍▌▋▊▉█"
	hashes = "#"
)

// Widths in columns.
const (
	pipeWidth  = 100 // where there is no terminal
	leastWidth = 60
	longLabel  = 44
	timeWidth  = 9
)

// canvasFor returns the canvas of a writer: as wide as its terminal, with block
// characters where the terminal knows them.
func canvasFor(w io.Writer) canvas {
	plain := canvas{pipeWidth, hashes, "..."}
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return plain
	}
	if width, _, err := term.GetSize(int(file.Fd())); err == nil {
		plain.width = max(leastWidth, width)
	}
	if os.Getenv("TERM") == "dumb" || !speaksUTF8(os.Getenv) {
		return plain
	}
	return canvas{plain.width, blocks, "…"}
}

// speaksUTF8 reports whether the locale has UTF-8.
func speaksUTF8(env func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if value := env(name); value != "" {
			value = strings.ReplaceAll(strings.ToUpper(value), "-", "")
			return strings.Contains(value, "UTF8")
		}
	}
	return false
}

// traceRow is a line of a drawn trace.
type traceRow struct {
	label string
	span  aloft.Span
}

// writeTrace draws where the time of a run went: a line for each span, its bar
// where it lies in the time of the run.
func writeTrace(w io.Writer, trace aloft.Trace, c canvas) {
	rows := traceRows(nil, trace.Spans, 0)
	if len(rows) == 0 {
		_, _ = fmt.Fprintln(w, "Nothing was timed.")
		return
	}
	label := 0
	for _, row := range rows {
		label = max(label, utf8.RuneCountInString(row.label))
	}
	label = min(label, longLabel, c.width/2)
	room := max(10, c.width-label-timeWidth-len("  canceled")-2)
	for _, row := range rows {
		line := fmt.Sprintf("%s  %s %*s%s", c.fit(row.label, label), c.bar(row.span, trace.Duration, room),
			timeWidth, shortSeconds(row.span.Duration), remark(row.span.Status))
		_, _ = fmt.Fprintln(w, strings.TrimRight(line, " "))
	}
	if summary := trace.Summary(); summary != "" {
		_, _ = fmt.Fprintf(w, "\n%s\n", summary)
	}
}

func traceRows(rows []traceRow, spans []aloft.Span, depth int) []traceRow {
	for _, span := range spans {
		label := strings.Repeat("  ", depth) + span.Name
		if detail, _, _ := strings.Cut(span.Detail, "\n"); detail != "" && span.Status != aloft.StepFailed {
			label += ": " + detail
		}
		rows = traceRows(append(rows, traceRow{label, span}), span.Parts, depth+1)
	}
	return rows
}

// fit makes a text exactly as wide as wanted.
func (c canvas) fit(text string, width int) string {
	runes := []rune(text)
	if len(runes) > width {
		more := []rune(c.more)
		return string(runes[:width-len(more)]) + c.more
	}
	return text + strings.Repeat(" ", width-len(runes))
}

// bar draws a span in room columns that stand for the whole time. What was
// skipped has none.
func (c canvas) bar(span aloft.Span, whole time.Duration, room int) string {
	if whole <= 0 || span.Status == aloft.StepSkipped {
		return strings.Repeat(" ", room)
	}
	ends := []rune(c.bars)
	units := room * len(ends)
	at := func(d time.Duration) int {
		return int(min(max(0, float64(d)/float64(whole)), 1) * float64(units))
	}
	start := min(at(span.Offset)/len(ends), room-1) // a bar begins with a whole column
	length := max(1, min(at(span.End()), units)-start*len(ends))
	bar := strings.Repeat(" ", start) + strings.Repeat(string(ends[len(ends)-1]), length/len(ends))
	if rest := length % len(ends); rest > 0 {
		bar += string(ends[rest-1])
	}
	return bar + strings.Repeat(" ", room-utf8.RuneCountInString(bar))
}

// shortSeconds writes a duration with milliseconds where they count.
func shortSeconds(d time.Duration) string {
	if d < 100*time.Millisecond {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return aloft.Seconds(d)
}

// remark says how a span is, unless it is as it should be.
func remark(status aloft.StepStatus) string {
	if status == aloft.StepSucceeded {
		return ""
	}
	return "  " + string(status)
}

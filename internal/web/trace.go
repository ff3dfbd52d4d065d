package web

import (
	"fmt"
	"time"

	"github.com/aloft-dev/aloft"
)

// traceView is where the time of a run went.
type traceView struct {
	Summary string // in a line
	Rows    []traceRow
}

// traceRow is a span and where it lies in the time of its run.
type traceRow struct {
	aloft.Span
	Depth        int // 0 = a step, then its parts
	Took         string
	Start, Width string // percent of the run's time, for the bar; Width "" = no bar
}

// deepest is the depth up to which rows are indented further.
const deepest = 3

func viewTrace(trace aloft.Trace) *traceView {
	return &traceView{trace.Summary(), traceRows(nil, trace.Spans, 0, trace.Duration)}
}

func traceRows(rows []traceRow, spans []aloft.Span, depth int, whole time.Duration) []traceRow {
	for _, span := range spans {
		row := traceRow{Span: span, Depth: min(depth, deepest), Took: briefly(span.Duration)}
		if whole > 0 && span.Status != aloft.StepSkipped {
			row.Start, row.Width = place(span.Offset, span.Duration, whole)
		}
		rows = traceRows(append(rows, row), span.Parts, depth+1, whole)
	}
	return rows
}

// place returns where a bar begins and how wide it is, in percent of the whole.
func place(offset, length, whole time.Duration) (start, width string) {
	const visible = 0.008 // the least width
	begin := min(max(0, offset.Seconds()/whole.Seconds()), 1-visible)
	return percent(begin), percent(min(1-begin, max(visible, length.Seconds()/whole.Seconds())))
}

// briefly writes a duration, with milliseconds where they count.
func briefly(d time.Duration) string {
	if d < 100*time.Millisecond {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return aloft.Seconds(d)
}

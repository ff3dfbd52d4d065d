package aloft_test

import (
	"testing"
	"time"

	"github.com/aloft-dev/aloft"
)

func span(name string, offset, duration int, parts ...aloft.Span) aloft.Span {
	return aloft.Span{
		Name: name, Status: aloft.StepSucceeded, Parts: parts,
		Offset: time.Duration(offset) * time.Millisecond, Duration: time.Duration(duration) * time.Millisecond,
	}
}

func TestTraceSummary(t *testing.T) {
	for rule, test := range map[string]struct {
		duration int
		spans    []aloft.Span
		want     string
	}{
		"nothing was timed": {0, nil, ""},
		"what ran beside the longest is not on the path": {1000,
			[]aloft.Span{span("read", 0, 100), span("provision", 100, 300), span("build", 100, 800), span("deploy", 900, 100)},
			"0.80 s of 1.00 s: build (critical path: read → build → deploy)"},
		"the part that is most of the longest is named": {1000,
			[]aloft.Span{span("build", 0, 1000, span("web", 0, 990, span("copy", 0, 90), span("npm ci", 90, 900)))},
			"1.00 s of 1.00 s: build › web › npm ci"},
		"parts that share the time are not": {1000,
			[]aloft.Span{span("build", 0, 1000, span("web", 0, 500), span("api", 500, 500))},
			"1.00 s of 1.00 s: build"},
		"what nobody notices is left out": {1000,
			[]aloft.Span{span("queue", 0, 1), span("build", 1, 989), span("finish", 990, 10)},
			"0.99 s of 1.00 s: build"},
		"a gap ends no chain": {100_000,
			[]aloft.Span{span("read", 0, 10_000), span("deploy", 20_000, 80_000)},
			"1m20s of 1m40s: deploy (critical path: read → deploy)"},
	} {
		t.Run(rule, func(t *testing.T) {
			trace := aloft.Trace{Duration: time.Duration(test.duration) * time.Millisecond, Spans: test.spans}
			if got := trace.Summary(); got != test.want {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

func TestTimingOfNobody(t *testing.T) {
	var nobody aloft.Timing
	nobody.Begin("work", "")(nil)
}

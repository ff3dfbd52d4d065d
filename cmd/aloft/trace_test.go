package main

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/aloft-dev/aloft"
)

func TestATraceIsDrawn(t *testing.T) {
	const ms = time.Millisecond
	trace := aloft.Trace{Duration: 1000 * ms, Spans: []aloft.Span{
		{Name: "read", Status: aloft.StepSucceeded, Duration: 100 * ms},
		{Name: "provision", Detail: "2 created", Status: aloft.StepSucceeded, Offset: 100 * ms, Duration: 300 * ms},
		{Name: "build", Status: aloft.StepSucceeded, Offset: 100 * ms, Duration: 815 * ms, Parts: []aloft.Span{
			{Name: "a command that is much too long for a line of a trace that shall fit", Status: aloft.StepFailed, Offset: 100 * ms, Duration: 800 * ms},
		}},
		{Name: "release", Status: aloft.StepSkipped, Offset: 915 * ms},
		{Name: "verify", Status: aloft.StepRunning, Offset: 1000 * ms},
	}}
	for rule, test := range map[string]struct {
		canvas canvas
		want   []string
	}{
		"with block characters": {canvas{80, blocks, "…"}, []string{
			"provision: 2 created                       ██████▌               0.30 s",
			"  a command that is much too long for a…", "  failed", "  skipped", "  running",
		}},
		"in ASCII": {canvas{80, hashes, "..."}, []string{
			"provision: 2 created                       ######                0.30 s",
			"  a command that is much too long for...", "             #      0 ms  running",
		}},
	} {
		t.Run(rule, func(t *testing.T) {
			var out strings.Builder
			writeTrace(&out, trace, test.canvas)
			for _, want := range test.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("no %q in\n%s", want, out.String())
				}
			}
			lines := strings.Split(out.String(), "\n")
			for _, line := range lines[:6] {
				if utf8.RuneCountInString(line) > test.canvas.width {
					t.Errorf("wider than %d: %q", test.canvas.width, line)
				}
			}
			if !strings.HasPrefix(lines[7], "0.81 s of 1.00 s: build › a command") && !strings.HasPrefix(lines[7], "0.82 s of 1.00 s: build › a command") {
				t.Errorf("the last line is %q", lines[7])
			}
		})
	}
}

func TestLocalesWithUTF8(t *testing.T) {
	for value, want := range map[string]bool{"C.UTF-8": true, "de_DE.utf8": true, "C": false, "": false} {
		if got := speaksUTF8(func(name string) string { return map[string]string{"LANG": value}[name] }); got != want {
			t.Errorf("%q: %v", value, got)
		}
	}
}

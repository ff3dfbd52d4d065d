package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/run"
)

func TestASummaryStaysMarkdown(t *testing.T) {
	s := subject{key: aloft.EnvironmentKey{Project: "shop", Environment: "alice"}, about: aloft.OperationPlan}
	hostile := "<script>|\n# x ```\n````\n@all"
	taken := run.Taken{
		Run:   aloft.Run{Revision: "0123456789", FinishedAt: time.Now(), Error: hostile},
		Steps: []aloft.Step{{Name: "plan", Status: aloft.StepSkipped, Reason: hostile}},
		Plan:  &aloft.Plan{Changes: []aloft.Change{{Address: hostile, Action: aloft.ActionCreate}}},
	}
	var b strings.Builder
	writeSummary(&b, s, taken, errors.New("failed"))
	fence := ""
	for line := range strings.Lines(b.String()) {
		line = strings.TrimRight(line, "\n")
		switch ticks := strings.TrimRight(line, "dif"); {
		case fence == "" && strings.HasPrefix(line, "```"):
			fence = ticks
		case line == fence:
			fence = ""
		case fence == "" && strings.ContainsAny(line, "<>@"):
			if !strings.HasPrefix(line, "| plan | skipped: &lt;script&gt;\\| # x ") || strings.Count(line, "|")-strings.Count(line, `\|`) != 4 {
				t.Errorf("outside of code: %s", line)
			}
		}
	}
	if fence != "" {
		t.Errorf("a block of code does not end:\n%s", b.String())
	}
}

func TestALongPlanIsCut(t *testing.T) {
	var b strings.Builder
	writeFenced(&b, "diff", strings.Repeat("+ create azurerm_resource_group.größe\n", 5000))
	if n := b.Len(); n > longestShown+200 || !strings.Contains(b.String(), "größe\n… and more, which the log shows\n```") {
		t.Errorf("%d bytes, ending with %q", n, b.String()[n-100:])
	}
}

func TestWhichURLStandsForAnEnvironment(t *testing.T) {
	for _, test := range []struct {
		urls map[string]string
		want string
	}{
		{nil, ""},
		{map[string]string{"api": "https://api"}, "https://api"},
		{map[string]string{"b": "https://b", "a": "https://a"}, "https://a"},
		{map[string]string{"api": "https://api", "web": "https://web"}, "https://web"},
		{map[string]string{"web": "https://web\nname=value"}, ""},
	} {
		t.Run(fmt.Sprint(test.urls), func(t *testing.T) {
			if got := mainURL(test.urls); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

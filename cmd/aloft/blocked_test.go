package main

import (
	"strings"
	"testing"
	"time"

	"github.com/aloft-dev/aloft"
)

func TestAReasonForBeingBlockedIsSaidOncePerProject(t *testing.T) {
	environment := func(project, name, why string) aloft.Environment {
		return aloft.Environment{
			EnvironmentKey: aloft.EnvironmentKey{Project: project, Environment: name},
			Status:         aloft.EnvironmentReady, Blocked: why != "", Disagreement: why,
		}
	}
	var out strings.Builder
	if err := writeEnvironments(&out, []aloft.Environment{
		environment("blog", "alice", "the clock is wrong"),
		environment("shop", "alice", "the repository of shop is gone"),
		environment("shop", "bob", "its branch is gone"),
		environment("shop", "carol", ""),
		environment("shop", "dave", "the repository of shop is gone"),
		environment("site", "alice", "the clock is wrong"),
	}, time.Now()); err != nil {
		t.Fatal(err)
	}
	table, reasons, _ := strings.Cut(out.String(), "\n\n")
	if n := strings.Count(table, "ready,blocked "); n != 5 {
		t.Errorf("%d are shown as blocked, want 5:\n%s", n, table)
	}
	want := `blog/alice: blocked: the clock is wrong

shop/alice, shop/dave: blocked: the repository of shop is gone

shop/bob: blocked: its branch is gone

site/alice: blocked: the clock is wrong
`
	if reasons != want {
		t.Errorf("the reasons are\n%s\nwant\n%s", reasons, want)
	}
}

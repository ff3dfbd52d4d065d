package main

import (
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
)

var controls = regexp.MustCompile("\x1b\\[[0-9]*m")

func TestColoursAreForTerminals(t *testing.T) {
	file, err := os.CreateTemp(t.TempDir(), "out")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for name, w := range map[string]io.Writer{"a buffer": &strings.Builder{}, "a file": file} {
		if paletteFor(w) || logFor(w) != w {
			t.Errorf("%s gets colours", name)
		}
	}
}

func TestTableColumnsAreColoured(t *testing.T) {
	const table = "ENVIRONMENT  STATUS    OWNER\nshop/müller  ready     failed\nshop/bob     degraded  Bob\nshop/eve     destroyed\nshop/ida     ready,blocked  Ida\n"
	if got := palette(false).column(table, "STATUS"); got != table {
		t.Errorf("without colours: %q", got)
	}
	got := palette(true).column(table, "STATUS")
	if controls.ReplaceAllString(got, "") != table {
		t.Errorf("the words have changed: %q", got)
	}
	for _, want := range []string{good.styled("ready") + "     failed\n", warn.styled("degraded") + "  Bob", "shop/eve     destroyed\n", bad.styled("ready,blocked") + "  Ida"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
}

func TestLinesOfALogAreColoured(t *testing.T) {
	const log = "remote: =====> shop env-alice: up        \n-----> build: web   0.10 s\n !     it failed\n       -----> no step\nWriting objects: 50%\rWriting objects: 100%\n"
	for _, size := range []int{1, 7, len(log)} {
		var out strings.Builder
		painter := &logPainter{out: &out, palette: true}
		for rest := log; rest != ""; rest = rest[min(size, len(rest)):] {
			if _, err := io.WriteString(painter, rest[:min(size, len(rest))]); err != nil {
				t.Fatal(err)
			}
		}
		want := "remote: " + strong.styled("=====> shop env-alice: up") + "\n" + busy.styled("----->") + " build: web   0.10 s\n" +
			bad.styled(" !     it failed") + "\n       -----> no step\nWriting objects: 50%\rWriting objects: 100%\n"
		if out.String() != want {
			t.Errorf("in pieces of %d bytes:\ngot  %q\nwant %q", size, out.String(), want)
		}
	}
}

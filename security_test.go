package aloft_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	namedScript = regexp.MustCompile("`([a-z_]+\\.txtar)`")
	namedTests  = regexp.MustCompile("((?:`(?:Test|Fuzz)[A-Za-z0-9]+`(?:, )?)+) in `([a-z/]+)`")
	testName    = regexp.MustCompile("(?:Test|Fuzz)[A-Za-z0-9]+")
)

// TestEveryClaimHasItsTest: docs/security.md claims nothing without a test that
// there is.
func TestEveryClaimHasItsTest(t *testing.T) {
	text, err := os.ReadFile("docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	claims, inTable := 0, false
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		switch {
		case line == "| claim | test |":
			inTable = true
		case !strings.HasPrefix(line, "|"):
			inTable = false
		case inTable && line != "|---|---|":
			claims++
			cells := strings.Split(strings.Trim(line, "|"), " | ")
			if missing := missingTests(t, cells[len(cells)-1]); len(cells) != 2 || missing != "" {
				t.Errorf("%s: %s", cells[0], missing)
			}
		}
	}
	if claims < 20 {
		t.Errorf("only %d claims were found", claims)
	}
}

// missingTests tells what is wrong with the tests that a cell names.
func missingTests(t *testing.T, cell string) string {
	t.Helper()
	named := 0
	for _, script := range namedScript.FindAllStringSubmatch(cell, -1) {
		named++
		if _, err := os.Stat(filepath.Join("cmd/aloft/testdata/script", script[1])); err != nil {
			return "there is no script " + script[1]
		}
	}
	for _, group := range namedTests.FindAllStringSubmatch(cell, -1) {
		source := testSource(t, group[2])
		for _, name := range testName.FindAllString(group[1], -1) {
			named++
			if !strings.Contains(source, "\nfunc "+name+"(") {
				return "there is no " + name + " in " + group[2]
			}
		}
	}
	if named == 0 {
		return "no test is named"
	}
	if ticks := strings.Count(cell, "`") / 2; ticks != named+len(namedTests.FindAllString(cell, -1)) {
		return "what stands there is not understood: " + cell
	}
	return ""
}

func testSource(t *testing.T, folder string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no tests in %s: %v", folder, err)
	}
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

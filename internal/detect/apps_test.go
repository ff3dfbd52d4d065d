package detect_test

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/detect"
)

// TestApps holds the rules of Apps to the examples in testdata/apps.
func TestApps(t *testing.T) { examples(t, "testdata/apps/*.txtar", 40, lookAround) }

// lookAround finds the apps of an example and writes them, the notices and the error,
// as text. The comment of an example may have lines "named: <folder>".
func lookAround(t *testing.T, archive *txtar.Archive) string {
	t.Helper()
	source, err := txtar.FS(archive)
	if err != nil {
		t.Fatal(err)
	}
	var named []string
	for line := range strings.Lines(string(archive.Comment)) {
		if dir, ok := strings.CutPrefix(strings.TrimSpace(line), "named: "); ok {
			named = append(named, dir)
		}
	}
	found, err := detect.Apps(source, named...)
	var b strings.Builder
	for _, app := range found.Apps {
		if invalid := aloft.ValidateAppName(app.Name); invalid != nil {
			t.Error(invalid)
		}
		fmt.Fprintf(&b, "app       %s in %s\n", app.Name, app.Path)
		if err == nil {
			checkSources(t, source, app)
		}
		b.WriteString(describe(app))
		for _, s := range []struct {
			label string
			aloft.Setting
		}{{"function", app.Function}, {"native", app.Native}, {"port", app.Port}, {"hint", app.HealthHint}, {"docker", app.Dockerfile}} {
			if s.Value != "" {
				fmt.Fprintf(&b, "%-10s%s%s\n", s.label, s.Value, s.Source)
			}
		}
		if err == nil && app.Function.Value == "" && !detect.Default(source, app) {
			b.WriteString("manifest  names its commands\n")
		}
	}
	for _, notice := range found.Notices {
		b.WriteString("notice: " + notice + "\n")
	}
	if err != nil {
		if !forPeople(err) {
			t.Errorf("an error for people has a code and a hint: %v", err)
		}
		b.WriteString("error: " + err.Error() + "\nhint: " + aloft.ErrorHint(err) + "\n")
	}
	return b.String()
}

func appsOf(source fs.FS) ([]aloft.App, error) {
	found, err := detect.Apps(source)
	return found.Apps, err
}

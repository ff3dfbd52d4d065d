package detect_test

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/detect"
)

// TestApps holds the rules of Apps to the examples in testdata/apps.
func TestApps(t *testing.T) { examples(t, "testdata/apps/*.txtar", 40, lookAround) }

// lookAround finds the apps of an example and writes them, and the error, as text.
func lookAround(t *testing.T, archive *txtar.Archive) string {
	t.Helper()
	source, err := txtar.FS(archive)
	if err != nil {
		t.Fatal(err)
	}
	apps, err := detect.Apps(source)
	var b strings.Builder
	for _, app := range apps {
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
	if err != nil {
		if !forPeople(err) {
			t.Errorf("an error for people has a code and a hint: %v", err)
		}
		b.WriteString("error: " + err.Error() + "\nhint: " + aloft.ErrorHint(err) + "\n")
	}
	return b.String()
}

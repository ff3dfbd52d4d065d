package detect_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/detect"
)

var update = flag.Bool("update", false, "write what is detected into testdata")

// want is the last file of every example: what is detected in the others.
const want = "DETECTED"

// TestApp holds the rules to the examples in testdata. The comment of an
// example may have lines "dir: <folder of the app>" and "runtime: <wanted>".
func TestApp(t *testing.T) { examples(t, "testdata/*.txtar", 45, look) }

// examples holds what look writes of examples, at least so many, to their last
// files.
func examples(t *testing.T, pattern string, least int, look func(*testing.T, *txtar.Archive) string) {
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) < least {
		t.Fatalf("%d examples, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			expected := ""
			if i := len(archive.Files) - 1; archive.Files[i].Name == want {
				expected, archive.Files = string(archive.Files[i].Data), archive.Files[:i]
			}
			got := look(t, archive)
			if *update {
				archive.Files = append(archive.Files, txtar.File{Name: want, Data: []byte(got)})
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != expected {
				t.Errorf("got:\n%s\nwant:\n%s", got, expected)
			}
		})
	}
}

// look detects the app of an example and writes it, or the error, as text.
func look(t *testing.T, archive *txtar.Archive) string {
	t.Helper()
	files := slices.Clone(archive.Files)
	for i := range files { // what txtar cannot hold
		files[i].Data = []byte(strings.ReplaceAll(string(files[i].Data), "^M\n", "\r\n"))
	}
	source, err := txtar.FS(&txtar.Archive{Files: files})
	if err != nil {
		t.Fatal(err)
	}
	dir, wanted := ".", ""
	for line := range strings.Lines(string(archive.Comment)) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), ": "); ok && key == "dir" {
			dir = value
		} else if ok && key == "runtime" {
			wanted = value
		}
	}
	app, err := detect.As(source, dir, wanted)
	if err == nil {
		checkSources(t, source, app)
		return describe(app)
	}
	if !forPeople(err) {
		t.Errorf("an error for people has a code and a hint: %v", err)
	}
	return "error: " + err.Error() + "\nhint: " + aloft.ErrorHint(err) + "\n"
}

// describe writes an app, one value a line, with its source.
func describe(app aloft.App) string {
	var b strings.Builder
	line := func(label, value string, from aloft.Source) {
		if value != "" {
			fmt.Fprintf(&b, "%-10s%s%s\n", label, value, from)
		}
	}
	command := func(label string, c aloft.Command) {
		text := c.String()
		if len(c.Args) == 3 && c.Args[0] == "sh" {
			text = "$ " + text
		}
		if !c.Empty() {
			line(label, text, c.Source)
		}
	}
	line("runtime", app.Runtime.Value, app.Runtime.Source)
	line("version", app.Version.Value, app.Version.Source)
	line("framework", app.Framework.Value, app.Framework.Source)
	line("package", app.Package.Value, app.Package.Source)
	for _, c := range app.Build {
		command("build", c)
	}
	command("start", app.Start)
	for _, name := range slices.Sorted(maps.Keys(app.Processes)) {
		command("process", aloft.Command{Args: []string{"sh", "-c", name + ": " + app.Processes[name].String()}, Source: app.Processes[name].Source})
	}
	command("release", app.Release)
	line("static", app.Static.Value, app.Static.Source)
	line("health", app.Health.Value, app.Health.Source)
	for _, tool := range app.Toolchains {
		line("needs", tool.Name+" ["+strings.Join(tool.Program, "|")+"]", tool.Source)
	}
	for _, a := range app.AddOns {
		line("add-on", a.Kind, a.Source)
		line("server", a.Version.Value, a.Version.Source)
	}
	return b.String()
}

// forPeople reports whether an error has one of the two codes that App promises,
// and a hint.
func forPeople(err error) bool {
	code := aloft.ErrorCode(err)
	return (code == aloft.CodeInvalid || code == aloft.CodeNotFound) && aloft.ErrorHint(err) != ""
}

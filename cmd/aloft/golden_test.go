package main

import (
	"bytes"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/blueprint"
)

// TestGolden runs aloft init on a project of each kind. In testdata/golden a
// file's first line is the command, its files are the source tree, and those
// under want/ what init writes: every file but the modules, of which
// want/modules.txt has the names, and what it said in want/proposal.txt. Of
// terraform/blueprint.yaml the choices stand there; its list of files is
// compared with what was written. -update writes want/ anew.
func TestGolden(t *testing.T) {
	home := t.TempDir()
	for name, value := range map[string]string{"HOME": home, "XDG_CONFIG_HOME": home, "GIT_CONFIG_GLOBAL": filepath.Join(home, "gitconfig"), "GIT_CONFIG_NOSYSTEM": "1"} {
		t.Setenv(name, value)
	}
	files, err := filepath.Glob("testdata/golden/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no projects: %v", err)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { golden(t, here, file) })
	}
}

func golden(t *testing.T, here, file string) {
	file = filepath.Join(here, file)
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	source, want := map[string]string{}, map[string]string{}
	kept := txtar.Archive{Comment: archive.Comment}
	for _, f := range archive.Files {
		if name, expected := strings.CutPrefix(f.Name, "want/"); expected {
			want[name] = string(f.Data)
			continue
		}
		source[f.Name] = string(f.Data)
		kept.Files = append(kept.Files, f)
	}
	line, _, _ := strings.Cut(string(archive.Comment), "\n")
	words, ok := strings.CutPrefix(line, "aloft init")
	if !ok {
		t.Fatalf("the first line is no aloft init: %s", line)
	}
	dir := projectOf(t, source)
	output := initIn(t, dir, append(strings.Fields(words), "--yes", "--lock=false")...)
	written := writtenIn(t, dir, source)
	got := goldenFiles(t, filepath.Join(here, "../../internal/blueprint/modules"), written)
	got["proposal.txt"], _, _ = strings.Cut(output, "       These files are written:\n")

	if again := initIn(t, dir, append(strings.Fields(words), "--yes", "--lock=false")...); !strings.Contains(again, "nothing to write") {
		t.Errorf("init again says %s", again)
	}
	againDir := projectOf(t, source)
	initIn(t, againDir, append(readmeCommand(t, written["terraform/README.md"]), "--lock=false")...)
	for name, text := range writtenIn(t, againDir, source) {
		if written[name] != text {
			t.Errorf("the command of the README writes another %s:\n%s", name, text)
		}
	}

	if *update {
		for _, name := range slices.Sorted(maps.Keys(got)) {
			kept.Files = append(kept.Files, txtar.File{Name: "want/" + name, Data: []byte(got[name])})
		}
		if err := os.WriteFile(file, txtar.Format(&kept), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if expected, ok := want[name]; !ok || expected != got[name] {
			t.Errorf("%s is\n%s\nwant\n%s", name, got[name], expected)
		}
		delete(want, name)
	}
	for name := range want {
		t.Errorf("%s was not written", name)
	}
}

// projectOf makes a git repository named shop of files.
func projectOf(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "shop")
	for name, text := range files {
		place := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(place, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if output, err := exec.Command("git", "init", "-q", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	return dir
}

// initIn runs aloft init in a folder and returns what it prints.
func initIn(t *testing.T, dir string, args ...string) string {
	t.Helper()
	output, err := aloftIn(t, dir, append([]string{"init"}, args...)...)
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return output
}

// aloftIn runs aloft in a folder and returns what it prints.
func aloftIn(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	t.Chdir(dir)
	var out bytes.Buffer
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(&out)
	root.SetErr(&out)
	err := root.ExecuteContext(t.Context())
	return out.String(), err
}

// writtenIn reads what was written into a project.
func writtenIn(t *testing.T, dir string, source map[string]string) map[string]string {
	t.Helper()
	texts := map[string]string{}
	tree := os.DirFS(dir)
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if name == ".git" {
			return fs.SkipDir
		}
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(tree, name)
		if before, known := source[name]; known && before != string(data) {
			t.Errorf("%s was changed", name)
		} else if !known {
			texts[name] = string(data)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

// goldenFiles are the files that a project keeps under want/.
func goldenFiles(t *testing.T, modules string, written map[string]string) map[string]string {
	t.Helper()
	record, err := blueprint.ParseRecord([]byte(written[blueprint.RecordFile]))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	var used []string
	for name, text := range written {
		if name != blueprint.RecordFile && record.Files[name] != aloft.BlobID(text) {
			t.Errorf("%s is recorded as %q, and is %s", name, record.Files[name], aloft.BlobID(text))
		}
		if rest, ok := strings.CutPrefix(name, "terraform/modules/"); ok {
			module, _, _ := strings.Cut(rest, "/")
			embedded, err := os.ReadFile(filepath.Join(modules, record.Choices.Target, rest))
			if err != nil || string(embedded) != text {
				t.Errorf("%s is not the module's: %v", name, err)
			}
			if !slices.Contains(used, module) {
				used = append(used, module)
			}
			continue
		}
		got[name] = text
	}
	for name := range record.Files {
		if _, there := written[name]; !there {
			t.Errorf("%s is recorded and was not written", name)
		}
	}
	if slices.Sort(used); len(used) > 0 {
		got["modules.txt"] = strings.Join(used, "\n") + "\n"
	}
	choices, _, _ := strings.Cut(written[blueprint.RecordFile], "\nfiles:\n")
	_, choices, _ = strings.Cut(choices, "\nchoices:\n")
	got[blueprint.RecordFile] = "choices:\n" + choices + "\n"
	return got
}

// readmeCommand returns the arguments of the command that a README names.
func readmeCommand(t *testing.T, readme string) []string {
	t.Helper()
	at := strings.LastIndex(readme, "\naloft init ")
	if at < 0 {
		t.Fatal("the README does not name its command")
	}
	command, _, _ := strings.Cut(strings.TrimPrefix(readme[at:], "\naloft init "), "\n")
	words, err := exec.Command("sh", "-c", `printf '%s\0' `+command).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(words), "\x00"), "\x00")
}

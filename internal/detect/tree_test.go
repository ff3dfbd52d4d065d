package detect_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"github.com/aloft-dev/aloft"
)

const server = `{"scripts":{"start":"node index.js"},"dependencies":{"express":"5"}}`

// writeTree makes a folder with files.
func writeTree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		name = filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestLinksDoNotLeadOut(t *testing.T) {
	outside := writeTree(t, map[string]string{"package.json": server, "app/package.json": server})
	root := writeTree(t, map[string]string{
		"shared/package.json": server, "shared/Dockerfile": "FROM x\nEXPOSE 4321\n", "real/requirements.txt": "", "out/keep": "",
		"a/keep": "", "b/keep": "", "c/keep": "", "d/keep": "", "e/package.json": server,
	})
	for link, target := range map[string]string{
		"a/package.json": filepath.Join(outside, "package.json"), // absolute
		"b/package.json": "../../" + filepath.Base(outside) + "/package.json",
		"c/package.json": "../shared/package.json", // inside
		"d/package.json": "package.json",           // to itself
		"e/Dockerfile":   "../shared/Dockerfile",
		"f":              "shared", // a folder is looked at once
		"g":              filepath.Join(outside, "app"),
		"h":              "h",
		"loop":           ".",
	} {
		if err := os.Symlink(target, filepath.Join(root, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(root, "b", "Dockerfile"), 0o600); err != nil {
		t.Fatal(err)
	}
	apps, err := appsOf(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, app := range apps {
		got = append(got, app.Path+" "+app.Port.Value)
	}
	if want := "[c  e 4321 shared 4321]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

// counting counts what is opened, and refuses to read much.
type counting struct {
	fs.FS
	t       *testing.T
	opened  int
	content int64
}

func (c *counting) Open(name string) (fs.File, error) {
	f, err := c.FS.Open(name)
	if err != nil {
		return nil, err
	}
	c.opened++
	if info, err := f.Stat(); err == nil && !info.IsDir() {
		c.content += info.Size()
	}
	return f, nil
}

// bigTree is a tree of more than 5,000 files with three apps.
func bigTree() fstest.MapFS {
	files := fstest.MapFS{
		"api/package.json": {Data: []byte(server)}, "api/package-lock.json": {Data: bytes.Repeat([]byte("x"), 20<<20)},
		"web/index.html": {}, "web/package.json": {Data: []byte(`{"scripts":{"build":"vite build"},"devDependencies":{"vite":"7"}}`)},
		"jobs/go.mod": {Data: []byte("module example.com/jobs\n")}, "jobs/main.go": {Data: []byte("package main\n")},
		"video.mp4": {Data: bytes.Repeat([]byte("x"), 20<<20)},
	}
	for i := range 500 {
		for j := range 10 {
			files[fmt.Sprintf("web/src/part%d/deep/file%d.ts", i, j)] = &fstest.MapFile{Data: []byte("export {}\n")}
			files[fmt.Sprintf("web/node_modules/p%d/f%d.js", i, j)] = &fstest.MapFile{}
		}
	}
	return files
}

func TestAppsReadsLittle(t *testing.T) {
	source := &counting{FS: bigTree(), t: t}
	apps, err := appsOf(source)
	if err != nil || len(apps) != 3 {
		t.Fatalf("%v, %d apps", err, len(apps))
	}
	if source.content > 1<<16 {
		t.Errorf("%d bytes were read: a file that nobody wrote by hand was read whole", source.content)
	}
	if source.opened > 5000 { // two for each of the folders, and some files
		t.Errorf("%d files and folders were opened", source.opened)
	}
}

func TestAnEmptyTreeHasNoApps(t *testing.T) {
	apps, err := appsOf(fstest.MapFS{})
	if len(apps) > 0 || aloft.ErrorCode(err) != aloft.CodeNotFound || !strings.Contains(err.Error(), "there is nothing") {
		t.Errorf("%v, %v", apps, err)
	}
}

func TestAppsAreBounded(t *testing.T) {
	files := fstest.MapFS{"a/b/c/d/e/f/package.json": {Data: []byte(server)}}
	if apps, err := appsOf(files); aloft.ErrorCode(err) != aloft.CodeNotFound {
		t.Errorf("six levels deep: %v, %v", apps, err)
	}
	for i := range 200 {
		files[fmt.Sprintf("s%d/package.json", i)] = &fstest.MapFile{Data: []byte(server)}
	}
	if apps, err := appsOf(files); err != nil || len(apps) != 50 {
		t.Errorf("%d apps, %v", len(apps), err)
	}
}

func BenchmarkApps(b *testing.B) {
	root := b.TempDir()
	if err := os.CopyFS(root, bigTree()); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if apps, err := appsOf(os.DirFS(root)); err != nil || len(apps) != 3 {
			b.Fatal(err, len(apps))
		}
	}
}

package backup_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aloft-dev/aloft/internal/backup"
)

const home = "environments/shop/alice/private/home"

// TestNamesOfAnyBytes: what apps and pushes name as they like comes back with its name.
func TestNamesOfAnyBytes(t *testing.T) {
	t.Parallel()
	names := []string{
		home + "/caf\xe9.txt", home + "/\xff\xfe/in\xe9/\"quoted\" \\ \u2028", home + "/escape \x1b[31m\nline", home + "/caf\u00e9\ufffd",
		"artifacts/shop/used/\xe9.css", "repositories/shop.git/refs/tags/caf\xe9",
	}
	all := map[string]string{}
	for _, name := range names {
		all[name] = "text of " + name
	}
	data := dataFolder(t, all)
	check(t, os.Symlink("to \xe9", filepath.Join(data, home, "link \xe9")))
	path, left := written(t, data, server{artifacts: []string{"artifacts/shop/used"}})
	if len(left.Notes) > 0 {
		t.Errorf("left out: %q", left.Notes)
	}
	back := backup.Data(restored(t, path))
	for name, want := range all {
		if text, err := os.ReadFile(filepath.Join(back, name)); string(text) != want || err != nil {
			t.Errorf("%q has %q, %v", name, text, err)
		}
	}
	if target, err := os.Readlink(filepath.Join(back, home, "link \xe9")); target != "to \xe9" {
		t.Errorf("the link leads to %q, %v", target, err)
	}
}

// TestAppsChangeTheirFiles: an app that puts files, folders, links and pipes in the
// place of each other keeps nothing else from being backed up.
func TestAppsChangeTheirFiles(t *testing.T) {
	t.Parallel()
	data := dataFolder(t, map[string]string{"seal.key": "key", home + "/words": "kept", home + "/folder/in/file": "x", "runs/1.log": "log"})
	at := filepath.Join(data, home, "changing")
	ctx, stop := context.WithCancel(t.Context())
	var busy sync.WaitGroup
	for _, put := range []func() error{
		func() error { return os.Symlink("/etc", at) },
		func() error { return os.Symlink("../../../../../seal.key", at) },
		func() error { return os.Symlink(at, at) },
		func() error { return os.Mkdir(at, 0o700) },
		func() error { return os.WriteFile(filepath.Join(at, "in"), nil, 0o600) },
		func() error {
			file, err := os.OpenFile(at, os.O_CREATE|os.O_EXCL, 0o600)
			return errors.Join(err, file.Close())
		},
		func() error { return syscall.Mkfifo(at, 0o600) },
	} {
		busy.Go(func() {
			for ctx.Err() == nil {
				_ = put()
				_ = os.RemoveAll(at)
			}
		})
	}
	for range 40 {
		path, left := written(t, data, server{})
		for _, note := range left.Notes {
			if !strings.Contains(note, home+"/changing") {
				t.Errorf("left out: %s", note)
			}
		}
		back := backup.Data(restored(t, path))
		for name, want := range map[string]string{home + "/words": "kept", home + "/folder/in/file": "x", "runs/1.log": "log"} {
			if text, err := os.ReadFile(filepath.Join(back, name)); string(text) != want || err != nil {
				t.Errorf("%s has %q, %v", name, text, err)
			}
		}
	}
	stop()
	busy.Wait()
}

func TestFilesWithHoles(t *testing.T) {
	t.Parallel()
	data := dataFolder(t, map[string]string{home + "/hollow": "", home + "/empty": "", home + "/endless": "", home + "/full": ""})
	noise := make([]byte, 3<<20)
	_, _ = rand.Read(noise)
	check(t, os.WriteFile(filepath.Join(data, home, "full"), noise, 0o600))
	file, err := os.OpenFile(filepath.Join(data, home, "hollow"), os.O_WRONLY, 0)
	check(t, err)
	for _, at := range []int64{0, 1 << 30, 6 << 30} {
		_, err := file.WriteAt(noise[:100_000], at)
		check(t, err)
	}
	check(t, file.Truncate(8<<30))
	check(t, file.Close())
	check(t, os.Truncate(filepath.Join(data, home, "empty"), 2<<40))
	endless := os.Truncate(filepath.Join(data, home, "endless"), 9<<40)

	start := time.Now()
	path, left := written(t, data, server{})
	back := filepath.Join(backup.Data(restored(t, path)), home)
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
	if endless == nil && (len(left.Notes) != 1 || !strings.Contains(left.Notes[0], home+"/endless is left out")) {
		t.Errorf("left out: %v", left.Notes)
	}
	if info, err := os.Stat(path); err != nil || info.Size() > 4<<20 {
		t.Errorf("the backup: %v, %v", info.Size(), err)
	}
	for name, size := range map[string]int64{"hollow": 8 << 30, "empty": 2 << 40, "full": 3 << 20} {
		info, err := os.Stat(filepath.Join(back, name))
		check(t, err)
		if stat, ok := info.Sys().(*syscall.Stat_t); info.Size() != size || ok && stat.Blocks*512 > 4<<20 {
			t.Errorf("%s has %d bytes, %d blocks", name, info.Size(), stat.Blocks)
		}
	}
	file, err = os.Open(filepath.Join(back, "hollow"))
	check(t, err)
	defer file.Close()
	for at, want := range map[int64]byte{0: noise[0], 1<<30 + 99_999: noise[99_999], 6 << 30: noise[0], 2 << 30: 0} {
		var found [1]byte
		if _, err := file.ReadAt(found[:], at); err != nil || found[0] != want {
			t.Errorf("at %d stands %d, %v", at, found[0], err)
		}
	}
}

func TestTimesAreKept(t *testing.T) {
	t.Parallel()
	data := dataFolder(t, map[string]string{home + "/folder/file": "x"})
	changed := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, name := range []string{"/folder/file", "/folder"} {
		check(t, os.Chtimes(filepath.Join(data, home, name), changed, changed))
	}
	for year, name := range map[int]string{1901: "/old", 2400: "/new"} { // what an app may say
		at := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
		check(t, os.WriteFile(filepath.Join(data, home, name), nil, 0o600))
		check(t, os.Chtimes(filepath.Join(data, home, name), at, at))
	}
	path, _ := written(t, data, server{})
	back := backup.Data(restored(t, path))
	for _, name := range []string{"/folder/file", "/folder"} {
		info, err := os.Stat(filepath.Join(back, home, name))
		check(t, err)
		if !info.ModTime().Equal(changed) {
			t.Errorf("%s was changed %v", name, info.ModTime())
		}
	}
}

// TestNestedTooDeeply: a path without end is left out, and the rest is there.
func TestNestedTooDeeply(t *testing.T) {
	t.Parallel()
	data := dataFolder(t, map[string]string{home + "/words": "kept"})
	root, err := os.OpenRoot(filepath.Join(data, home))
	check(t, err)
	for range 600 {
		check(t, root.Mkdir("d", 0o700))
		inner, err := root.OpenRoot("d")
		check(t, err)
		check(t, root.Close())
		root = inner
	}
	check(t, root.Close())
	path, left := written(t, data, server{})
	if len(left.Notes) != 1 || !strings.Contains(left.Notes[0], "nested too deeply") {
		t.Errorf("left out: %v", left.Notes)
	}
	if text, err := os.ReadFile(filepath.Join(backup.Data(restored(t, path)), home, "words")); string(text) != "kept" {
		t.Errorf("%q, %v", text, err)
	}
}

// TestTheDiskIsFull: what ends a backup is told in words.
func TestTheDiskIsFull(t *testing.T) {
	t.Parallel()
	data := dataFolder(t, map[string]string{home + "/words": "kept"})
	_, err := writer(data, server{}).Write(t.Context(), fullDisk{})
	if err == nil || !strings.Contains(err.Error(), "cannot write the backup: no space left on device") {
		t.Errorf("%v", err)
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

var _ io.Writer = fullDisk{}

// TestWhatThisFileSystemCannotHave: the rest comes back, and it is named.
func TestWhatThisFileSystemCannotHave(t *testing.T) {
	t.Parallel()
	data := dataFolder(t, map[string]string{home + "/words": "kept", home + "/LONG/in": "x", "seal.key": "key"})
	check(t, os.WriteFile(filepath.Join(data, home, "LONG file"), nil, 0o600))
	check(t, os.Symlink("words", filepath.Join(data, home, "LONG link")))
	path, _ := written(t, data, server{})
	file, err := backup.Open(t.Context(), renamed(t, path, "LONG", strings.Repeat("long", 70)))
	check(t, err)
	defer file.Close()
	dir := filepath.Join(t.TempDir(), "restored")
	check(t, file.Extract(t.Context(), dir))
	if len(file.Odd) != 4 || !strings.Contains(file.Odd[0], "file name too long") {
		t.Errorf("odd are %q", file.Odd)
	}
	if text, err := os.ReadFile(filepath.Join(backup.Data(dir), home, "words")); string(text) != "kept" {
		t.Errorf("%q, %v", text, err)
	}
}

// renamed is a backup of files with other names.
func renamed(t *testing.T, path, from, to string) string {
	t.Helper()
	packed, err := os.ReadFile(path)
	check(t, err)
	in := tar.NewReader(bytes.NewReader(unpacked(packed)))
	var text bytes.Buffer
	compressor := gzip.NewWriter(&text)
	out := tar.NewWriter(compressor)
	for {
		header, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		check(t, err)
		content, err := io.ReadAll(in)
		check(t, err)
		if header.Name == "contents.json" {
			content = bytes.ReplaceAll(content, []byte(from), []byte(to))
		}
		header.Format = tar.FormatUnknown // whichever can have the name
		header.Name, header.Size = strings.ReplaceAll(header.Name, from, to), int64(len(content))
		check(t, out.WriteHeader(header))
		_, err = out.Write(content)
		check(t, err)
	}
	check(t, errors.Join(out.Close(), compressor.Close()))
	to = filepath.Join(t.TempDir(), "renamed.tar.gz")
	check(t, os.WriteFile(to, text.Bytes(), 0o600))
	return to
}

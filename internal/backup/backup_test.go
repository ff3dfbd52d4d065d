package backup_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/backup"
)

func TestWhatIsInIt(t *testing.T) {
	t.Parallel()
	data := dataFolder(t, map[string]string{
		"seal.key": "key", "token.sha256": "digest", "identity": "me", "aloft.db": "live", "aloft.db-wal": "live", "aloft.db.reserve": "zeros",
		"runs/1.log": "log", "runs/1/apply.ndjson": "journal", "runs/1/source/main.go": "checkout",
		"environments/shop/alice/applied.json": "applied", "environments/shop/alice/.new-1": "half",
		"environments/shop/alice/terraform/provider": "engine",
		"environments/shop/alice/private/home/words": "home", "environments/shop/alice/private/tmp/x": "temporary",
		"artifacts/shop/used/app": "serves", "artifacts/shop/old/app": "does not", "postgresql/15/data/x": "live", "processes/web.log": "log",
	})
	path, left := written(t, data, server{databases: []string{"main", "other"}, artifacts: []string{"artifacts/shop/used"}})
	if len(left.Notes)+len(left.Lacks) > 0 {
		t.Errorf("left out: %v", left)
	}
	dir := restored(t, path)
	want := []string{
		"contents.json", "data/artifacts/shop/used/app", "data/environments/shop/alice/applied.json",
		"data/environments/shop/alice/private/home/words", "data/identity", "data/runs/1.log", "data/runs/1/apply.ndjson",
		"data/seal.key", "data/token.sha256", "databases/shop/alice/main", "databases/shop/alice/other", "manifest.json", "records",
	}
	if found := files(t, dir); !reflect.DeepEqual(found, want) {
		t.Errorf("restored\n%s\nwant\n%s", strings.Join(found, "\n"), strings.Join(want, "\n"))
	}
	for file, want := range map[string]string{
		backup.Records(dir): "the records", filepath.Join(backup.Data(dir), "seal.key"): "key",
		backup.Database(dir, aloft.Database{EnvironmentKey: key, Name: "other"}): "rows of other",
	} {
		if text, err := os.ReadFile(file); string(text) != want || err != nil {
			t.Errorf("%s has %q, %v", file, text, err)
		}
	}
	if _, err := os.Stat(filepath.Join(data, "backup")); err == nil {
		t.Error("the spool is left in the data folder")
	}
}

func TestFilesOfAppsLeadNowhere(t *testing.T) {
	t.Parallel()
	data := dataFolder(t, map[string]string{"seal.key": "key", "environments/shop/alice/private/home/.keep": ""})
	home := filepath.Join(data, "environments/shop/alice/private/home")
	check(t, os.Symlink(filepath.Join(data, "seal.key"), filepath.Join(home, "link")))
	check(t, os.Symlink("..", filepath.Join(home, "folder")))
	check(t, syscall.Mkfifo(filepath.Join(home, "pipe"), 0o600)) // nobody writes to it
	check(t, os.Mkdir(filepath.Join(home, "closed"), 0o700))
	check(t, os.WriteFile(filepath.Join(home, "closed", "file"), []byte("x"), 0o400))
	check(t, os.Chmod(filepath.Join(home, "closed"), 0o500))
	path, _ := written(t, data, server{})
	back := filepath.Join(backup.Data(restored(t, path)), "environments/shop/alice/private/home")
	if target, err := os.Readlink(filepath.Join(back, "link")); target != filepath.Join(data, "seal.key") {
		t.Errorf("the link leads to %q, %v", target, err)
	}
	if info, err := os.Stat(filepath.Join(back, "closed")); err != nil || info.Mode().Perm() != 0o500 {
		t.Errorf("the closed folder: %v, %v", info, err)
	}
	if _, err := os.Lstat(filepath.Join(back, "pipe")); err == nil {
		t.Error("the pipe is there")
	}
}

func TestDatabases(t *testing.T) {
	t.Parallel()
	t.Run("one that is gone is named", func(t *testing.T) {
		s := server{databases: []string{"main", "gone"}, failed: map[string]error{"gone": aloft.Errorf(aloft.CodeNotFound, "gone")}}
		path, left := written(t, dataFolder(t, nil), s)
		if len(left.Notes) != 1 || !strings.Contains(left.Notes[0], "database gone of shop/alice") || len(left.Lacks) > 0 {
			t.Errorf("left out: %v", left)
		}
		file, err := backup.Open(t.Context(), path)
		check(t, err)
		defer file.Close()
		if !reflect.DeepEqual(file.Left, left) {
			t.Errorf("the file says %v", file.Left)
		}
	})
	t.Run("one that cannot be dumped is named, and the rest is there", func(t *testing.T) {
		data := dataFolder(t, map[string]string{"seal.key": "key"})
		s := server{failed: map[string]error{"bad": errors.New("pg_dump:\ndisk")}, databases: []string{"bad"}}
		for i := range 50 {
			s.databases = append(s.databases, fmt.Sprint("d", i))
		}
		path, left := written(t, data, s)
		want := backup.Left{Lacks: []string{"database bad of shop/alice: pg_dump:; disk"}}
		if !reflect.DeepEqual(left, want) {
			t.Errorf("left out: %v", left)
		}
		file, err := backup.Open(t.Context(), path)
		check(t, err)
		defer file.Close()
		if !reflect.DeepEqual(file.Left, want) {
			t.Errorf("the file says %v", file.Left)
		}
		if found := files(t, filepath.Join(restored(t, path), "databases")); len(found) != 50 {
			t.Errorf("there are %d databases", len(found))
		}
	})
	t.Run("none can be reached", func(t *testing.T) {
		tried := make(chan bool, 50)
		s := server{failed: map[string]error{}, dumping: func() { tried <- true }}
		for i := range 50 {
			s.databases = append(s.databases, fmt.Sprint("d", i))
			s.failed[fmt.Sprint("d", i)] = aloft.Errorf(aloft.CodeUnavailable, "it is down")
		}
		if _, left := written(t, dataFolder(t, nil), s); len(left.Lacks) != 50 || len(tried) > 2 {
			t.Errorf("%d are lacking, %d were tried", len(left.Lacks), len(tried))
		}
	})
	t.Run("while one is written, another is refused", func(t *testing.T) {
		dumping, release := make(chan bool), make(chan bool)
		s := server{databases: []string{"main"}, dumping: func() { dumping <- true; <-release }}
		w := writer(dataFolder(t, nil), s)
		var wait sync.WaitGroup
		wait.Go(func() {
			if _, err := w.Write(t.Context(), io.Discard); err != nil {
				t.Error(err)
			}
		})
		<-dumping
		if _, err := w.Write(t.Context(), io.Discard); aloft.ErrorCode(err) != aloft.CodeConflict {
			t.Errorf("%v", err)
		}
		close(release)
		wait.Wait()
	})
	t.Run("who asks goes away", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s := server{databases: []string{"a", "b", "c"}, dumping: cancel, failed: map[string]error{"a": context.Canceled, "b": context.Canceled, "c": context.Canceled}}
		if _, err := writer(dataFolder(t, nil), s).Write(ctx, io.Discard); err == nil {
			t.Error("it went on")
		}
	})
}

// TestDamage: a backup that lacks its end, or of which any byte is another, is
// refused.
func TestDamage(t *testing.T) {
	t.Parallel()
	path, _ := written(t, dataFolder(t, map[string]string{"seal.key": "key"}), server{databases: []string{"main"}})
	whole, err := os.ReadFile(path)
	check(t, err)
	damaged := filepath.Join(t.TempDir(), "damaged")
	refused := func(what string, data []byte) {
		t.Helper()
		check(t, os.WriteFile(damaged, data, 0o600))
		file, err := backup.Open(t.Context(), damaged)
		if err == nil {
			t.Errorf("%s: it is taken", what)
			check(t, file.Close())
		} else if aloft.ErrorCode(err) != aloft.CodeInvalid {
			t.Errorf("%s: %v", what, err)
		}
	}
	for end := range whole {
		refused(fmt.Sprintf("cut at %d", end), whole[:end])
	}
	for at := range whole {
		changed := bytes.Clone(whole)
		changed[at] ^= 1
		if bytes.Equal(unpacked(changed), unpacked(whole)) {
			continue // a bit of gzip that means nothing
		}
		refused(fmt.Sprintf("changed at %d", at), changed)
	}
	refused("something behind it", append(bytes.Clone(whole), "more"...))
	refused("another text", []byte("apps:\n  web: {}\n"))
}

// unpacked is what gzip makes of data, nil where it finds an error.
func unpacked(data []byte) []byte {
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return nil
	}
	return text
}

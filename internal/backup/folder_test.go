package backup_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/backup"
)

func TestFolder(t *testing.T) {
	t.Parallel()
	whole := writer(dataFolder(t, nil), server{}).Write
	folder, err := backup.NewFolder(backup.FolderOptions{
		Dir: filepath.Join(t.TempDir(), "some [1] backups"), Every: 24 * time.Hour, Keep: 2, Logger: slog.New(slog.DiscardHandler), Write: whole,
	})
	check(t, err)
	now := time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC)
	if due := folder.Due(now); due > 0 {
		t.Errorf("the first is due in %v", due)
	}
	for day := range 4 {
		path, err := folder.Add(t.Context(), now.AddDate(0, 0, day))
		check(t, err)
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v, %v", info, err)
		}
	}
	newest := []string{"aloft-20261202T080000Z.tar.gz", "aloft-20261203T080000Z.tar.gz"}
	if found := files(t, folder.Dir); !reflect.DeepEqual(found, newest) {
		t.Errorf("there are %v", found)
	}
	if due := folder.Due(now.AddDate(0, 0, 3).Add(time.Hour)); due != 23*time.Hour {
		t.Errorf("the next is due in %v", due)
	}

	t.Run("one that fails leaves those before", func(t *testing.T) {
		folder.Write = func(_ context.Context, w io.Writer) (backup.Left, error) {
			_, _ = io.WriteString(w, "half a")
			return backup.Left{}, errors.New("disk full")
		}
		if _, err := folder.Add(t.Context(), now.AddDate(0, 0, 9)); err == nil {
			t.Error("no error")
		}
		if found := files(t, folder.Dir); !reflect.DeepEqual(found, newest) {
			t.Errorf("there are %v", found)
		}
	})
	t.Run("one that could not be restored is none", func(t *testing.T) {
		folder.Write = func(ctx context.Context, w io.Writer) (backup.Left, error) {
			_, err := io.WriteString(w, "not what was meant")
			return backup.Left{}, err
		}
		_, err := folder.Add(t.Context(), now.AddDate(0, 0, 9))
		if aloft.ErrorCode(err) != aloft.CodeFailed || !strings.Contains(err.Error(), "aloft-20261209T080000Z.tar.gz is not written") {
			t.Errorf("%v", err)
		}
		if found := files(t, folder.Dir); !reflect.DeepEqual(found, newest) {
			t.Errorf("there are %v", found)
		}
	})
	t.Run("the last complete one outlives those that lack something", func(t *testing.T) {
		folder.Write = writer(dataFolder(t, nil), server{databases: []string{"bad"}, failed: map[string]error{"bad": errors.New("it is damaged")}}).Write
		for day := range 4 {
			_, err := folder.Add(t.Context(), now.AddDate(0, 0, 10+day))
			check(t, err)
		}
		lacking := "aloft-20261213T080000Z-incomplete.tar.gz"
		want := []string{newest[1], "aloft-20261212T080000Z-incomplete.tar.gz", lacking}
		if found := files(t, folder.Dir); !reflect.DeepEqual(found, want) {
			t.Errorf("there are %v", found)
		}
		if due := folder.Due(now.AddDate(0, 0, 13)); due != 24*time.Hour {
			t.Errorf("the next is due in %v", due)
		}
		folder.Write = whole
		_, err := folder.Add(t.Context(), now.AddDate(0, 0, 14))
		check(t, err)
		want = []string{lacking, "aloft-20261214T080000Z.tar.gz"}
		if found := files(t, folder.Dir); !reflect.DeepEqual(found, want) {
			t.Errorf("then there are %v", found)
		}
	})
	t.Run("one that went away is not made anew", func(t *testing.T) {
		check(t, os.Rename(folder.Dir, folder.Dir+" of before"))
		for range 2 {
			if _, err := folder.Add(t.Context(), now.AddDate(0, 0, 20)); aloft.ErrorCode(err) != aloft.CodeUnavailable || !strings.Contains(err.Error(), "no longer there") {
				t.Errorf("%v", err)
			}
			_ = os.Mkdir(folder.Dir, 0o700) // where a disk was mounted
		}
		check(t, os.Remove(folder.Dir))
		check(t, os.Rename(folder.Dir+" of before", folder.Dir))
		_, err := folder.Add(t.Context(), now.AddDate(0, 0, 20))
		check(t, err)
	})
	t.Run("it ends with the server", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		folder.Dir = t.TempDir() // without a backup, one is due
		folder, err := backup.NewFolder(folder.FolderOptions)
		check(t, err)
		folder.Write = func(ctx context.Context, _ io.Writer) (backup.Left, error) {
			cancel()
			return backup.Left{}, ctx.Err()
		}
		folder.Run(ctx)
	})
}

package backup_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/aloft-dev/aloft/internal/backup"
)

func TestFolder(t *testing.T) {
	t.Parallel()
	folder := backup.Folder{
		Dir: filepath.Join(t.TempDir(), "backups"), Every: 24 * time.Hour, Keep: 2, Logger: slog.New(slog.DiscardHandler),
		Write: func(_ context.Context, w io.Writer) (backup.Left, error) {
			_, err := io.WriteString(w, "a backup")
			return backup.Left{}, err
		},
	}
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
	t.Run("the last complete one outlives those that lack something", func(t *testing.T) {
		whole := func(_ context.Context, w io.Writer) (backup.Left, error) { return backup.Left{}, nil }
		folder.Write = func(_ context.Context, w io.Writer) (backup.Left, error) {
			return backup.Left{Lacks: []string{"a database"}}, nil
		}
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
	t.Run("it ends with the server", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		folder.Write = func(ctx context.Context, _ io.Writer) (backup.Left, error) {
			cancel()
			return backup.Left{}, ctx.Err()
		}
		folder.Dir = t.TempDir() // without a backup, one is due
		folder.Run(ctx)
	})
}

package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft"
)

// TestABackupThatCannotBeRestoredIsNotKept: it is no misuse, and the file that there was
// stays.
func TestABackupThatCannotBeRestoredIsNotKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "backup.tar.gz")
	if err := os.WriteFile(path, []byte("of before"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"by name": writeBackup(t.Context(), path, io.Discard, func(_ context.Context, w io.Writer) error {
			_, err := io.WriteString(w, "not what was meant")
			return err
		}),
		"with the reason of the server": writeBackup(t.Context(), path, io.Discard, func(_ context.Context, w io.Writer) error {
			_, _ = io.WriteString(w, "half a")
			return aloft.Errorf(aloft.CodeFailed, "%s: the disk is full", path)
		}),
	} {
		if err == nil || !strings.Contains(err.Error(), path) || exitCodeOf(err) != exitFailed {
			t.Errorf("%s: %v, exit code %d", name, err, exitCodeOf(err))
		}
	}
	if text, err := os.ReadFile(path); string(text) != "of before" || err != nil {
		t.Errorf("the file is %q, %v", text, err)
	}
}

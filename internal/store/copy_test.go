package store_test

import (
	"path/filepath"
	"testing"
)

// TestCopy: a copy of records that are open has what they have, also what is in
// the write-ahead log only.
func TestCopy(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "aloft.db"))
	if _, err := s.CreateProject(t.Context(), "shop"); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "copy.db")
	if err := s.Copy(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, path).Project(t.Context(), "shop"); err != nil {
		t.Error(err)
	}
}

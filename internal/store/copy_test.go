package store_test

import (
	"path/filepath"
	"testing"

	"github.com/aloft-dev/aloft"
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

func TestMoveArtifacts(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		s := open(t, dsn)
		for _, dir := range []string{"/old/artifacts/shop/a1/web", "/older/artifacts/shop/a2"} {
			_, err := s.AddRelease(t.Context(), aloft.Release{EnvironmentKey: key, App: "web", Artifact: aloft.Artifact{Dir: dir}, Status: aloft.ReleaseActive})
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := s.MoveArtifacts(t.Context(), "/old/artifacts", "/new/artifacts"); err != nil {
			t.Fatal(err)
		}
		releases, err := s.Releases(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]bool{}
		for _, r := range releases {
			found[r.Artifact.Dir] = true
		}
		if !found["/new/artifacts/shop/a1/web"] || !found["/older/artifacts/shop/a2"] {
			t.Errorf("the artifacts are in %v", found)
		}
	})
}

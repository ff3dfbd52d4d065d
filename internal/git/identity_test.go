package git_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/aloft-dev/aloft"
)

// TestIdentity: a repository is told from any other in its place, and from none.
func TestIdentity(t *testing.T) {
	t.Parallel()
	remote := serve(t, nil)
	dir := remote.dir
	path := filepath.Join(dir, "shop.git")
	identity := func() string {
		t.Helper()
		if err := remote.CreateRepository(t.Context(), "shop"); err != nil {
			t.Fatal(err)
		}
		identity, err := remote.Identity(t.Context(), "shop")
		if err != nil || identity == "" {
			t.Fatalf("identity %q, %v", identity, err)
		}
		return identity
	}
	first := identity()
	if again := identity(); again != first {
		t.Errorf("the same repository is %s and %s", first, again)
	}
	if err := os.Rename(path, filepath.Join(dir, "elsewhere")); err != nil {
		t.Fatal(err)
	}
	for _, left := range []string{"", "refs/heads"} { // what git leaves where one was moved away
		if err := os.MkdirAll(filepath.Join(path, left), 0o700); err != nil {
			t.Fatal(err)
		}
		if _, err := remote.Identity(t.Context(), "shop"); aloft.ErrorCode(err) != aloft.CodeNotFound {
			t.Errorf("of a folder with %q: %v", left, err)
		}
	}
	if second := identity(); second == first {
		t.Error("another repository has the identity of the first")
	}
}

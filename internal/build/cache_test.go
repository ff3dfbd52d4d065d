package build_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/aloft-dev/aloft/internal/build"
)

func TestDeleteProject(t *testing.T) {
	dir := t.TempDir()
	options := build.Options{ArtifactDir: filepath.Join(dir, "artifacts"), CacheDir: filepath.Join(dir, "cache"), Path: os.Getenv("PATH")}
	for _, folder := range []string{"artifacts/shop/0123", "artifacts/other/0123", "cache/shop/go", "cache/other/go"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o500); err != nil {
			t.Fatal(err)
		}
	}
	builder := build.New(options)
	exists := func(folder string) bool {
		_, err := os.Stat(filepath.Join(dir, folder))
		return !errors.Is(err, os.ErrNotExist)
	}
	t.Run("caches that another server builds with stay", func(t *testing.T) {
		release, err := build.New(options).UseCaches("shop")
		if err != nil {
			t.Fatal(err)
		}
		if err := builder.DeleteProject("shop"); err != nil {
			t.Fatal(err)
		}
		if exists("artifacts/shop") || !exists("cache/shop/go") {
			t.Error("the artifacts are there, or the caches are not")
		}
		release()
	})
	t.Run("what nobody uses goes", func(t *testing.T) {
		if err := builder.DeleteProject("shop"); err != nil {
			t.Fatal(err)
		}
		if exists("cache/shop") || !exists("cache/other/go") || !exists("artifacts/other/0123") {
			t.Error("the caches are there, or those of another project are not")
		}
	})
	t.Run("a project without any has nothing to remove", func(t *testing.T) {
		if err := builder.DeleteProject("shop"); err != nil {
			t.Error(err)
		}
	})
	t.Run("only a name is taken", func(t *testing.T) {
		if err := builder.DeleteProject("../other"); err == nil || !exists("cache/other/go") {
			t.Errorf("%v", err)
		}
	})
}

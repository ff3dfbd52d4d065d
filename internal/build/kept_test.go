package build_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestKeptFolders builds with the cache of Next.js, which is inside the app.
func TestKeptFolders(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	const script = "cat .next/cache/* 2>/dev/null; mkdir -p .next/cache; echo one >> .next/cache/pack; touch .next/BUILD_ID; test ! -e fail"
	build := func(files map[string]string) (string, string) {
		t.Helper()
		var log bytes.Buffer
		r := request(write(t, files), script)
		r.Log = &log
		for name := range files { // stands for git's id of the tree
			r.Inputs += name
		}
		result, err := b.Build(t.Context(), r)
		if _, fails := files["fail"]; (err != nil) != fails {
			t.Fatal(err)
		}
		return strings.TrimPrefix(log.String(), "$ "+script+"\n"), result.Artifact.Dir
	}
	said, dir := build(nil)
	if said != "" {
		t.Errorf("the first build found %q", said)
	}
	if _, err := os.Stat(filepath.Join(dir, ".next/cache")); err == nil {
		t.Error("the artifact holds the cache")
	}
	if _, err := os.Stat(filepath.Join(dir, ".next/BUILD_ID")); err != nil {
		t.Error(err)
	}
	if said, _ = build(map[string]string{"fail": ""}); said != "  one\n" {
		t.Errorf("the second build found %q", said)
	}
	if said, _ = build(map[string]string{"a": ""}); said != "  one\n  one\n" {
		t.Errorf("after one that failed, the third build found %q", said)
	}
	if said, _ = build(map[string]string{".next/cache/own": "own\n"}); said != "  own\n" {
		t.Errorf("beside the repository's own, a build found %q", said)
	}
	elsewhere := write(t, map[string]string{"cache/secret": "x"})
	if err := os.RemoveAll(filepath.Join(b.options.CacheDir, "shop", "kept")); err != nil {
		t.Fatal(err)
	}
	r := request(write(t, nil), "ln -s "+elsewhere+" .next")
	mustBuild(t, b, r)
	if _, err := os.Stat(filepath.Join(elsewhere, "cache/secret")); err != nil {
		t.Errorf("what a link led to was taken away: %v", err)
	}
}

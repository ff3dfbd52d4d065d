package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// A command means the same project in every folder of a repository.
func TestProjectNameInASubfolder(t *testing.T) {
	t.Setenv("ALOFT_PROJECT", "")
	root := t.TempDir()
	folder := filepath.Join(root, "docs", "images")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "aloft.yaml"), []byte("project: shop\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if output, err := exec.CommandContext(t.Context(), "git", "init", "-q", root).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	for _, dir := range []string{root, folder} {
		t.Chdir(dir)
		if name, err := (&options{}).projectName(t.Context()); name != "shop" || err != nil {
			t.Errorf("in %s: project %q, %v", dir, name, err)
		}
	}
}

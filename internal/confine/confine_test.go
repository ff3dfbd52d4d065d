package confine_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/aloft-dev/aloft/internal/confine"
)

// folders makes folders below a new one.
func folders(t *testing.T, names ...string) string {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if err := os.MkdirAll(filepath.Join(root, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestToolchains(t *testing.T) {
	root := folders(t, "sdk/go/bin", "sdk/go/src", "home/.cargo/bin", "home/.local/bin", "home/.nvm/node/bin", "home/bin", "data/bin", "tools")
	if err := os.WriteFile(filepath.Join(root, "home/.nvm/node/bin/node"), nil, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(root, "home/.nvm/node/bin/node"), filepath.Join(root, "tools/node")); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		rule, path   string
		open, closed []string
	}{
		{"a folder named bin opens the one around it", "sdk/go/bin", []string{"sdk/go"}, []string{"sdk"}},
		{"any other opens itself", "sdk/go/src", []string{"sdk/go/src"}, []string{"sdk/go"}},
		{"HOME stays closed around its bin", "home/bin", []string{"home/bin"}, []string{"home"}},
		{"what holds data stays closed", "home/.local/bin", []string{"home/.local/bin"}, []string{"home/.local"}},
		{"so does what holds passwords", "home/.cargo/bin", []string{"home/.cargo/bin"}, []string{"home/.cargo"}},
		{"a link opens the toolchain it leads to", "tools", []string{"tools", "home/.nvm/node"}, []string{"home", "home/.nvm"}},
		{"data is never open", "data/bin", nil, []string{"data", "data/bin"}},
		{"HOME is never open", "home", nil, []string{"home"}},
		{"a folder that is not there does no harm", "nowhere/bin", nil, []string{"nowhere"}},
	} {
		t.Run(test.rule, func(t *testing.T) {
			open := confine.New(confine.Options{
				Path: filepath.Join(root, test.path), Home: filepath.Join(root, "home"),
				Closed: []string{filepath.Join(root, "data"), filepath.Join(root, "home/.local/share/aloft")},
			}).Open()
			for _, folder := range test.open {
				if !slices.Contains(open, filepath.Join(root, folder)) {
					t.Errorf("%s is closed: %q", folder, open)
				}
			}
			for _, folder := range test.closed {
				if slices.Contains(open, filepath.Join(root, folder)) {
					t.Errorf("%s is open", folder)
				}
			}
		})
	}
}

func TestHomeOfNobody(t *testing.T) {
	all := confine.New(confine.Options{Home: "/nonexistent"}).Open()
	if open := confine.New(confine.Options{Home: "/"}).Open(); !slices.Equal(open, all) {
		t.Errorf("open %q, want %q", open, all)
	}
}

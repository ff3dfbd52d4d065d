package aloft

import (
	"os"
	"path/filepath"
)

// DataDir returns the path of a server's folder for data: the wanted one, or that of
// the user, which follows the XDG Base Directory Specification.
func DataDir(wanted string) (string, error) {
	dir := wanted
	if dir == "" {
		if base := os.Getenv("XDG_DATA_HOME"); base != "" {
			dir = filepath.Join(base, "aloft")
		} else if home, err := os.UserHomeDir(); err == nil {
			dir = filepath.Join(home, ".local", "share", "aloft")
		} else {
			return "", Errorf(CodeUnavailable, "cannot find the folder for data: %w", err).WithHint("name it with --data")
		}
	}
	return filepath.Abs(dir)
}

// CacheDir returns a folder, by name, for what can be made again; "" = the folder of
// all of them.
func CacheDir(name string) string {
	base, err := os.UserCacheDir()
	if err != nil {
		base = os.TempDir()
	}
	return filepath.Join(base, "aloft", name)
}

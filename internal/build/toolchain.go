package build

import (
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aloft-dev/aloft"
)

// tool is a program that was found for a toolchain. An update of it shows in
// its size or time; asking each for its version would take longer than most
// builds. (Of a version manager the shim is seen; the version it picks is told
// by the source or by its settings.)
type tool struct {
	Path    string // symbolic links followed
	Size    int64
	ModTime time.Time
}

// toolchains finds what the app needs, or tells what is missing, who asked for
// it and how to get it.
func (b *Builder) toolchains(r Request) ([]tool, error) {
	tools := make([]tool, 0, len(r.App.Toolchains))
	for _, chain := range r.App.Toolchains {
		found, ok := b.find(chain, filepath.Join(r.Source, r.App.Path))
		if !ok {
			return nil, missing(r, chain)
		}
		tools = append(tools, found)
	}
	return tools, nil
}

func missing(r Request, chain aloft.Toolchain) error {
	err := aloft.Errorf(aloft.CodeUnavailable, "cannot build %s: it needs %s%s, which is not installed: there is no %s on the PATH",
		r.App.Name, chain.Name, chain.Source, strings.Join(chain.Program, " or "))
	if chain.Remedy != "" {
		return err.WithHint("%s", chain.Remedy)
	}
	return err
}

func (b *Builder) find(chain aloft.Toolchain, dir string) (tool, bool) {
	for _, name := range chain.Program {
		path, ok := lookPath(name, b.options.Path, dir)
		if !ok {
			continue
		}
		if strings.Contains(name, "/") && !filepath.IsAbs(name) { // a wrapper in the source: the source's id says it all
			return tool{Path: name}, true
		}
		if real, err := filepath.EvalSymlinks(path); err == nil {
			path = real
		}
		info, err := os.Stat(path)
		if err != nil {
			continue
		}
		found := tool{Path: path, Size: info.Size(), ModTime: info.ModTime().UTC()}
		return found, true
	}
	return tool{}, false
}

// lookPath finds a program as a shell in dir would with the given PATH.
func lookPath(name, path, dir string) (string, bool) {
	folders := filepath.SplitList(path)
	if strings.Contains(name, "/") {
		folders = []string{""}
	}
	for _, folder := range folders {
		file := filepath.Join(folder, name)
		if !filepath.IsAbs(file) {
			file = filepath.Join(dir, file)
		}
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return file, true
		}
	}
	return "", false
}

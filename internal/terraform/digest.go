package terraform

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft"
)

// Digest returns the provision key: it digests all that an apply depends on,
// which are the files of the folder and of the local modules it calls, the
// variables that it declares, the environment's variables file and the engine.
// It is "" for a configuration whose inputs cannot all be known, since it reads
// files outside those folders: such a one must always be applied. It is taken
// before Init, which adds files.
func Digest(dir string, summary aloft.ConfigurationSummary, vars map[string]string, varFile string, engine *Engine) (string, error) {
	t, err := readTree(dir, "")
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	fmt.Fprintf(sum, "%q %q\n", engine.Kind, engine.Version)
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		if slices.Contains(summary.Variables, name) {
			fmt.Fprintf(sum, "variable %q %q\n", name, vars[name])
		}
	}
	if varFile != "" {
		if err := digestFile(sum, "variables", varFile); err != nil {
			return "", fmt.Errorf("cannot digest the variables file: %w", err)
		}
	}
	for _, module := range t.dirs {
		if module != t.root && strings.HasPrefix(module, t.root+string(filepath.Separator)) {
			continue // walked with the root
		}
		reaches, err := digestFolder(sum, t, module)
		if err != nil {
			return "", fmt.Errorf("cannot digest the Terraform: %w", err)
		}
		if reaches {
			return "", nil
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// digestFolder digests the files below dir, and reports whether its
// configuration reaches out of it.
func digestFolder(sum hash.Hash, t *tree, dir string) (reaches bool, err error) {
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == ".terraform":
			return fs.SkipDir
		case entry.IsDir() || ignored(entry.Name()):
			return nil
		case entry.Type()&fs.ModeSymlink != 0:
			target, err := os.Readlink(path)
			fmt.Fprintf(sum, "link %q %q\n", t.nameOf(path), target)
			reaches = reaches || strings.HasPrefix(target, "..") || filepath.IsAbs(target)
			return err
		case !entry.Type().IsRegular():
			return nil
		}
		if isConfiguration(entry.Name()) {
			outside, err := reachesOut(path)
			if err != nil {
				return err
			}
			reaches = reaches || outside
		}
		return digestFile(sum, t.nameOf(path), path)
	})
	return reaches, err
}

// ignored reports whether a file is none of the user's configuration.
func ignored(name string) bool {
	return name == OverrideFile || strings.HasSuffix(name, ".tfstate") || strings.HasSuffix(name, ".tfstate.backup")
}

// reachesOut reports whether a file names a path outside its folder other than
// as the source of a module.
func reachesOut(path string) (bool, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return false, err
	}
	for line := range bytes.Lines(data) {
		key, _, _ := bytes.Cut(bytes.TrimSpace(line), []byte("="))
		if bytes.Contains(line, []byte("../")) && string(bytes.TrimSpace(key)) != "source" {
			return true, nil
		}
	}
	return false, nil
}

func digestFile(sum hash.Hash, name, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		return errors.Join(err, file.Close())
	}
	fmt.Fprintf(sum, "file %q %d\n", name, info.Size())
	_, err = io.Copy(sum, file)
	return errors.Join(err, file.Close())
}

package run

import (
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
)

// foreignTo returns what tells the files that an engine has put into the folder of the
// Terraform files, as paths of the repository, from those that are there now: the
// commit's. An engine works there while apps are built from the same checkout.
func foreignTo(src source, folder string) (func(name string) bool, error) {
	folder = path.Clean(folder)
	committed := map[string]bool{}
	err := filepath.WalkDir(filepath.Join(src.dir, filepath.FromSlash(folder)), func(file string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(src.dir, file)
		committed[filepath.ToSlash(name)] = true
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("cannot list the Terraform files: %w", err)
	}
	return func(name string) bool {
		inside := folder == "." || strings.HasPrefix(name, folder+"/")
		return inside && !committed[name]
	}, nil
}

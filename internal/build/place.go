package build

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/aloft-dev/aloft"
)

// placeFile holds the path that the folder of the artifacts had when it was made.
const placeFile = ".place"

// moved returns the path of the artifacts when it is no longer the one that they
// had at first, else "". Much of what is built holds its own path, such as the
// first lines of scripts in a virtual environment: after a move it is another
// artifact that the same inputs make.
func (b *Builder) moved() (string, error) {
	path := filepath.Join(b.options.ArtifactDir, placeFile)
	first, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(b.options.ArtifactDir, 0o700); err == nil {
			err = aloft.ReplaceFile(path, []byte(b.options.ArtifactDir), 0o600)
		}
		first = []byte(b.options.ArtifactDir)
	}
	if err != nil {
		return "", fmt.Errorf("cannot tell where the artifacts were made: %w", err)
	}
	if string(first) == b.options.ArtifactDir {
		return "", nil
	}
	return b.options.ArtifactDir, nil
}

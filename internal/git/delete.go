package git

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/aloft-dev/aloft"
)

// DeleteRepository removes the repository of a project with all its history. One
// that is not there is no error.
func (r *Remote) DeleteRepository(_ context.Context, project string) error {
	if err := aloft.ValidateProjectName(project); err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(r.options.Dir, project+suffix)); err != nil {
		return fmt.Errorf("cannot delete the repository of %s: %w", project, err)
	}
	return nil
}

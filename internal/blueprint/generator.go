package blueprint

import (
	"cmp"
	"slices"
)

// Generator renders blueprints. Two generators of the same version give the
// same bytes for the same choices.
type Generator struct {
	Version string // of Aloft, such as v0.4.0; "" or "devel" = not released
	Sum     string // checksum of that version as a Go module, "h1:…"; "" = not known
}

// Render returns the files of the choices, sorted by path: Terraform, modules,
// workflow and README. What is empty is completed; the error is CodeInvalid and
// wraps the Violations.
func (g Generator) Render(c Choices) ([]File, error) {
	c = c.Complete()
	if err := c.Check().Err(); err != nil {
		return nil, err
	}
	files := g.files(c)
	slices.SortFunc(files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	return files, nil
}

func (g Generator) files(c Choices) []File {
	return nil
}

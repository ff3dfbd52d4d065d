package git

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	aloft "github.com/aloft-dev/aloft"
)

const suffix = ".git"

// CreateRepository makes the empty repository of a project. One that is there
// stays as it is.
func (r *Remote) CreateRepository(ctx context.Context, project string) error {
	if err := aloft.ValidateProjectName(project); err != nil {
		return err
	}
	path := filepath.Join(r.options.Dir, project+suffix)
	if holdsRepository(path) {
		return nil
	}
	fresh, err := os.MkdirTemp(r.options.Dir, ".new-*")
	if err != nil {
		return fmt.Errorf("cannot make the repository of %s: %w", project, err)
	}
	defer os.RemoveAll(fresh)
	_, err = r.output(ctx, fresh, nil, "init", "--quiet", "--bare", "--template=", "--initial-branch=main")
	if err == nil {
		err = identify(fresh, rand.Text())
	}
	if err == nil {
		for _, empty := range []string{"refs/heads", "refs", ""} { // what git leaves of one that was moved away
			_ = os.Remove(filepath.Join(path, empty))
		}
		err = os.Rename(fresh, path)
	}
	if err != nil && !holdsRepository(path) {
		return fmt.Errorf("cannot make the repository of %s: %w", project, err)
	}
	return nil
}

// identityFile in a repository tells it from any other that may stand in its place.
const identityFile = "aloft-identity"

// Identity returns what tells the repository of a project from any other; "" = it
// has nothing that does. A missing repository is CodeNotFound.
func (r *Remote) Identity(_ context.Context, project string) (string, error) {
	path, err := r.repository(project)
	if err != nil {
		return "", err
	}
	identity, err := os.ReadFile(filepath.Join(path, identityFile))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("cannot tell which repository that of %s is: %w", project, err)
	}
	return strings.TrimSpace(string(identity)), nil
}

// Identify gives the repository of a project an identity.
func (r *Remote) Identify(_ context.Context, project, identity string) error {
	path, err := r.repository(project)
	if err != nil {
		return err
	}
	return identify(path, identity)
}

func identify(path, identity string) error {
	return aloft.ReplaceFile(filepath.Join(path, identityFile), []byte(identity+"\n"), 0o600)
}

// Projects returns the names of the projects that have a repository, sorted.
func (r *Remote) Projects(context.Context) ([]string, error) {
	entries, err := os.ReadDir(r.options.Dir)
	if err != nil {
		return nil, fmt.Errorf("cannot list the repositories: %w", err)
	}
	var projects []string
	for _, entry := range entries {
		name, ok := strings.CutSuffix(entry.Name(), suffix)
		if ok && aloft.ValidateProjectName(name) == nil && holdsRepository(filepath.Join(r.options.Dir, entry.Name())) {
			projects = append(projects, name)
		}
	}
	slices.Sort(projects)
	return projects, nil
}

// Maintain packs what has become loose in every repository, where that is worth
// the work. Objects that nothing refers to are kept for two weeks.
func (r *Remote) Maintain(ctx context.Context) error {
	projects, err := r.Projects(ctx)
	if err != nil {
		return err
	}
	var failed []error
	for _, project := range projects {
		path, err := r.repository(project)
		if err == nil {
			_, err = r.output(ctx, path, nil, "pack-refs", "--all") // thousands of loose refs slow every push down
		}
		if err == nil {
			_, err = r.output(ctx, path, nil, "-c", "gc.auto=6700", "-c", "gc.autoDetach=false",
				"gc", "--auto", "--quiet", "--prune=2.weeks.ago")
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("cannot tidy the repository of %s: %w", project, err))
		}
	}
	return errors.Join(failed...)
}

// repository returns the path of a project's repository. A missing one is
// CodeNotFound.
func (r *Remote) repository(project string) (string, error) {
	if err := aloft.ValidateProjectName(project); err != nil {
		return "", err
	}
	path := filepath.Join(r.options.Dir, project+suffix)
	if !holdsRepository(path) {
		return "", aloft.Errorf(aloft.CodeNotFound, "there is no repository of project %q", project).
			WithHint("a first push makes it, or: aloft project create %s; one that is lost comes back from a backup (docs/backup.md)", project)
	}
	return path, nil
}

// holdsRepository reports whether a bare repository is at path. A folder without HEAD
// is none: git leaves one where a repository was moved away from under it.
func holdsRepository(path string) bool {
	_, err := os.Stat(filepath.Join(path, "HEAD"))
	return err == nil
}

package worktree

import (
	"cmp"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/blueprint"
	"github.com/aloft-dev/aloft/internal/detect"
	"github.com/aloft-dev/aloft/internal/manifest"
)

// Propose puts together what the flags say, what NubesGen's files said, and what
// the source tree tells; the earlier goes before.
func (t *Tree) Propose(query url.Values, replaced Replacement, project string) (blueprint.Proposal, error) {
	given, err := blueprint.FromQuery(query)
	if err != nil {
		return blueprint.Proposal{}, err
	}
	given, retired := given.Current()
	silent := func(a blueprint.App) bool { return a.Runtime == "" }
	var proposal blueprint.Proposal
	if len(given.Apps) == 0 || slices.ContainsFunc(given.Apps, silent) {
		named, err := t.folders(given.Apps)
		if err != nil {
			return proposal, err
		}
		found, err := detect.Apps(t.Files, named...)
		if err != nil && len(found.Apps) == 0 && replaced.Mapping == nil {
			return proposal, undetected(err)
		}
		apps, invalid := t.named(found.Apps)
		if invalid != nil {
			return proposal, invalid
		}
		proposal = blueprint.Propose("", apps, t.told(apps))
		proposal.Notices = append(proposal.Notices, found.Notices...)
		if err != nil {
			proposal.Notices = append(proposal.Notices, strings.TrimSuffix(fmt.Sprintf("%s: %s", err, aloft.ErrorHint(err)), ": "))
		}
		if len(proposal.Choices.Apps) == 0 && len(given.Apps) == 0 && replaced.Mapping == nil {
			return proposal, aloft.Errorf(aloft.CodeInvalid, "no app of this repository can be proposed: %s", strings.Join(proposal.Notices, " ")).
				WithHint("a Dockerfile in the app's folder will do; or say what it is: aloft init --runtime node --path <folder>")
		}
	}
	if replaced.Mapping != nil {
		proposal = proposal.Hosted(*replaced.Mapping)
	}
	proposal = proposal.With(given)
	if i := slices.IndexFunc(proposal.Choices.Apps, silent); i >= 0 {
		return proposal, unknown(proposal.Choices.Apps[i])
	}
	proposal.Notices = append(proposal.Notices, retired...)
	proposal.Choices.Name = cmp.Or(proposal.Choices.Name, project, aloft.NearestName(filepath.Base(t.Root), aloft.MaxProjectName))
	return proposal, nil
}

// folders returns those of apps that are given without a runtime, which their files are
// to tell. They have to be there.
func (t *Tree) folders(given []blueprint.App) ([]string, error) {
	var list []string
	for i, a := range given {
		if a.Runtime != "" || a.Path == "" {
			continue
		}
		folder := path.Clean(a.Path)
		if info, err := fs.Stat(t.Files, folder); err != nil || !info.IsDir() {
			return nil, blueprint.Violations{{
				Field: fmt.Sprintf("apps[%d].path", i), Value: a.Path, Rule: "is no folder of this repository, and without its files only a runtime tells what the app is",
			}}.Err()
		}
		list = append(list, folder)
	}
	return list, nil
}

// unknown is the error of an app that was given, and of which neither flags nor files
// tell what it is.
func unknown(a blueprint.App) error {
	folder := cmp.Or(a.Path, ".")
	say := "--runtime node --path " + folder
	if a.Name != "" {
		say = fmt.Sprintf("--app %s:path=%s,runtime=node", a.Name, folder)
	}
	return aloft.Errorf(aloft.CodeInvalid, "nothing in the folder %s tells what %s is", folder, cmp.Or(a.Name, "the app")).
		WithHint("say what it is: aloft init %s; or add a Dockerfile there", say)
}

// named gives apps the names that a manifest of the user's own has for their folders.
func (t *Tree) named(apps []aloft.App) ([]aloft.App, error) {
	m, err := manifest.Load(t.Files)
	if err != nil || len(m.Apps) == 0 {
		return apps, err
	}
	apps = slices.Clone(apps)
	known := func(name string) bool {
		return slices.ContainsFunc(apps, func(a aloft.App) bool { return a.Name == name })
	}
	for i, app := range apps {
		if _, there := m.Apps[app.Name]; there {
			continue
		}
		for _, name := range m.AppNames() {
			if m.AppPath(name) == path.Clean(app.Path) && !known(name) {
				apps[i].Name = name
				break
			}
		}
	}
	return apps, nil
}

// told reports of apps whether their files alone tell how they are built and started.
// What is made of functions is started by its host, and built as its kind is,
// but for several in one build.
func (t *Tree) told(apps []aloft.App) func(aloft.App) bool {
	return func(app aloft.App) bool {
		if app.Function.Value == "" {
			return detect.Default(t.Files, app)
		}
		return !slices.ContainsFunc(apps, func(other aloft.App) bool { return other.Path == app.Path && other.Name != app.Name })
	}
}

// undetected adds to an error of detection what to do about it here.
func undetected(err error) error {
	return aloft.Errorf(aloft.ErrorCode(err), "%w", err).
		WithHint("say what it is: aloft init --runtime node --path <folder>; or add a Dockerfile")
}

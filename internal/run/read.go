package run

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/detect"
	"github.com/aloft-dev/aloft/internal/manifest"
)

// checkout puts the files of a commit into the run's own folder.
func (p *Pipeline) checkout(ctx context.Context, s *step, run aloft.Run, revision string) (source, error) {
	dir := filepath.Join(p.runDir(run), "source")
	if err := p.rescue(run); err != nil {
		return source{}, err
	}
	if err := os.RemoveAll(dir); err != nil {
		return source{}, fmt.Errorf("cannot clear the folder of run %d: %w", run.ID, err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return source{}, fmt.Errorf("cannot make the folder of run %d: %w", run.ID, err)
	}
	absent, err := p.Repository(run.Project).Checkout(ctx, revision, dir)
	if err != nil {
		return source{}, err
	}
	if len(absent.Submodules) > 0 {
		s.voice.detail("warning: submodules are not fetched and stay empty folders: %s; commit their files instead", quotedNames(absent.Submodules))
	}
	if len(absent.Pointers) > 0 {
		s.voice.detail("warning: files of Git LFS are not fetched and stay pointers: %s; commit the files themselves instead", quotedNames(absent.Pointers))
	}
	s.say(short(revision))
	return source{dir: dir}, nil
}

// quotedNames lists names that somebody else chose, the first ones of many.
func quotedNames(names []string) string {
	few := make([]string, 0, maxNamed)
	for _, name := range names[:min(len(names), maxNamed)] {
		few = append(few, strconv.Quote(name))
	}
	if more := len(names) - len(few); more > 0 {
		few = append(few, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(few, ", ")
}

// read finds out what the commit asks for: its manifest, its apps, its Terraform.
func (p *Pipeline) read(s *step, run aloft.Run, src source) (desired, error) {
	d := desired{source: src}
	files := os.DirFS(src.dir)
	var err error
	if d.manifest, err = manifest.Load(files); err != nil {
		return d, err
	}
	if d.manifest.Project != "" && d.manifest.Project != run.Project {
		return d, aloft.Errorf(aloft.CodeInvalid, "%s says project %q, but this is project %q",
			manifest.File, d.manifest.Project, run.Project).
			WithHint("push to the remote of %q, or change the line", d.manifest.Project)
	}
	d.settings = d.manifest.Environment(run.Environment)
	folder := d.manifest.TerraformFolder()
	d.terraform = filepath.Join(src.dir, filepath.FromSlash(folder))
	if _, err := fs.Stat(files, folder); errors.Is(err, fs.ErrNotExist) {
		return d, aloft.Errorf(aloft.CodeInvalid, "there is no folder %s/ in commit %s: Aloft does not know which resources the environment needs",
			folder, short(run.Revision)).
			WithHint("docs/quick-start.md shows the shortest Terraform for an app; another folder is named by \"terraform:\" in %s", manifest.File)
	}
	if d.summary, err = p.Inspect(d.terraform, folder); err != nil {
		return d, err
	}
	for name := range d.settings.Variables {
		if !slices.Contains(d.summary.Variables, name) {
			s.voice.detail("warning: aloft.yaml sets the variable %q, which Terraform does not declare", name)
		}
	}
	if !d.hasApps() {
		s.say("infrastructure only, no output \"apps\"")
		return d, nil
	}
	if d.foreign, err = foreignTo(src, folder); err != nil {
		return d, err
	}
	if d.apps, err = readApps(files, d.manifest, d.summary.Local); err != nil {
		return d, err
	}
	for _, app := range d.apps {
		describe(s, app)
	}
	return d, nil
}

// readApps finds out about the apps of the manifest. Local says that this machine
// runs them, which starts no functions.
func readApps(files fs.FS, m manifest.Manifest, local bool) ([]aloft.App, error) {
	var apps []aloft.App
	for _, name := range m.AppNames() {
		found, err := detect.As(files, m.AppPath(name), m.AppRuntime(name))
		app := m.Override(name, found)
		// A manifest that says how to start makes up for what was not recognised,
		// not for a file that cannot be read.
		told := !app.Start.Empty() || app.Static.Value != "" || app.Function.Value != "" && !local
		unread := aloft.ErrorCode(err) != aloft.CodeNotFound && found.Runtime.Value == ""
		if err != nil && (!told || unread) {
			return nil, err
		}
		apps = append(apps, app)
	}
	return apps, nil
}

// hostOf says who starts an app that has no start command of its own; "" = nobody.
func hostOf(app aloft.App) string {
	if app.Function.Value == "" || !app.Start.Empty() {
		return ""
	}
	return "by the host of its functions"
}

// describe writes the plan box: each value with where it came from.
func describe(s *step, app aloft.App) {
	var rows [][2]string
	add := func(label, value string, from aloft.Source) {
		if value != "" {
			rows = append(rows, [2]string{label, value + from.String()})
		}
	}
	if app.Version.Value == "" {
		add("runtime", app.Runtime.Value, app.Runtime.Source)
	} else {
		add("runtime", app.Runtime.Value+" "+app.Version.Value, app.Version.Source)
	}
	add("framework", app.Framework.Value, app.Framework.Source)
	add("package", app.Package.Value, app.Package.Source)
	for _, command := range app.Build {
		add("build", command.String(), command.Source)
	}
	add("start", app.Start.String(), app.Start.Source)
	add("start", hostOf(app), app.Function.Source)
	for _, name := range slices.Sorted(maps.Keys(app.Processes)) {
		add(name, app.Processes[name].String(), app.Processes[name].Source)
	}
	add("static", app.Static.Value, app.Static.Source)
	add("release", app.Release.String(), app.Release.Source)
	add("health", app.Health.Value, app.Health.Source)
	for _, addOn := range app.AddOns {
		add("needs", addOn.Kind, addOn.Source)
	}
	s.voice.detail("┌ %s", app.Name)
	for i, row := range rows {
		edge := "│"
		if i == len(rows)-1 {
			edge = "└"
		}
		s.voice.detail("%s %-9s %s", edge, row[0], row[1])
	}
}

func short(revision string) string {
	if len(revision) > 8 {
		return revision[:8]
	}
	return revision
}

// firstLine keeps log lines of commits to one line.
func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

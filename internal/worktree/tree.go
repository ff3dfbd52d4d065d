// Package worktree is a user's repository on disk: what is there is read and compared,
// and files are written all or none.
package worktree

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/blueprint"
	"github.com/aloft-dev/aloft/internal/manifest"
	"github.com/aloft-dev/aloft/internal/nubesgen"
	"github.com/aloft-dev/aloft/internal/terraform"
)

// Tree is the repository that files are written into. Nothing is read or
// written outside of it, links included.
type Tree struct {
	Root   string
	folder *os.Root
	Files  fs.FS
}

func Open(ctx context.Context) (*Tree, error) {
	root, err := Git(ctx, "", "rev-parse", "--show-toplevel")
	if err != nil {
		return nil, noRepository(err)
	}
	folder, err := os.OpenRoot(root)
	if err != nil {
		return nil, aloft.Errorf(aloft.CodeUnavailable, "cannot open %s: %w", root, err)
	}
	return &Tree{root, folder, folder.FS()}, nil
}

func (t *Tree) Close() { _ = t.folder.Close() }

// noRepository tells why git knows no repository here.
func noRepository(err error) error {
	if errors.Is(err, exec.ErrNotFound) {
		return aloft.Errorf(aloft.CodeUnavailable, "git is not on the PATH, and git is what environments follow").WithHint("install git: https://git-scm.com")
	}
	said := ""
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		said, _, _ = strings.Cut(strings.TrimPrefix(string(failed.Stderr), "fatal: "), "\n")
	}
	if said == "" || strings.HasPrefix(said, "not a git repository") {
		return aloft.Errorf(aloft.CodeInvalid, "this folder is in no git repository, and git is what environments follow").
			WithHint("go to your project's folder, or: git init")
	}
	return aloft.Errorf(aloft.CodeInvalid, "git does not open the repository of this folder: %s", said).
		WithHint("`git status` says what to do about it")
}

// Text reads a file, if there is one, with the line breaks of Unix; carriage tells
// that it has those of Windows. A link is not followed.
func (t *Tree) Text(name string) (text string, carriage, there bool, _ error) {
	info, err := t.folder.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) { // write tells of a file in the place of a folder
		return "", false, false, nil
	}
	if err == nil && !info.Mode().IsRegular() {
		return "", false, true, aloft.Errorf(aloft.CodeConflict, "cannot read %s: it is a link, or no file", name).WithHint("put the file itself there; nothing was changed")
	}
	var data []byte
	if err == nil {
		data, err = t.folder.ReadFile(name)
	}
	if err != nil {
		return "", false, true, aloft.Errorf(aloft.CodeUnavailable, "cannot read %s: %w", name, err).WithHint("nothing was changed; it must be a plain file, in a folder of the repository itself")
	}
	return strings.ReplaceAll(string(data), "\r\n", "\n"), strings.Contains(string(data), "\r\n"), true, nil
}

// terraform reads the Terraform that is there, the given paths among it, and names
// whatever else stands in folders of modules. Texts and whether they have the line
// breaks of Windows, by path.
func (t *Tree) terraform(known []string) (texts map[string]string, carriage map[string]bool, _ error) {
	texts, carriage = map[string]string{}, map[string]bool{}
	paths := slices.Clone(known)
	_ = fs.WalkDir(t.Files, "terraform", func(name string, entry fs.DirEntry, err error) error { // what cannot be read is no obstacle
		switch {
		case err == nil && entry.IsDir() && (strings.HasPrefix(entry.Name(), ".") || name+"/" == originals):
			return fs.SkipDir
		case err != nil || !entry.Type().IsRegular() || strings.HasPrefix(entry.Name(), "."):
		case path.Ext(name) == ".tf":
			paths = append(paths, name)
		case strings.HasPrefix(name, "terraform/modules/"):
			texts[name] = ""
		}
		return nil
	})
	for _, name := range slices.Compact(slices.Sorted(slices.Values(paths))) {
		text, windows, there, err := t.Text(name)
		if err != nil {
			return nil, nil, err
		}
		if there {
			texts[name], carriage[name] = text, windows
		}
	}
	return texts, carriage, nil
}

// Record reads the blueprint that is there, if one is.
func (t *Tree) Record() (blueprint.Record, bool, error) {
	data, _, there, err := t.Text(blueprint.RecordFile)
	if !there || err != nil {
		return blueprint.Record{}, there, err
	}
	r, err := blueprint.ParseRecord([]byte(data))
	return r, true, err
}

// Replacement is Terraform of another origin that ours takes the place of.
type Replacement struct {
	Mapping *blueprint.Mapping // what it says of the project
	Remove  []string           // files that go
}

// Ours makes sure that nobody else's Terraform or workflow is in the way: it is
// shown, with what it must have to be used as it is.
func (t *Tree) Ours(ctx context.Context, fromNubesGen bool) (Replacement, error) {
	mapping, known, err := nubesgen.FromSource(t.Files)
	if err != nil {
		return Replacement{}, err
	}
	switch {
	case fromNubesGen && !known:
		return Replacement{}, aloft.Errorf(aloft.CodeNotFound, "this repository was not generated by NubesGen: there is no terraform/main.tf of its kind").
			WithHint("aloft init without --from-nubesgen writes files beside yours")
	case fromNubesGen:
		files, err := t.nubesGenFiles(ctx)
		return Replacement{&mapping, files}, err
	case known:
		return Replacement{}, aloft.Errorf(aloft.CodeConflict, "the Terraform of this repository was generated by NubesGen; it works with Aloft as it is").
			WithHint("aloft up <environment> uses it; aloft init --from-nubesgen writes today's in its place")
	}
	var foreign []string
	for _, pattern := range []string{"*.tf", "*.tf.json", "*.tofu", "*.tofu.json"} {
		found, _ := fs.Glob(t.Files, "terraform/"+pattern)
		foreign = append(foreign, found...)
	}
	if len(foreign) > 0 {
		return Replacement{}, aloft.Errorf(aloft.CodeConflict, "there is Terraform of yours already (%s): it is not touched. %s", strings.Join(foreign, ", "), t.contract()).
			WithHint("use it as it is: aloft up <environment>; or move it away to begin anew")
	}
	return Replacement{}, nil
}

// contract says how far the Terraform that is there can be used as it is.
func (t *Tree) contract() string {
	summary, err := terraform.Inspect(filepath.Join(t.Root, "terraform"), "terraform")
	if err != nil {
		return "It cannot be read: " + err.Error()
	}
	var missing []string
	for _, name := range []string{"project", "environment"} {
		if !slices.Contains(summary.Variables, name) && (name != "project" || !slices.Contains(summary.Variables, "application_name")) {
			missing = append(missing, "a variable "+name)
		}
	}
	if !slices.Contains(summary.Outputs, "apps") && !slices.Contains(summary.Outputs, "application_url") {
		missing = append(missing, `an output "apps" (name to hosting, name and url) for apps to be deployed`)
	}
	if summary.Backend == "" && !summary.Local {
		missing = append(missing, "a backend block, to be used without a server")
	}
	if len(missing) == 0 {
		return "It has all that Aloft needs."
	}
	return "To be used as it is, it lacks " + strings.Join(missing, ", ")
}

// nubesGenFiles lists what NubesGen has written and git has: all else stays.
func (t *Tree) nubesGenFiles(ctx context.Context) ([]string, error) {
	output, err := Git(ctx, t.Root, "ls-files", "-z", "--", "terraform", ".github/workflows")
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(strings.Split(output, "\x00"), func(name string) bool { return !nubesgen.Writes(name) }), nil
}

// Manifest fits the choices to a manifest of the user's own, which stays: the
// project's name is there already. What it says otherwise is refused.
func (t *Tree) Manifest(c *blueprint.Choices, named bool) (own bool, _ error) {
	m, err := manifest.Load(t.Files)
	if err != nil {
		return false, err
	}
	if _, err := t.folder.Lstat(manifest.File); err != nil {
		return false, nil
	}
	if folder := m.TerraformFolder(); folder != "terraform" {
		return true, aloft.Errorf(aloft.CodeConflict, "%s says that the Terraform is in %s, and init writes terraform/", manifest.File, folder).
			WithHint("take the line \"terraform: %s\" out of %s first", folder, manifest.File)
	}
	if m.Project != "" && !named {
		c.Name = m.Project
	}
	if m.Project != "" && m.Project != c.Name {
		return true, aloft.Errorf(aloft.CodeConflict, "%s names the project %s, not %s", manifest.File, m.Project, c.Name).
			WithHint("leave --name out, or change the line \"project: %s\"", m.Project)
	}
	for _, a := range c.Apps {
		if names := m.AppNames(); !slices.Contains(names, a.Name) {
			return true, aloft.Errorf(aloft.CodeConflict, "%s has no app %s: it has %s", manifest.File, a.Name, strings.Join(names, ", ")).
				WithHint("write it there first, below apps: %s: { path: %s }; or choose among those: --app %s:path=%s", a.Name, a.Path, names[0], m.AppPath(names[0]))
		}
	}
	return true, nil
}

// Free makes sure that no file of the user's stands where one is to be written.
func (t *Tree) Free(files []blueprint.File, remove []string) error {
	var taken []string
	for _, f := range files {
		if _, err := t.folder.Lstat(f.Path); err == nil && !slices.Contains(remove, f.Path) {
			taken = append(taken, f.Path)
		}
	}
	if len(taken) == 0 {
		return nil
	}
	err := aloft.Errorf(aloft.CodeConflict, "there are files of yours where ours would be: %s", strings.Join(taken, ", "))
	if slices.Equal(taken, []string{blueprint.WorkflowFile}) {
		return err.WithHint("nothing was written; give yours another name; a workflow needs no more than `aloft up <environment>` on a push of env-*, and `aloft destroy <environment>` on its end")
	}
	return err.WithHint("nothing was written; move them away; with --from-nubesgen, commit them first")
}

// Clean makes sure that git has whatever the paths hold, so that nothing is lost.
func (t *Tree) Clean(ctx context.Context, paths []string) error {
	if len(paths) == 0 {
		return nil
	}
	names, err := t.Changes(ctx, append([]string{"--untracked-files=all", "--"}, paths...)...)
	if err != nil || len(names) == 0 {
		return err
	}
	return aloft.Errorf(aloft.CodeConflict, "files that would be removed have changes that are not committed: %s", strings.Join(names, ", ")).
		WithHint("commit them first (git add --all && git commit), or stash them: git stash --include-untracked")
}

func LockPlatforms() []string {
	var list []string
	for _, platform := range []string{"linux_amd64", "linux_arm64", "darwin_arm64", "windows_amd64"} {
		list = append(list, "-platform="+platform)
	}
	return list
}

// lockTime is how long the registry may take.
const lockTime = 5 * time.Minute

// LockProviders lets an engine that is there already write the lock file.
func LockProviders(ctx context.Context, dir, program string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, lockTime, fmt.Errorf("the registry took longer than %s", lockTime))
	defer cancel()
	engine, err := terraform.Find(ctx, terraform.FindOptions{CacheDir: aloft.CacheDir(""), Kind: program, Path: os.Getenv("PATH")})
	if err != nil {
		return err
	}
	data, err := os.MkdirTemp("", "aloft-lock-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(data) }()
	for _, args := range [][]string{{"get"}, append([]string{"providers", "lock"}, LockPlatforms()...)} {
		command := exec.CommandContext(ctx, engine.Path, append(args, "-no-color")...)
		command.Dir = dir
		command.Env = append(os.Environ(), "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "TF_DATA_DIR="+data)
		switch output, err := command.CombinedOutput(); {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			return fmt.Errorf("%s %s: %s", program, args[0], engineError(string(output), err))
		}
	}
	return nil
}

// engineError is what an engine says went wrong: the headline of its first error,
// and the first cause in its list of causes.
func engineError(output string, err error) string {
	_, text, found := strings.Cut(output, "Error: ")
	if !found {
		return err.Error()
	}
	headline, detail, _ := strings.Cut(text, "\n")
	if _, cause, found := strings.Cut(detail, "\n- "); found {
		cause, _, _ = strings.Cut(cause, "\n\n")
		cause, _, _ = strings.Cut(cause, "\n- ")
		headline += ": " + strings.Join(strings.Fields(cause), " ")
	}
	return strings.TrimSpace(headline)
}

// changes lists what is not committed; the arguments are those of git status.
func (t *Tree) Changes(ctx context.Context, args ...string) ([]string, error) {
	status, err := Git(ctx, t.Root, append([]string{"-c", "core.quotePath=false", "status", "--porcelain"}, args...)...)
	if err != nil {
		return nil, err
	}
	var names []string
	for line := range strings.Lines(status) {
		if name := strings.TrimSpace(line); len(name) > 2 {
			names = append(names, strings.TrimSpace(name[2:]))
		}
	}
	return names, nil
}

// Unrelated lists the changes that are not committed in a repository with commits:
// what init writes is a commit of its own there. Without a commit all belongs together.
func (t *Tree) Unrelated(ctx context.Context) ([]string, error) {
	if _, err := Git(ctx, t.Root, "rev-parse", "--verify", "--quiet", "HEAD"); err != nil {
		return nil, nil
	}
	return t.Changes(ctx, "--untracked-files=normal")
}

// StaleSizes tells of sizes of single environments that no longer go.
func (t *Tree) StaleSizes(choices blueprint.Choices) []string {
	var list []string
	files, _ := fs.Glob(t.Files, "terraform/environments/*.tfvars") // the pattern is valid
	for _, path := range files {
		if data, err := t.folder.ReadFile(path); err == nil {
			list = append(list, choices.StaleSizes(path, data)...)
		}
	}
	return list
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/blueprint"
)

func newAdd(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "add SERVICE[=TIER]",
		Short: "Add a database or another service to the Terraform",
		Long: `Add writes a service into terraform/, and its addresses into the settings of the
apps. Your edits and comments stay.

` + serviceHelp(),
		Args: arguments("SERVICE"),
		RunE: func(command *cobra.Command, args []string) error {
			return change(command, o, func(c blueprint.Choices) (blueprint.Choices, error) { return c.Add(args[0]) })
		},
	}
}

func newRemove(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "remove SERVICE",
		Short: "Take a service out of the Terraform",
		Long: `Remove takes a service out of terraform/. The next push destroys it, with what is
in it, in that push's environment.`,
		Args: arguments("SERVICE"),
		RunE: func(command *cobra.Command, args []string) error {
			return change(command, o, func(c blueprint.Choices) (blueprint.Choices, error) { return c.Remove(args[0]) })
		},
	}
}

func newSet(o *options) *cobra.Command {
	var environment string
	command := &cobra.Command{
		Use:   "set KEY=VALUE",
		Short: "Change a choice, for every environment or for one",
		Long: `Set changes a choice in terraform/, such as database.tier=general-purpose or
web.health=/healthz (an only app needs no name: health=/healthz). With --env it
holds for that environment alone: it goes into terraform/environments/ENV.tfvars.`,
		Args: arguments("KEY=VALUE"),
		RunE: func(command *cobra.Command, args []string) error {
			key, value, ok := strings.Cut(args[0], "=")
			if !ok {
				return misuse{aloft.Errorf(aloft.CodeInvalid, "%q has no =", args[0]).WithHint("aloft set database.tier=general-purpose")}
			}
			if environment != "" {
				return setInEnvironment(command, o, strings.TrimPrefix(environment, aloft.BranchPrefix), key, value)
			}
			return change(command, o, func(c blueprint.Choices) (blueprint.Choices, error) { return c.Set(key, value) })
		},
	}
	command.Flags().StringVar(&environment, "env", "", "the environment that it holds for; default: all that have no value of their own")
	return command
}

func newUpgrade(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "upgrade",
		Short: "Bring the Terraform and the workflow to this version of Aloft",
		Long: `Upgrade brings what changed between the Aloft that wrote the files and this one
into them, by a three-way merge: your edits stay. Where both changed the same
thing yours stays, and upgrade says what it would have written; text that is not
Terraform gets git's conflict marks. It exits with 1 when there is such a place.`,
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			return change(command, o, func(c blueprint.Choices) (blueprint.Choices, error) { return c, nil })
		},
	}
}

func serviceHelp() string {
	var b strings.Builder
	for _, option := range append(blueprint.Databases()[1:], blueprint.AddOns()...) {
		tiers := make([]string, 0, 4)
		for _, tier := range blueprint.Tiers(option.Value) {
			tiers = append(tiers, tier.Value)
		}
		_, _ = fmt.Fprintf(&b, "  %-21s %s\n", option.Value, strings.Join(tiers, ", "))
	}
	return "Services and their tiers, the usual one first:\n" + strings.TrimRight(b.String(), "\n")
}

// changed is what add, remove, set and upgrade have done.
type changed struct {
	Written   []string                        `json:"written"`
	Removed   []string                        `json:"removed"`
	Conflicts map[string][]blueprint.Conflict `json:"conflicts,omitempty"` // by path
	Notices   []string                        `json:"notices,omitempty"`
}

// change renders the blueprint anew and merges what became different.
func change(command *cobra.Command, o *options, edit func(blueprint.Choices) (blueprint.Choices, error)) error {
	ctx := command.Context()
	tree, record, err := openBlueprint(ctx)
	if err != nil {
		return err
	}
	defer tree.close()
	next, err := edit(record.Choices)
	if err != nil {
		return choiceError(err)
	}
	files, made, err := blueprints().RenderApart(next)
	if err != nil {
		return choiceError(err)
	}
	m := &fileMerge{
		tree: tree, record: record, now: rendered(record.Choices), next: byPath(files), edited: map[string]bool{}, stale: map[string]bool{},
		changed: changed{Written: []string{}, Removed: []string{}, Conflicts: map[string][]blueprint.Conflict{}},
	}
	if err := m.all(ctx); err != nil {
		return err
	}
	if err := m.keep(made); err != nil {
		return err
	}
	if err := tree.write(m.files, m.changed.Removed); err != nil {
		return err
	}
	told := record.Choices.Notices() // when the choices became what they were
	m.changed.Notices = append(tree.staleSizes(next), slices.DeleteFunc(next.Notices(), func(n string) bool { return slices.Contains(told, n) })...)
	if err := o.print(command.OutOrStdout(), m.changed, func(w io.Writer) error { return showChanged(w, m.changed) }); err != nil {
		return err
	}
	if len(m.changed.Conflicts) > 0 {
		return exitCode(exitFailed)
	}
	return nil
}

// openBlueprint opens the repository and the blueprint that must be there.
func openBlueprint(ctx context.Context) (*sourceTree, blueprint.Record, error) {
	tree, err := openSourceTree(ctx)
	if err != nil {
		return nil, blueprint.Record{}, err
	}
	record, there, err := tree.record()
	if err == nil && !there {
		err = aloft.Errorf(aloft.CodeNotFound, "there is no blueprint here: %s is missing", blueprint.RecordFile).WithHint("aloft init writes one")
	}
	if err != nil {
		tree.close()
	}
	return tree, record, err
}

// rendered are the files that this program makes of choices: those of the
// record, when the same version wrote it.
func rendered(c blueprint.Choices) map[string]string {
	files, _, err := blueprints().RenderApart(c)
	if err != nil {
		return nil
	}
	return byPath(files)
}

func byPath(files []blueprint.File) map[string]string {
	texts := map[string]string{}
	for _, f := range files {
		texts[f.Path] = f.Text
	}
	return texts
}

// fileMerge brings the difference between two renderings into the files of a
// repository.
type fileMerge struct {
	tree    *sourceTree
	record  blueprint.Record
	now     map[string]string // what this program makes of the recorded choices
	next    map[string]string // what it makes of the new ones
	files   []blueprint.File  // to be written
	edited  map[string]bool   // files that differ from what was rendered: git has the original nowhere
	stale   map[string]bool   // files that could not be merged: their record stays
	changed changed
}

// originals is where the text of an edited file is kept as it was rendered, for
// the next merge, in the repository: whoever clones it can upgrade.
const originals = "terraform/originals/"

func (m *fileMerge) all(ctx context.Context) error {
	var list []string
	for path := range m.record.Files {
		list = append(list, path)
	}
	for path := range m.next {
		if _, known := m.record.Files[path]; !known {
			list = append(list, path)
		}
	}
	slices.Sort(list)
	for _, path := range list {
		if err := m.one(ctx, path); err != nil {
			return err
		}
	}
	return nil
}

func (m *fileMerge) one(ctx context.Context, path string) error {
	if path == blueprint.RecordFile || path == blueprint.ManifestFile && m.record.Files[path] == "" {
		return nil // written at last; and a manifest of the user's own
	}
	yours, carriage, there, err := m.tree.text(path)
	if err != nil {
		return err
	}
	next, wanted := m.next[path]
	id, recorded := m.record.Files[path]
	original := recorded && there && blueprint.BlobID(yours) == id
	m.edited[path] = there && wanted && yours != next && !original
	switch {
	case there && yours == next, !there && recorded: // so already; or taken out by its owner
	case wanted && !there, wanted && original:
		m.write(path, yours, next, carriage)
	case !wanted && original:
		m.changed.Removed = append(m.changed.Removed, path)
	case !wanted:
		if there {
			m.conflict(path, blueprint.Conflict{Yours: "edited"})
		}
	case !recorded:
		m.conflict(path, blueprint.Conflict{Yours: "a file of yours"})
	default:
		return m.merge(ctx, path, yours, next, carriage)
	}
	return nil
}

// keep writes the record of what is rendered now, and the originals of the files
// that are edited.
func (m *fileMerge) keep(record blueprint.Record) error {
	if m.record.Files[blueprint.ManifestFile] == "" {
		delete(record.Files, blueprint.ManifestFile)
	}
	for path := range m.stale {
		if id, recorded := m.record.Files[path]; recorded {
			record.Files[path] = id
		}
	}
	file, err := record.File()
	if err != nil {
		return err
	}
	before, carriage, _, err := m.tree.text(blueprint.RecordFile)
	if err != nil {
		return err
	}
	m.write(blueprint.RecordFile, before, file.Text, carriage)
	for path, text := range m.next {
		place := originals + path + ".txt"
		kept, carriage, there, err := m.tree.text(place)
		switch {
		case err != nil:
			return err
		case m.stale[path]:
		case m.edited[path] && m.record.Files[path] != blueprint.BlobID(text):
			m.write(place, kept, text, carriage)
		case !m.edited[path] && there:
			m.changed.Removed = append(m.changed.Removed, place)
		}
	}
	slices.Sort(m.changed.Written)
	slices.Sort(m.changed.Removed)
	return nil
}

// write notes a file to be written, with the line breaks that it had.
func (m *fileMerge) write(path, yours, text string, carriage bool) {
	if yours != text {
		if carriage {
			text = strings.ReplaceAll(text, "\n", "\r\n")
		}
		m.files = append(m.files, blueprint.File{Path: path, Text: text})
		m.changed.Written = append(m.changed.Written, path)
	}
}

func (m *fileMerge) conflict(path string, c ...blueprint.Conflict) {
	if len(c) > 0 {
		m.changed.Conflicts[path] = append(m.changed.Conflicts[path], c...)
	}
}

// merge merges a file that was edited.
func (m *fileMerge) merge(ctx context.Context, path, yours, next string, carriage bool) error {
	base, found := m.base(ctx, path)
	switch {
	case !found:
		m.stale[path] = true
		m.conflict(path, blueprint.Conflict{Yours: "edited, and what it was made from is in no commit"})
		return nil
	case base == next:
		return nil
	case strings.HasSuffix(path, ".tf"):
		text, conflicts, err := blueprint.MergeTerraform(path, base, yours, next)
		if err != nil {
			return err
		}
		m.write(path, yours, text, carriage)
		m.conflict(path, conflicts...)
		return nil
	}
	text, clean, err := mergeText(ctx, path, base, yours, next)
	if err != nil {
		return err
	}
	m.write(path, yours, text, carriage)
	if !clean {
		m.conflict(path, blueprint.Conflict{Yours: "see the conflict marks in the file"})
	}
	return nil
}

// base finds the text that a file was rendered as: made again by this program,
// kept beside, or in git's history.
func (m *fileMerge) base(ctx context.Context, path string) (string, bool) {
	id := m.record.Files[path]
	if text, ok := m.now[path]; ok && blueprint.BlobID(text) == id {
		return text, true
	}
	if kept, _, _, err := m.tree.text(originals + path + ".txt"); err == nil && blueprint.BlobID(kept) == id {
		return kept, true
	}
	command := exec.CommandContext(ctx, "git", "cat-file", "blob", id)
	command.Dir = m.tree.root
	output, err := command.Output()
	return string(output), err == nil
}

// mergeText is git's own merge of a text.
func mergeText(ctx context.Context, path, base, yours, next string) (string, bool, error) {
	dir, err := os.MkdirTemp("", "aloft-merge-")
	if err != nil {
		return "", false, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	for name, text := range map[string]string{"base": base, "yours": yours, "next": next} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return "", false, err
		}
	}
	merge := exec.CommandContext(ctx, "git", "merge-file", "-p", "-L", "yours", "-L", "before", "-L", "aloft", "yours", "base", "next")
	merge.Dir = dir
	output, err := merge.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() > 0 && exit.ExitCode() < 128 {
		return string(output), false, nil
	}
	if err != nil {
		return "", false, aloft.Errorf(aloft.CodeFailed, "cannot merge %s: %w", path, err)
	}
	return string(output), true, nil
}

func showChanged(w io.Writer, c changed) error {
	ink := paletteFor(w)
	for _, path := range c.Written {
		_, _ = fmt.Fprintln(w, "       written "+path)
	}
	for _, path := range c.Removed {
		_, _ = fmt.Fprintln(w, "       removed "+path)
	}
	paths := make([]string, 0, len(c.Conflicts))
	for path := range c.Conflicts {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	for _, path := range paths {
		for _, conflict := range c.Conflicts[path] {
			_, _ = fmt.Fprintln(w, ink.paint(fmt.Sprintf(" !     %s: yours stays: %s", strings.TrimSpace(path+" "+conflict.Place), conflict.Yours), warn))
			if conflict.Ours != "" {
				_, _ = fmt.Fprintln(w, ink.paint(" !     → aloft would write: "+conflict.Ours, warn))
			}
		}
	}
	for _, notice := range c.Notices {
		_, _ = fmt.Fprintln(w, ink.paint(" !     "+notice, warn))
	}
	if len(c.Written)+len(c.Removed)+len(c.Conflicts) == 0 {
		_, err := fmt.Fprintln(w, "nothing to change")
		return err
	}
	_, err := fmt.Fprintln(w, ink.paint("=====> See it: git diff. Plan it: aloft plan <environment>", strong))
	return err
}

// staleSizes tells of sizes of single environments that no longer go.
func (t *sourceTree) staleSizes(choices blueprint.Choices) []string {
	var list []string
	files, _ := fs.Glob(t.source, "terraform/environments/*.tfvars") // the pattern is valid
	for _, path := range files {
		if data, err := t.folder.ReadFile(path); err == nil {
			list = append(list, choices.StaleSizes(path, data)...)
		}
	}
	return list
}

// setInEnvironment writes a value into the environment's own variables.
func setInEnvironment(command *cobra.Command, o *options, environment, key, value string) error {
	if err := aloft.ValidateEnvironmentName(environment); err != nil {
		return misuse{err}
	}
	tree, record, err := openBlueprint(command.Context())
	if err != nil {
		return err
	}
	defer tree.close()
	input, err := record.Choices.Input(key, value)
	if err != nil {
		return choiceError(err)
	}
	path := "terraform/environments/" + environment + ".tfvars"
	before, carriage, there, err := tree.text(path)
	if err == nil && !there { // what holds for the rest holds for this one until it says otherwise
		before, carriage, there, err = tree.text("terraform/environments/default.tfvars")
	}
	if err != nil {
		return err
	}
	if !there {
		before = fmt.Sprintf("# What environment %s has otherwise than variables.tf says.\n", environment)
	}
	text, err := blueprint.SetVariable(path, []byte(before), input, value)
	if err != nil {
		return err
	}
	if carriage {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	if err := tree.write([]blueprint.File{{Path: path, Text: text}}, nil); err != nil {
		return err
	}
	return o.print(command.OutOrStdout(), changed{Written: []string{path}, Removed: []string{}}, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "       written %s: %s = %q\n", path, input, value)
		return err
	})
}

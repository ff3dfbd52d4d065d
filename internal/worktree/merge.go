package worktree

import (
	"context"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/blueprint"
	"github.com/aloft-dev/aloft/internal/merge"
)

// fileMerge brings the difference between two renderings into the files of a
// repository.
type fileMerge struct {
	tree    *Tree
	record  blueprint.Record
	now     map[string]string // what this program makes of the recorded choices
	next    map[string]string // what it makes of the new ones
	files   []blueprint.File  // to be written
	edited  map[string]bool   // files that differ from what was rendered: git has the original nowhere
	stale   map[string]bool   // files that could not be merged: their record stays
	changed Changed
}

// originals is where the text of an edited file is kept as it was rendered, for
// the next merge, in the repository: whoever clones it can upgrade.
const originals = "terraform/originals/"

// Update writes what became different between two renderings of a blueprint, now and
// next, into the files of the tree, by a three-way merge. made is the record of next.
func (t *Tree) Update(ctx context.Context, record blueprint.Record, now, next map[string]string, made blueprint.Record) (Changed, error) {
	m := &fileMerge{
		tree: t, record: record, now: now, next: next, edited: map[string]bool{}, stale: map[string]bool{},
		changed: Changed{Written: []string{}, Removed: []string{}, Conflicts: map[string][]merge.Conflict{}},
	}
	if err := m.all(ctx); err != nil {
		return m.changed, err
	}
	if err := m.keep(made); err != nil {
		return m.changed, err
	}
	return m.changed, t.Write(m.files, m.changed.Removed)
}

func (m *fileMerge) all(ctx context.Context) error {
	paths := map[string]bool{}
	for _, texts := range []map[string]string{m.record.Files, m.next} {
		for path := range texts {
			paths[path] = true
		}
	}
	var engines []string // what they read
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		if strings.HasSuffix(path, ".tf") {
			engines = append(engines, path)
		} else if err := m.one(ctx, path); err != nil {
			return err
		}
	}
	return m.terraform(ctx, engines)
}

// terraform merges what engines read: all of it as one.
func (m *fileMerge) terraform(ctx context.Context, paths []string) error {
	yours, carriage, err := m.tree.terraform(paths)
	if err != nil {
		return err
	}
	t := merge.Tree{
		Root: blueprint.TerraformFolder, Modules: blueprint.ModulesFolder,
		Recorded: m.record.Files, Base: map[string]string{}, Now: m.now, Next: m.next, Yours: yours,
	}
	for _, path := range paths {
		id, recorded := m.record.Files[path]
		if !recorded {
			continue
		}
		if text, there := yours[path]; there && aloft.BlobID(text) == id {
			t.Base[path] = text
		} else if text, found := m.base(ctx, path); found {
			t.Base[path] = text
		}
	}
	merged, err := t.Merge()
	if err != nil {
		return err
	}
	for path, text := range merged.Texts {
		m.write(path, yours[path], text, carriage[path])
	}
	for path, text := range m.next {
		if strings.HasSuffix(path, ".tf") {
			m.edited[path] = merged.Texts[path] != text
		}
	}
	m.changed.Removed = append(m.changed.Removed, merged.Removed...)
	m.changed.Notices = merged.Notices
	for path, conflicts := range merged.Conflicts {
		m.conflict(path, conflicts...)
	}
	for _, path := range merged.Foreign {
		if err := m.show(ctx, path, foreign, merged.Texts[path]); err != nil {
			return err
		}
	}
	for _, path := range merged.Stale {
		if text := merged.Texts[path]; text != m.next[path] {
			m.stale[path] = true
			if err := m.show(ctx, path, originUnknown, text); err != nil {
				return err
			}
		}
	}
	return nil
}

// What stands in the way of a file as a whole.
const (
	foreign       = "a file of yours"
	originUnknown = "edited, and what it was made from is in no commit"
)

// show tells of a file that stays, and how it would be.
func (m *fileMerge) show(ctx context.Context, path, why, yours string) error {
	diff, err := difference(ctx, path, yours, m.next[path])
	m.conflict(path, merge.Conflict{Yours: why, Diff: diff})
	return err
}

func (m *fileMerge) one(ctx context.Context, path string) error {
	if path == blueprint.RecordFile || path == blueprint.ManifestFile && m.record.Files[path] == "" {
		return nil // written at last; and a manifest of the user's own
	}
	yours, carriage, there, err := m.tree.Text(path)
	if err != nil {
		return err
	}
	next, wanted := m.next[path]
	id, recorded := m.record.Files[path]
	original := recorded && there && aloft.BlobID(yours) == id
	m.edited[path] = there && wanted && yours != next && !original
	switch {
	case there && yours == next, !there && recorded: // so already; or taken out by its owner
	case wanted && !there, wanted && original:
		m.write(path, yours, next, carriage)
	case !wanted && original:
		m.changed.Removed = append(m.changed.Removed, path)
	case !wanted:
		if there {
			m.conflict(path, merge.Conflict{Yours: "edited"})
		}
	case !recorded:
		return m.show(ctx, path, foreign, yours)
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
	before, carriage, _, err := m.tree.Text(blueprint.RecordFile)
	if err != nil {
		return err
	}
	m.write(blueprint.RecordFile, before, file.Text, carriage)
	for path := range m.record.Files {
		if _, wanted := m.next[path]; !wanted {
			if err := m.forget(path); err != nil {
				return err
			}
		}
	}
	for path, text := range m.next {
		place := originals + path + ".txt"
		kept, carriage, there, err := m.tree.Text(place)
		switch {
		case err != nil:
			return err
		case m.stale[path]:
		case m.edited[path] && m.record.Files[path] != aloft.BlobID(text):
			m.write(place, kept, text, carriage)
		case !m.edited[path] && there:
			m.changed.Removed = append(m.changed.Removed, place)
		}
	}
	slices.Sort(m.changed.Written)
	slices.Sort(m.changed.Removed)
	return nil
}

// Write notes a file to be written, with the line breaks that it had.
func (m *fileMerge) write(path, yours, text string, carriage bool) {
	if yours != text {
		if carriage {
			text = strings.ReplaceAll(text, "\n", "\r\n")
		}
		m.files = append(m.files, blueprint.File{Path: path, Text: text})
		m.changed.Written = append(m.changed.Written, path)
	}
}

func (m *fileMerge) conflict(path string, c ...merge.Conflict) {
	if len(c) > 0 {
		m.changed.Conflicts[path] = append(m.changed.Conflicts[path], c...)
	}
}

// forget takes away the original of a file that is rendered no more.
func (m *fileMerge) forget(path string) error {
	_, _, there, err := m.tree.Text(originals + path + ".txt")
	if there && err == nil {
		m.changed.Removed = append(m.changed.Removed, originals+path+".txt")
	}
	return err
}

// merge merges a file that was edited and is no Terraform.
func (m *fileMerge) merge(ctx context.Context, path, yours, next string, carriage bool) error {
	base, found := m.base(ctx, path)
	switch {
	case !found:
		m.stale[path] = true
		return m.show(ctx, path, originUnknown, yours)
	case base == next:
		return nil
	}
	text, clean, err := mergeText(ctx, path, base, yours, next)
	if err != nil {
		return err
	}
	m.write(path, yours, text, carriage)
	if !clean {
		m.conflict(path, merge.Conflict{Yours: "see the conflict marks in the file"})
	}
	return nil
}

// base finds the text that a file was rendered as: made again by this program,
// kept beside, or in git's history.
func (m *fileMerge) base(ctx context.Context, path string) (string, bool) {
	id := m.record.Files[path]
	if text, ok := m.now[path]; ok && aloft.BlobID(text) == id {
		return text, true
	}
	if kept, _, _, err := m.tree.Text(originals + path + ".txt"); err == nil && aloft.BlobID(kept) == id {
		return kept, true
	}
	command := exec.CommandContext(ctx, "git", "cat-file", "blob", id)
	command.Dir = m.tree.Root
	output, err := command.Output()
	return string(output), err == nil
}

// mergeText is git's own merge of a text.
func mergeText(ctx context.Context, path, base, yours, next string) (string, bool, error) {
	output, status, err := gitOnTexts(ctx, map[string]string{"base": base, "yours": yours, "next": next},
		"merge-file", "-p", "-L", "yours", "-L", "before", "-L", "aloft", "yours", "base", "next")
	if err != nil {
		return "", false, aloft.Errorf(aloft.CodeFailed, "cannot merge %s: %w", path, err)
	}
	return output, status == 0, nil
}

// difference is git's own comparison of two texts, without its head.
func difference(ctx context.Context, path, yours, next string) (string, error) {
	output, _, err := gitOnTexts(ctx, map[string]string{"yours": yours, "next": next},
		"diff", "--no-index", "--no-color", "--no-ext-diff", "--text", "yours", "next")
	if err != nil {
		return "", aloft.Errorf(aloft.CodeFailed, "cannot compare %s: %w", path, err)
	}
	if at := strings.Index(output, "\n@@"); at >= 0 {
		output = output[at+1:]
	}
	return output, nil
}

// gitOnTexts runs a command of git on files of those names. It returns its output
// and its exit code, where that is no failure.
func gitOnTexts(ctx context.Context, texts map[string]string, args ...string) (string, int, error) {
	dir, err := os.MkdirTemp("", "aloft-merge-")
	if err != nil {
		return "", 0, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	for name, text := range texts {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return "", 0, err
		}
	}
	command := exec.CommandContext(ctx, "git", args...)
	command.Dir = dir
	output, err := command.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() > 0 && exit.ExitCode() < 128 {
		return string(output), exit.ExitCode(), nil
	}
	return string(output), 0, err
}

// Changed is what add, remove, set and upgrade have done.
type Changed struct {
	Written   []string                    `json:"written"`
	Removed   []string                    `json:"removed"`
	Conflicts map[string][]merge.Conflict `json:"conflicts,omitempty"` // by path
	Notices   []string                    `json:"notices,omitempty"`
}

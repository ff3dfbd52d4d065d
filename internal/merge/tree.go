package merge

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft"
)

// Tree is the Terraform of a repository in the editions that a merge goes by. Texts
// by path.
type Tree struct {
	Root     string            // the folder that engines run in, such as terraform
	Modules  string            // the folder with those of modules, one each, such as terraform/modules
	Recorded map[string]string // aloft.BlobID of what was written
	Base     map[string]string // what was written, where that is known
	Now      map[string]string // what this program makes of the recorded choices
	Next     map[string]string // what it makes of the new ones
	Yours    map[string]string // what is there: the Terraform, and all that is in folders of modules
}

// MergedTree is what became of a tree.
type MergedTree struct {
	Texts     map[string]string // every file as it is to be
	Removed   []string
	Conflicts map[string][]Conflict // by path
	Stale     []string              // edited files of which nobody knows what they were made from
	Foreign   []string              // files of the user's where a module of ours is to be
	Notices   []string
}

// Merge brings the difference between two renderings into a tree, folder by folder
// (Folder.Merge). A folder of a module that is edited or still called stays as a whole.
// The outcome is looked at before anybody writes it: where an engine would refuse what
// it took before, or where a block of the user's is in the way of one of ours, the
// error is CodeConflict and names file and line.
func (t Tree) Merge() (MergedTree, error) {
	m := treeMerge{Tree: t, was: survey(t.Yours, nil, nil), MergedTree: MergedTree{Texts: maps.Clone(t.Yours), Conflicts: map[string][]Conflict{}}}
	var gone []string
	for _, folder := range t.folders() {
		if path.Dir(folder) == t.Modules && len(in(folder, t.Next)) == 0 {
			gone = append(gone, folder)
		} else if err := m.merge(folder); err != nil {
			return MergedTree{}, err
		}
	}
	now := survey(m.Texts, m.was, t.Yours)
	for _, folder := range gone {
		m.retire(folder, now.callers(folder))
	}
	if len(m.refused) == 0 { // what follows from them goes with them
		m.judge(m.was.newFaults(t.Yours, survey(m.Texts, now, m.Texts), m.Texts))
	}
	if len(m.refused) > 0 {
		lines := make([]string, len(m.refused))
		for i, f := range m.refused {
			lines[i] = f.String()
		}
		return MergedTree{}, aloft.Errorf(aloft.CodeConflict, "this does not fit your Terraform:\n%s", strings.Join(lines, "\n")).
			WithHint("nothing was changed; change what is named there, then run it again")
	}
	for name := range t.Yours {
		if _, there := m.Texts[name]; !there {
			m.Removed = append(m.Removed, name)
		}
	}
	slices.Sort(m.Removed)
	return m.MergedTree, nil
}

// treeMerge is a merge that is under way.
type treeMerge struct {
	Tree
	MergedTree
	was     landscape
	refused []fault
}

// folders lists the folders that are rendered, or were.
func (t Tree) folders() []string {
	found := map[string]bool{}
	for name := range t.Next {
		found[path.Dir(name)] = true
	}
	for name := range t.Recorded {
		found[path.Dir(name)] = true
	}
	return slices.Sorted(maps.Keys(found))
}

// in returns the files that stand in a folder itself.
func in(folder string, texts map[string]string) map[string]string {
	found := map[string]string{}
	for name, text := range texts {
		if path.Dir(name) == folder && path.Ext(name) == ".tf" {
			found[name] = text
		}
	}
	return found
}

// merge merges a folder.
func (m *treeMerge) merge(folder string) error {
	f := Folder{Base: map[string]string{}, Yours: in(folder, m.Yours), Next: in(folder, m.Next), Guessed: map[string]bool{}}
	maps.DeleteFunc(f.Yours, func(name, _ string) bool { return overrides(name) })
	recorded := in(folder, m.Recorded)
	for name := range recorded {
		m.base(&f, name)
	}
	if len(recorded) == 0 && len(f.Yours) > 0 && path.Dir(folder) == m.Modules { // it is taken for an edited module of ours
		f.Base = f.Next
		for name, text := range f.Yours {
			if next, wanted := f.Next[name]; wanted && next != text {
				m.Foreign = append(m.Foreign, name)
			}
		}
	}
	merged, err := f.Merge()
	if err != nil {
		return err
	}
	for name, text := range merged.Texts {
		if m.Texts[name] = text; text == "" && m.Yours[name] != "" {
			delete(m.Texts, name)
		}
	}
	for name, list := range merged.Conflicts {
		m.Conflicts[name] = append(m.Conflicts[name], list...)
	}
	if folder == m.Root {
		m.refuse(merged.Blocked)
	}
	return nil
}

// base finds what a recorded file was made from. Where nobody knows, what this
// program makes of the same choices stands for it.
func (m *treeMerge) base(f *Folder, name string) {
	text, known := m.Base[name]
	yours, there := m.Yours[name]
	if known {
		f.Base[name] = text
		return
	}
	next, wanted := m.Next[name]
	if wanted && there && yours != next {
		m.Stale = append(m.Stale, name)
	}
	if text, known = m.Now[name]; !known {
		text, known = next, wanted
	}
	if known {
		f.Base[name] = text
		f.Guessed[name] = there
	}
}

// refuse notes what is in the way of whole blocks of the root.
func (m *treeMerge) refuse(list []Blocked) {
	for _, b := range list {
		if b.Kept && !strings.HasPrefix(b.Address, "module.") {
			continue // what only stays breaks nothing by itself
		}
		f := fault{file: b.File, text: b.Address + " is yours, and Aloft would write one of that name: give yours another one"}
		if b.Kept {
			f.text = b.Address + " was edited, and would go: take it out yourself, or take the edit back"
		}
		address := strings.NewReplacer("variable.", "var.", "resource.", "").Replace(b.Address)
		for _, at := range m.was[m.Root].declared[address] {
			if at.Filename == b.File {
				f.line = at.Start.Line
			}
		}
		m.refused = append(m.refused, f)
	}
}

// judge refuses what would break lines of the user's. Where a line of ours lacks what
// the user has otherwise, such as a resource group of another name, it is written, and
// a conflict tells of it.
func (m *treeMerge) judge(faults []fault) {
	for _, f := range faults {
		if f.lacks != "" && f.line == 0 {
			m.Conflicts[f.file] = append(m.Conflicts[f.file], Conflict{Lacks: f.lacks})
		} else {
			m.refused = append(m.refused, f)
		}
	}
}

// retire takes a module's folder away that is rendered no more, if it is as it was
// written and nothing calls it.
func (m *treeMerge) retire(folder string, callers []string) {
	var files []string
	edited := false
	for name, text := range m.Yours {
		if !strings.HasPrefix(name, folder+"/") {
			continue
		}
		files = append(files, name)
		if id, recorded := m.Recorded[name]; !recorded || aloft.BlobID(text) != id {
			edited = true
			why := "edited, so the whole folder stays"
			if !recorded {
				why = "a file of yours, so the whole folder stays"
			}
			m.Conflicts[name] = []Conflict{{Yours: why}}
		}
	}
	if edited {
		return
	}
	if len(callers) > 0 {
		m.Notices = append(m.Notices, fmt.Sprintf("%s stays, and is yours from now on: %s calls it", folder, strings.Join(callers, ", ")))
		return
	}
	for _, name := range files {
		delete(m.Texts, name)
	}
}

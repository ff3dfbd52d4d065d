package image

import (
	"io/fs"
	"path"
	"strings"
)

// part is a layer's worth of files: what changes together.
type part struct {
	title string // for people: "code"
	files []file
}

// The parts of an artifact, in the order of their layers: what changes least
// comes first.
var partOf = []struct {
	title string
	holds func(t *tree, from string) bool
}{
	{"Python packages", func(t *tree, from string) bool { return within(from, t.inApp(venv)) }},
	{"node_modules", func(_ *tree, from string) bool { return strings.Contains("/"+from+"/", "/node_modules/") }},
	{"vendor", func(t *tree, from string) bool { return within(from, t.inApp("vendor")) || within(from, "vendor") }},
	{"code", func(*tree, string) bool { return true }},
}

// parts divides the files of an artifact into layers; empty ones are left out.
func (t *tree) parts() []part {
	list := make([]part, len(partOf))
	for _, f := range t.files {
		for i, kind := range partOf {
			if kind.holds(t, f.from) {
				list[i].title, list[i].files = kind.title, append(list[i].files, f)
				break
			}
		}
	}
	filled := list[:0]
	for _, p := range list {
		if len(p.files) > 0 {
			p.files = withParents(p.files)
			filled = append(filled, p)
		}
	}
	return filled
}

func within(name, folder string) bool {
	return name == folder || strings.HasPrefix(name, folder+"/")
}

// withParents adds the folders above files that are in order, so that what
// unpacks a layer makes none by itself, which root would own.
func withParents(files []file) []file {
	seen, list := map[string]bool{}, make([]file, 0, len(files))
	var add func(folder string)
	add = func(folder string) {
		if folder == "." || seen[folder] {
			return
		}
		add(path.Dir(folder))
		seen[folder] = true
		list = append(list, file{name: folder, mode: normal(fs.ModeDir), system: !within(folder, place[1:])})
	}
	for _, f := range files {
		add(path.Dir(f.name))
		if !seen[f.name] {
			seen[f.name] = f.mode.IsDir()
			list = append(list, f)
		}
	}
	return list
}

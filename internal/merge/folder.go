package merge

import (
	"bytes"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/aloft-dev/aloft"
)

// Folder is a folder of Terraform in three editions: as it was written, as it is,
// and as it would be written now. Engines read all files of a folder as one, so a
// block may stand in any of them. Texts by path.
type Folder struct {
	Base, Yours, Next map[string]string
	Guessed           map[string]bool // files of Base that may never have been so: what is in them and not among yours is new
}

// MergedFolder is what became of a folder.
type MergedFolder struct {
	Texts     map[string]string     // files as they are to be, by path; "" = none
	Conflicts map[string][]Conflict // by path
	Blocked   []Blocked             // those of the conflicts that are about a whole block of the folder
}

// Blocked is a block of the user's that is in the way of the new rendering.
type Blocked struct {
	File, Address string
	Kept          bool // it was edited and would go; else it has the name of a new one
}

// Merge brings the difference between two renderings of a folder into the user's
// version of it: blocks and attributes that the new one changed are changed where
// they stand, what the user changed stays, comments included. Where
// both changed the same, the user's stays and a Conflict tells of it. A file that
// nobody edited comes out as it is rendered. The error is CodeInvalid when there is
// something to merge and a file of the user's cannot be parsed; it names the line. It
// is CodeConflict when a result could not be.
func (f Folder) Merge() (MergedFolder, error) {
	switch {
	case len(f.Guessed) > 0:
	case maps.Equal(f.Base, f.Next):
		return MergedFolder{Texts: f.Yours}, nil
	case maps.Equal(f.Base, f.Yours):
		texts := maps.Clone(f.Next)
		for path := range f.Yours {
			texts[path] += ""
		}
		return MergedFolder{Texts: texts}, nil
	}
	yoursAndNew := maps.Clone(f.Yours)
	for path := range f.Next {
		yoursAndNew[path] += ""
	}
	base, err1 := parts(f.Base)
	yours, err2 := parts(yoursAndNew)
	next, err3 := parts(f.Next)
	for _, err := range []error{err1, err2, err3} {
		if err != nil {
			return MergedFolder{}, err
		}
	}
	m := merger{sheets: map[string]*sheet{}}
	for _, p := range base {
		p.guessed = f.Guessed[p.file]
	}
	for _, p := range yours {
		_, there := f.Yours[p.file]
		m.sheets[p.file] = &sheet{there: there}
		p.edited = !f.unedited(p.file)
		if m.sheet = m.sheets[p.file]; there {
			m.attributes("", bodyOf(base, p.file), p.body, bodyOf(next, p.file))
		}
	}
	m.blocks("", base, yours, next)
	return m.result(f, yours, next)
}

// unedited reports whether a file is as it was written, which may be not at all.
func (f Folder) unedited(path string) bool {
	base, written := f.Base[path]
	yours, there := f.Yours[path]
	return written == there && base == yours && !f.Guessed[path]
}

// parts parses the files of a folder, in the order of their paths.
func parts(texts map[string]string) ([]*part, error) {
	var list []*part
	for _, path := range slices.Sorted(maps.Keys(texts)) {
		file, diagnostics := hclwrite.ParseConfig([]byte(strings.TrimRight(texts[path], "\n")+"\n"), path, hcl.InitialPos)
		if diagnostics.HasErrors() {
			return nil, aloft.Errorf(aloft.CodeInvalid, "cannot read %s: %w", path, diagnostics)
		}
		list = append(list, &part{file: path, body: file.Body()})
	}
	return list, nil
}

// bodyOf finds the body of a file; an empty one when it is not there.
func bodyOf(parts []*part, path string) *hclwrite.Body {
	for _, p := range parts {
		if p.file == path {
			return p.body
		}
	}
	return hclwrite.NewEmptyFile().Body()
}

// result writes the files.
func (m *merger) result(f Folder, yours, next []*part) (MergedFolder, error) {
	merged := MergedFolder{Texts: map[string]string{}, Conflicts: map[string][]Conflict{}, Blocked: m.blocked}
	for _, p := range yours {
		s := m.sheets[p.file]
		if len(s.conflicts) > 0 {
			merged.Conflicts[p.file] = s.conflicts
		}
		rendered, wanted := f.Next[p.file]
		text := f.Yours[p.file]
		empty := len(p.body.Attributes())+len(p.body.Blocks()) == 0
		switch {
		case !p.edited && wanted && canonicalBody(p.body) == canonicalBody(bodyOf(next, p.file)):
			text = rendered
		case !p.edited && !wanted && empty:
			text = ""
		case s.changed:
			var err error
			if text, err = s.write(p, text); err != nil {
				return MergedFolder{}, err
			}
		}
		merged.Texts[p.file] = text
	}
	return merged, nil
}

// write writes a file that was changed; "" when nothing is left of it.
func (s *sheet) write(p *part, before string) (string, error) {
	result := p.body.BuildTokens(nil).Bytes()
	if s.removed && !strings.Contains(before, "\n\n\n") {
		result = squeeze(result)
	}
	if !s.there {
		result = bytes.TrimLeft(result, "\n")
	}
	if len(bytes.TrimSpace(result)) == 0 {
		return "", nil
	}
	result = hclwrite.Format(append(bytes.TrimRight(result, "\n"), '\n'))
	if _, diagnostics := hclsyntax.ParseConfig(result, p.file, hcl.InitialPos); diagnostics.HasErrors() {
		return "", aloft.Errorf(aloft.CodeConflict, "cannot merge %s: there is no room for what is new in a block of yours", p.file).
			WithHint("nothing was changed; write blocks and comments that stand on one line on several")
	}
	return string(result), nil
}

// squeeze leaves one empty line where a block was taken out; not in a file with
// texts of several lines.
func squeeze(text []byte) []byte {
	for !bytes.Contains(text, []byte("<<")) && bytes.Contains(text, []byte("\n\n\n")) {
		text = bytes.ReplaceAll(text, []byte("\n\n\n"), []byte("\n\n"))
	}
	return text
}

package blueprint

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/aloft-dev/aloft"
)

// RecordFile keeps the choices that a folder of Terraform was made from.
const RecordFile = TerraformFolder + "/blueprint.yaml"

// Record is a saved blueprint: the choices, and which files they yielded.
type Record struct {
	Version string            `yaml:"aloft"` // of Aloft that wrote the files
	Choices Choices           `yaml:"choices"`
	Files   map[string]string `yaml:"files"` // path to git's id of the blob that was written
}

const recordComment = ` The choices that the files below were made from. ` + "`aloft add`, `remove`, `set`" + `
 and ` + "`upgrade`" + ` read and write it; Terraform does not need it.`

// newRecord describes files that were rendered.
func (g Generator) newRecord(c Choices, files []File) Record {
	record := Record{Version: g.Version, Choices: c, Files: map[string]string{}}
	for _, f := range files {
		record.Files[f.Path] = aloft.BlobID(f.Text)
	}
	return record
}

// File returns the record as the file that keeps it.
func (r Record) File() (File, error) {
	files := r.Files
	r.Files = nil
	data, err := yaml.MarshalWithOptions(r, yaml.IndentSequence(true), yaml.WithComment(yaml.CommentMap{
		"$.aloft": {yaml.HeadComment(splitLines(recordComment)...)},
	}))
	if err != nil {
		return File{}, fmt.Errorf("cannot write %s: %w", RecordFile, err)
	}
	var text strings.Builder
	text.WriteString(strings.TrimSuffix(string(data), "files: {}\n") + "files:\n")
	for _, path := range slices.Sorted(maps.Keys(files)) {
		text.WriteString("  " + yamlWord(path) + ": " + yamlWord(files[path]) + "\n")
	}
	return File{Path: RecordFile, Text: text.String()}, nil
}

// With returns the files with that of the record among them, sorted by path.
func (r Record) With(files []File) ([]File, error) {
	record, err := r.File()
	if err != nil {
		return nil, err
	}
	files = append(files, record)
	slices.SortFunc(files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	return files, nil
}

// Paths and ids of blobs are plain text in YAML, unless an id looks like a number.
// The encoder takes long to find that out.
var (
	plainYAML  = regexp.MustCompile(`^[A-Za-z.][\w.-]*[./][\w./-]*$|^[0-9a-f]{40}$`)
	numberYAML = regexp.MustCompile(`^[0-9]+(e-?[0-9]+)?$`)
)

func yamlWord(text string) string {
	if plainYAML.MatchString(text) && !numberYAML.MatchString(text) {
		return text
	}
	return strconv.Quote(text)
}

// ParseRecord reads a saved blueprint. The error is CodeInvalid, and names the
// line or the file that cannot be one of ours.
func ParseRecord(data []byte) (Record, error) {
	var r Record
	if err := yaml.UnmarshalWithOptions(data, &r, yaml.Strict()); err != nil {
		return Record{}, aloft.Errorf(aloft.CodeInvalid, "cannot read %s: %w", RecordFile, err).
			WithHint("take the file back from git's history; `aloft upgrade` goes by it")
	}
	for name, id := range r.Files {
		if !ours(name) || !blobID.MatchString(id) {
			return Record{}, aloft.Errorf(aloft.CodeInvalid, "%s lists %q: %q, which is no file that Aloft writes", RecordFile, name, id).
				WithHint("take the file back from git's history; `aloft upgrade` goes by it")
		}
	}
	return r, nil
}

var blobID = regexp.MustCompile(`^[0-9a-f]{40}$`)

// ours reports whether a path is one that files are written to: a record that
// somebody tampered with shall lead nowhere else.
func ours(name string) bool {
	switch {
	case name == ManifestFile, name == WorkflowFile:
		return true
	case !fs.ValidPath(name) || !strings.HasPrefix(name, TerraformFolder+"/"), strings.ContainsAny(name, "\\\x00"):
		return false
	}
	return !slices.ContainsFunc(strings.Split(name, "/"), func(part string) bool { return strings.EqualFold(part, ".git") })
}

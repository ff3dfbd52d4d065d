package blueprint

import (
	"slices"
	"strings"
)

// RenderMapping is Render with the notices at the top of the README.
func (g Generator) RenderMapping(m Mapping) ([]File, error) {
	files, err := g.Render(m.Choices)
	if err != nil || len(m.Notices) == 0 {
		return files, err
	}
	i := slices.IndexFunc(files, func(f File) bool { return f.Path == readmePath })
	if i >= 0 {
		files[i].Text = withNotices(files[i].Text, m.Notices)
	}
	return files, nil
}

// withNotices puts a section behind the title of a Markdown text.
func withNotices(text string, notices []string) string {
	title, rest, _ := strings.Cut(text, "\n")
	var out strings.Builder
	out.WriteString(title + "\n\n## What is another than was asked for\n\n")
	for _, notice := range notices {
		out.WriteString("- " + notice + "\n")
	}
	out.WriteString(rest)
	return out.String()
}

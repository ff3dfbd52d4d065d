package blueprint

import (
	"slices"
	"strings"
)

// RenderMapping is Render with the notices at the top of the README.
func (g Generator) RenderMapping(m Mapping) ([]File, error) {
	g.notices = m.Notices
	return g.Render(m.Choices)
}

// noticed returns the files with the notices behind the title of the README.
func (g Generator) noticed(files []File) []File {
	i := slices.IndexFunc(files, func(f File) bool { return f.Path == "README.md" || f.Path == "terraform/README.md" })
	if i >= 0 && len(g.notices) > 0 {
		files[i].Text = withNotices(files[i].Text, g.notices)
	}
	return files
}

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

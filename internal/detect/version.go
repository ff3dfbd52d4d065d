package detect

import (
	"regexp"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft"
)

// wantedVersion is a version as its file writes it.
var wantedVersion = regexp.MustCompile(`^[0-9A-Za-z^~<>=*][0-9A-Za-z.^~<>=*|, +_-]{0,39}$`)

// version makes a setting of a version that a file tells; "" when it is none.
func (f *folder) version(text, file string, line int) aloft.Setting {
	text = strings.TrimSpace(text)
	if text == "" || !wantedVersion.MatchString(text) {
		return aloft.Setting{}
	}
	return aloft.Setting{Value: text, Source: f.at(file, line, "")}
}

// versionFile reads the version from files that hold nothing else, and from
// those of asdf and mise, where the tool has the given names. Versions that
// stand in the folders above count as well: these tools look there.
func (f *folder) versionFile(files []string, tools ...string) aloft.Setting {
	for _, at := range append([]*folder{f}, f.parents()...) {
		for _, file := range files {
			if text, line := firstLine(at.text(file)); text != "" {
				if v := at.version(trimVersion(text), file, line); v.Value != "" {
					return v
				}
			}
		}
		if v := at.toolVersions(tools); v.Value != "" {
			return v
		}
	}
	return aloft.Setting{}
}

// toolVersions reads .tool-versions and mise.toml.
func (f *folder) toolVersions(tools []string) aloft.Setting {
	for i, line := range strings.Split(f.text(".tool-versions"), "\n") {
		words := strings.Fields(line)
		if len(words) > 1 && slices.Contains(tools, words[0]) {
			return f.version(trimVersion(words[1]), ".tool-versions", i+1)
		}
	}
	for _, name := range []string{"mise.toml", ".mise.toml"} {
		root, _, err := parseTOML([]byte(f.text(name)))
		if err != nil {
			continue
		}
		for _, tool := range tools {
			if v := root.get("tools", tool); v.string() != "" {
				return f.version(trimVersion(v.string()), name, v.at())
			}
		}
	}
	return aloft.Setting{}
}

// firstLine returns the first line that says something, and its number.
func firstLine(text string) (string, int) {
	for i, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimSpace(line); line != "" {
			return line, i + 1
		}
	}
	return "", 0
}

// trimVersion takes the name of the tool off: v22, python-3.12, ruby-3.3, go1.26.
func trimVersion(text string) string {
	for _, prefix := range []string{"python-", "ruby-", "go", "v"} {
		if rest, ok := strings.CutPrefix(text, prefix); ok && rest != "" && rest[0] >= '0' && rest[0] <= '9' {
			return rest
		}
	}
	return text
}

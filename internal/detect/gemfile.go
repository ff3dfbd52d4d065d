package detect

import (
	"regexp"
	"strings"
)

// gemfile is what is read of a Gemfile: the gems that are there in production.
type gemfile struct {
	ruby numbered
	gems []numbered
}

var (
	gemLine   = regexp.MustCompile(`^gem[\s(]+["']([A-Za-z0-9_.-]+)["'](.*)$`)
	rubyLine  = regexp.MustCompile(`^ruby[\s(]+["']([^"']+)["']`)
	groupLine = regexp.MustCompile(`^group[\s(]+(.*?)\)?\s+do\b`)
	inGroup   = regexp.MustCompile(`\b(?:group|groups):\s*(\[[^\]]*\]|:\w+|["']\w+["'])|:groups?\s*=>\s*(\[[^\]]*\]|:\w+)`)
	opens     = regexp.MustCompile(`\bdo(?:\s*\|[^|]*\|)?$`)
)

// scanGemfile reads the lines of a Gemfile. It knows blocks and their groups,
// not Ruby: what a condition leaves out is taken as there.
func scanGemfile(text string) gemfile {
	var file gemfile
	var blocks []bool // whether each open block is for development or tests only
	for i, raw := range strings.Split(text, "\n") {
		line := strings.TrimSpace(uncommented(raw))
		hidden := len(blocks) > 0 && blocks[len(blocks)-1]
		switch {
		case line == "end":
			blocks = blocks[:max(0, len(blocks)-1)]
		case groupLine.MatchString(line):
			blocks = append(blocks, hidden || developmentOnly(groupLine.FindStringSubmatch(line)[1]))
		case opens.MatchString(line), startsBlock(line):
			blocks = append(blocks, hidden)
		}
		if match := rubyLine.FindStringSubmatch(line); match != nil && file.ruby.number == 0 {
			file.ruby = numbered{i + 1, match[1]}
		}
		match := gemLine.FindStringSubmatch(line)
		if match == nil || hidden {
			continue
		}
		if group := inGroup.FindStringSubmatch(match[2]); group == nil || !developmentOnly(group[1]+group[2]) {
			file.gems = append(file.gems, numbered{i + 1, match[1]})
		}
	}
	return file
}

func startsBlock(line string) bool {
	word, _, _ := strings.Cut(line, " ")
	return (word == "if" || word == "unless" || word == "case" || word == "begin") && !strings.HasSuffix(line, " end")
}

// developmentOnly reports whether all the groups of a list are for development.
func developmentOnly(groups string) bool {
	words := strings.FieldsFunc(groups, func(r rune) bool { return strings.ContainsRune(` ,:[]()"'`, r) })
	for _, word := range words {
		if word != "development" && word != "test" && word != "ci" && word != "optional" && word != "true" {
			return false
		}
	}
	return len(words) > 0
}

// uncommented takes the comment off a line of Ruby.
func uncommented(line string) string {
	var inside rune
	for i, r := range line {
		switch {
		case inside != 0:
			if r == inside {
				inside = 0
			}
		case r == '"' || r == '\'':
			inside = r
		case r == '#':
			return line[:i]
		}
	}
	return line
}

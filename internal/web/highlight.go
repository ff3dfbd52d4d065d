package web

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// fileView is a file with its syntax in colours.
type fileView struct {
	Path   string
	Text   string
	Pieces []piece
}

// piece is a part of a file's text: what it is, as a class of the style.
type piece struct{ Class, Text string }

// viewFile returns the file with that path; the main one, or the first, where
// there is none.
func viewFile(files []SketchedFile, wanted string) fileView {
	for _, name := range []string{wanted, mainFile} {
		if i := slices.IndexFunc(files, func(f SketchedFile) bool { return f.Path == name }); i >= 0 {
			return colour(files[i])
		}
	}
	if len(files) > 0 {
		return colour(files[0])
	}
	return fileView{}
}

func colour(f SketchedFile) fileView {
	v := fileView{Path: f.Path, Text: f.Text}
	switch path.Ext(f.Path) {
	case ".tf", ".tfvars", ".hcl":
		v.Pieces = colourHCL(f.Text)
	case ".yml", ".yaml":
		v.Pieces = colourYAML(f.Text)
	default:
		v.Pieces = []piece{{"", f.Text}}
	}
	return v
}

func colourHCL(text string) []piece {
	tokens, _ := hclsyntax.LexConfig([]byte(text), "", hcl.InitialPos)
	var pieces []piece
	end := 0
	for i, t := range tokens {
		if t.Range.Start.Byte > end {
			pieces = append(pieces, piece{"", text[end:t.Range.Start.Byte]})
		}
		pieces = append(pieces, piece{classOfHCL(tokens, i), string(t.Bytes)})
		end = t.Range.End.Byte
	}
	return joined(pieces)
}

func classOfHCL(tokens hclsyntax.Tokens, i int) string {
	switch t := tokens[i]; t.Type {
	case hclsyntax.TokenComment:
		return "comment"
	case hclsyntax.TokenOQuote, hclsyntax.TokenCQuote, hclsyntax.TokenQuotedLit,
		hclsyntax.TokenOHeredoc, hclsyntax.TokenCHeredoc, hclsyntax.TokenStringLit:
		return "string"
	case hclsyntax.TokenNumberLit:
		return "constant"
	case hclsyntax.TokenIdent:
		if slices.Contains([]string{"true", "false", "null"}, string(t.Bytes)) {
			return "constant"
		}
		switch next := tokens[min(i+1, len(tokens)-1)]; next.Type {
		case hclsyntax.TokenEqual:
			return "name"
		case hclsyntax.TokenOQuote, hclsyntax.TokenOBrace:
			return "block"
		}
	}
	return ""
}

// Lines of YAML as the generator writes it: a key, what it has, a comment.
var (
	yamlLine     = regexp.MustCompile(`^(\s*(?:- )*)(?:([\w./-]+|"[^"]*"|'[^']*')(:)(?:\s|$))?(.*)$`)
	yamlBlock    = regexp.MustCompile(`^\s*[|>][-+]?\s*$`)
	yamlComment  = regexp.MustCompile(`(?:^|\s)#.*$`)
	yamlConstant = regexp.MustCompile(`^\s*(?:true|false|null|[0-9][0-9.]*)\s*$`)
)

// colourYAML goes line by line; lines of a block of text are text.
func colourYAML(text string) []piece {
	var pieces []piece
	block := -1 // indentation of the key that a block of text belongs to; -1 = none
	for line := range strings.Lines(text) {
		line, end := strings.CutSuffix(line, "\n")
		indent := len(line) - len(strings.TrimLeft(line, " "))
		if block >= 0 && (indent > block || line == "") {
			pieces = append(pieces, piece{"string", line})
		} else {
			var rest []piece
			rest, block = colourYAMLLine(line, indent)
			pieces = append(pieces, rest...)
		}
		if end {
			pieces = append(pieces, piece{"", "\n"})
		}
	}
	return joined(pieces)
}

func colourYAMLLine(line string, indent int) ([]piece, int) {
	match := yamlLine.FindStringSubmatchIndex(line)
	lead, value := line[:match[3]], line[match[8]:]
	pieces := []piece{{"", lead}}
	if match[4] >= 0 {
		pieces = append(pieces, piece{"name", line[match[4]:match[5]]}, piece{"", line[match[5]:match[8]]})
	}
	comment := ""
	if at := yamlComment.FindStringIndex(value); at != nil && !strings.ContainsAny(value[:at[0]], `"'`) {
		value, comment = value[:at[0]], value[at[0]:]
	}
	class := "string"
	if yamlConstant.MatchString(value) {
		class = "constant"
	}
	block := -1
	if match[4] >= 0 && yamlBlock.MatchString(value) {
		block = indent
	}
	return append(pieces, piece{class, value}, piece{"comment", comment}), block
}

// joined puts pieces of the same class together, and leaves out empty ones.
func joined(pieces []piece) []piece {
	var list []piece
	for _, p := range pieces {
		if p.Text == "" {
			continue
		}
		if last := len(list) - 1; last >= 0 && list[last].Class == p.Class {
			list[last].Text += p.Text
			continue
		}
		list = append(list, p)
	}
	return list
}

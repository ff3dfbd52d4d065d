package web

import (
	"path"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"
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

func colourYAML(text string) []piece {
	var pieces []piece
	var whole strings.Builder
	for _, t := range lexer.Tokenize(text) {
		pieces = append(pieces, piece{classOfYAML(t), t.Origin})
		whole.WriteString(t.Origin)
	}
	if whole.String() != text {
		return []piece{{"", text}} // better plain than wrong
	}
	return joined(pieces)
}

func classOfYAML(t *token.Token) string {
	switch t.Type {
	case token.CommentType:
		return "comment"
	case token.BoolType, token.NullType, token.IntegerType, token.FloatType:
		return "constant"
	case token.StringType, token.SingleQuoteType, token.DoubleQuoteType:
		if t.Next != nil && t.Next.Type == token.MappingValueType {
			return "name"
		}
		return "string"
	}
	return ""
}

// joined puts pieces of the same class together.
func joined(pieces []piece) []piece {
	var list []piece
	for _, p := range pieces {
		if last := len(list) - 1; last >= 0 && list[last].Class == p.Class {
			list[last].Text += p.Text
			continue
		}
		list = append(list, p)
	}
	return list
}

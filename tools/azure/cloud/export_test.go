package cloud

// What fuzz tests reach besides the exported: parsers of what others wrote.

// ExpressionHolds parses an expression and asks it of claims.
func ExpressionHolds(text string, claims map[string]any) (bool, error) {
	e, err := parseExpression(text)
	return e.holds(claims), err
}

// ParsePath returns the id, type and rest of an address.
func ParsePath(text string) (id, kind, last string) {
	p := parsePath(text)
	return p.id, p.kind, p.last
}

// LayOut and Unzip write the files of an archive below a folder.
var (
	LayOut = layOut
	Unzip  = unzip
)

package store

import (
	"fmt"
	"strings"
)

// conditions are the WHERE of a query, with their arguments.
type conditions struct {
	terms []string
	args  []any
}

// add adds a term in which each ? stands for the next of args.
func (c *conditions) add(term string, args ...any) {
	for _, arg := range args {
		c.args = append(c.args, arg)
		term = strings.Replace(term, "?", fmt.Sprintf("$%d", len(c.args)), 1)
	}
	c.terms = append(c.terms, term)
}

// String returns the WHERE clause; "" when there are no terms.
func (c *conditions) String() string {
	if len(c.terms) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(c.terms, " AND ")
}

// oneOf adds the term that a column has one of values; no values do not narrow.
func oneOf[T any](c *conditions, column string, values []T) {
	if len(values) == 0 {
		return
	}
	args := make([]any, len(values))
	for i, value := range values {
		args[i] = value
	}
	c.add(column+" IN (?"+strings.Repeat(", ?", len(values)-1)+")", args...)
}

package cloud

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// expression is what a flexible federated credential asks of the claims of a
// token: conditions that hold all at once. (doc, Entra, 14 Aug and 18 Sep 2026:
// "Flexible federated identity credentials", language version 1.)
type expression []condition

type condition struct {
	claim    string
	operator string // "eq" or "matches"
	value    string
}

var conditionPattern = regexp.MustCompile(`^claims\['([^']+)'\]\s+(eq|matches)\s+'([^']*)'`)

// parseExpression reads an expression such as
//
//	claims['sub'] matches 'repo:acme/shop:*' and claims['repository_id'] eq '1'
func parseExpression(text string) (expression, error) {
	var e expression
	rest := strings.TrimSpace(text)
	for {
		found := conditionPattern.FindStringSubmatch(rest)
		if found == nil {
			return nil, fmt.Errorf("there is no condition at %q", rest)
		}
		e = append(e, condition{found[1], found[2], found[3]})
		rest = strings.TrimSpace(rest[len(found[0]):])
		if rest == "" {
			return e, nil
		}
		next, ok := strings.CutPrefix(rest, "and ")
		if !ok {
			return nil, fmt.Errorf("there is no \"and\" at %q", rest)
		}
		rest = strings.TrimSpace(next)
	}
}

// githubOperators are what each claim of GitHub may be asked with; others are
// refused (doc, Entra, 14 Aug 2026).
var githubOperators = map[string][]string{
	"sub":                 {"eq", "matches"},
	"job_workflow_ref":    {"eq", "matches"},
	"repository_id":       {"eq"},
	"repository_owner_id": {"eq"},
}

var errClaims = errors.New("the claims matching expression either lacks all required claims or contains unallowed claims")

// check holds an expression against Entra's rules for GitHub: only claims of the
// list, and repository_id or repository_owner_id among them, with eq (doc, Entra,
// 14 Aug 2026; issue azuread#1901).
func (e expression) check() error {
	required := false
	for _, c := range e {
		if !slices.Contains(githubOperators[c.claim], c.operator) {
			return errClaims
		}
		required = required || c.claim == "repository_id" || c.claim == "repository_owner_id"
	}
	if !required {
		return errClaims
	}
	return nil
}

// holds reports whether all conditions are true of the claims. Case matters
// .
func (e expression) holds(claims map[string]any) bool {
	for _, c := range e {
		value, ok := claims[c.claim].(string)
		if !ok || c.operator == "eq" && value != c.value || c.operator == "matches" && !matches(c.value, value) {
			return false
		}
	}
	return true
}

// matches tells whether a text fits a pattern: * stands for any characters, ?
// for one.
func matches(pattern, text string) bool {
	quoted := regexp.QuoteMeta(pattern)
	quoted = strings.ReplaceAll(strings.ReplaceAll(quoted, `\*`, `.*`), `\?`, `.`)
	ok, err := regexp.MatchString(`(?s)^`+quoted+`$`, text)
	return err == nil && ok
}

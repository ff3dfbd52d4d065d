package git

import (
	"regexp"
	"strings"

	aloft "github.com/aloft-dev/aloft"
)

const (
	heads = "refs/heads/"
	holds = "refs/aloft/" // commits that are kept whether or not a branch leads to them
)

var (
	hexID     = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)
	forbidden = regexp.MustCompile(`[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock/`)
)

// nameRule is validName's in words.
const nameRule = "it takes at most 250 characters, none of them a space or one of ~ ^ : ? * [ \\, no \"..\", \"//\", \"@{\" or \".lock\", and does not start with - or ."

// validName applies git's rule for the part of a ref's name after refs/heads/,
// where git itself leaves that to the hook.
func validName(name string) bool {
	return name != "" && len(name) <= 250 && name != "@" && name != "HEAD" &&
		!forbidden.MatchString(name) &&
		!strings.HasPrefix(name, "-") && !strings.HasPrefix(name, ".") && !strings.HasPrefix(name, "/") &&
		!strings.HasSuffix(name, "/") && !strings.HasSuffix(name, ".") && !strings.HasSuffix(name, ".lock")
}

// branchRef returns the full name of a branch.
func branchRef(branch string) (string, error) {
	if !validName(branch) {
		return "", aloft.Errorf(aloft.CodeInvalid, "%q is not a valid branch name", branch).WithHint("%s", nameRule)
	}
	return heads + branch, nil
}

// validateID checks that an id is whole, so that it cannot be taken for an
// option, a name or an expression.
func validateID(id string) error {
	if !hexID.MatchString(id) {
		return aloft.Errorf(aloft.CodeInvalid, "%q is not the full id of a commit", id)
	}
	return nil
}

// zero tells whether an id on the wire stands for "none".
func zero(id string) bool { return strings.Trim(id, "0") == "" }

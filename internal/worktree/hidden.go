package worktree

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft"
)

// Hidden is what git ignores of the files that are to be written.
type Hidden struct {
	files []string
	rules []string // what ignores them, such as .gitignore:3 (*.yml)
}

// Hidden asks git which files it ignores. One that it has already it does not.
func (t *Tree) Hidden(ctx context.Context, files []string) (Hidden, error) {
	command := exec.CommandContext(ctx, "git", "check-ignore", "--verbose", "-z", "--stdin")
	command.Dir, command.Stdin = t.Root, strings.NewReader(strings.Join(files, "\x00"))
	output, err := command.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() == 1 {
		return Hidden{}, nil // it ignores none
	}
	if err != nil {
		return Hidden{}, aloft.Errorf(aloft.CodeFailed, "git check-ignore: %w", err)
	}
	var h Hidden
	for match := range slices.Chunk(strings.Split(strings.TrimSuffix(string(output), "\x00"), "\x00"), 4) {
		if len(match) < 4 || strings.HasPrefix(match[2], "!") {
			continue // a rule that takes another one back
		}
		source, line, pattern, file := match[0], match[1], match[2], match[3]
		h.files = append(h.files, file)
		if rule := fmt.Sprintf("%s:%s (%s)", source, line, pattern); !slices.Contains(h.rules, rule) {
			h.rules = append(h.rules, rule)
		}
	}
	return h, nil
}

// Notices tell of what is hidden, if anything is.
func (h Hidden) Notices() []string {
	if len(h.files) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("git ignores files that environments are made of: %s, by %s. Take that line out, else it also ignores what aloft add and aloft set write later; until then they are committed with git add --force.",
		Some(h.files), strings.Join(h.rules, ", "))}
}

// Places are what git add has to be given by force.
func (h Hidden) Places() []string {
	var list []string
	for _, file := range h.files {
		if strings.HasPrefix(file, "terraform/") {
			file = "terraform"
		}
		if !slices.Contains(list, file) {
			list = append(list, file)
		}
	}
	return list
}

// Some names the first of many.
func Some(list []string) string {
	const most = 5
	if more := len(list) - most; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), more)
	}
	return strings.Join(list, ", ")
}

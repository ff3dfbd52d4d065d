package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft"
)

// hidden is what git ignores of the files that are to be written.
type hidden struct {
	files []string
	rules []string // what ignores them, such as .gitignore:3 (*.yml)
}

// hidden asks git which files it ignores. One that it has already it does not.
func (t *sourceTree) hidden(ctx context.Context, files []string) (hidden, error) {
	command := exec.CommandContext(ctx, "git", "check-ignore", "--verbose", "-z", "--stdin")
	command.Dir, command.Stdin = t.root, strings.NewReader(strings.Join(files, "\x00"))
	output, err := command.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() == 1 {
		return hidden{}, nil // it ignores none
	}
	if err != nil {
		return hidden{}, aloft.Errorf(aloft.CodeFailed, "git check-ignore: %w", err)
	}
	var h hidden
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

// notices tell of what is hidden, if anything is.
func (h hidden) notices() []string {
	if len(h.files) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("git ignores files that environments are made of: %s, by %s. Take that line out, else it also ignores what aloft add and aloft set write later; until then they are committed with git add --force.",
		someOf(h.files), strings.Join(h.rules, ", "))}
}

// places are what git add has to be given by force.
func (h hidden) places() []string {
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

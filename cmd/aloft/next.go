package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/blueprint"
)

// nextCommands are those that make the first environment of what init writes. Changes
// are those that the user has not committed: no command takes them along.
func nextCommands(ctx context.Context, tree *sourceTree, c blueprint.Choices, changes []string, server string) []string {
	name := cmp.Or(aloft.NearestName(actor(), aloft.MaxEnvironmentName), "alice")
	commands := []string{"git add " + tree.toAdd(ctx, changes) + " && git commit --message 'Add Aloft'"}
	remotes, _ := gitOutput(ctx, tree.root, "remote") // none if git cannot tell
	there := func(remote string) bool { return slices.Contains(strings.Fields(remotes), remote) }
	if c.Target == blueprint.TargetLocal {
		address := fmt.Sprintf("%s/%s.git", server, c.Name)
		switch url, _ := gitOutput(ctx, tree.root, "remote", "get-url", "aloft"); {
		case !there("aloft"):
			commands = append(commands, "git remote add aloft "+address)
		case url != address:
			commands = append(commands, "git remote set-url aloft "+address)
		}
		return append(commands, "git push aloft HEAD:env-"+name)
	}
	if !there("origin") {
		commands = append(commands, "git remote add origin https://github.com/<owner>/"+c.Name+".git")
	}
	return append(commands, "git push origin HEAD", "git push origin HEAD:env-"+name)
}

// changes lists what is not committed; the arguments are those of git status.
func (t *sourceTree) changes(ctx context.Context, args ...string) ([]string, error) {
	status, err := gitOutput(ctx, t.root, append([]string{"-c", "core.quotePath=false", "status", "--porcelain"}, args...)...)
	if err != nil {
		return nil, err
	}
	var names []string
	for line := range strings.Lines(status) {
		if name := strings.TrimSpace(line); len(name) > 2 {
			names = append(names, strings.TrimSpace(name[2:]))
		}
	}
	return names, nil
}

// unrelated lists the changes that are not committed in a repository with commits:
// what init writes is a commit of its own there. Without a commit all belongs together.
func (t *sourceTree) unrelated(ctx context.Context) ([]string, error) {
	if _, err := gitOutput(ctx, t.root, "rev-parse", "--verify", "--quiet", "HEAD"); err != nil {
		return nil, nil
	}
	return t.changes(ctx, "--untracked-files=normal")
}

// toAdd are the arguments of git add: what init writes alone, beside other changes.
func (t *sourceTree) toAdd(ctx context.Context, changes []string) string {
	if len(changes) == 0 {
		return "--all"
	}
	if folder, _ := gitOutput(ctx, "", "rev-parse", "--show-prefix"); folder != "" {
		return ":/aloft.yaml :/.github/workflows :/terraform" // from the root, wherever git is run
	}
	return "aloft.yaml .github/workflows terraform"
}

// someOf names the first of many.
func someOf(list []string) string {
	const most = 5
	if more := len(list) - most; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), more)
	}
	return strings.Join(list, ", ")
}

// showNext prints what to do now.
func showNext(w io.Writer, commands []string, target string) {
	ink := paletteFor(w)
	_, _ = fmt.Fprintln(w, ink.paint("=====> Written. Next:", strong))
	for _, command := range commands {
		_, _ = fmt.Fprintln(w, "         "+command)
	}
	if target == blueprint.TargetAzure {
		_, _ = fmt.Fprintln(w, "       Once, before the first push: "+manual+"workflow.md tells how the workflow gets its rights.")
	}
}

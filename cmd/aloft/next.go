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

// nextCommands are those that make the first environment of what init writes. None
// takes along changes of the user's that are not committed.
func nextCommands(ctx context.Context, tree *sourceTree, d drawnUp, server string) []string {
	c := d.Choices
	name := cmp.Or(aloft.NearestName(actor(), aloft.MaxEnvironmentName), "alice")
	commands := []string{adding(ctx, d) + " && git commit --message 'Add Aloft'"}
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

// adding is the command that adds what init writes: nothing else, beside other changes,
// and by force what git ignores.
func adding(ctx context.Context, d drawnUp) string {
	places, forced := []string{"aloft.yaml", ".github/workflows", "terraform"}, d.hidden.places()
	command := "git add"
	switch {
	case len(d.changes) == 0 && len(forced) == 0:
		return "git add --all"
	case len(d.changes) == 0:
		places, command = forced, "git add --all && git add --force"
	case len(forced) > 0:
		places[1], command = blueprint.WorkflowFile, "git add --force" // other workflows may be ignored on purpose
	}
	if folder, _ := gitOutput(ctx, "", "rev-parse", "--show-prefix"); folder != "" {
		return command + " :/" + strings.Join(places, " :/") // from the root, wherever git is run
	}
	return command + " " + strings.Join(places, " ")
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

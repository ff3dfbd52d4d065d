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
	"github.com/aloft-dev/aloft/internal/worktree"
)

// nextCommands are those that make the first environment of what init writes. None
// takes along changes of the user's that are not committed.
func nextCommands(ctx context.Context, tree *worktree.Tree, d drawnUp, server string) []string {
	c := d.Choices
	name := cmp.Or(aloft.NearestName(actor(), aloft.MaxEnvironmentName), "alice")
	commands := []string{adding(ctx, d) + " && git commit --message 'Add Aloft'"}
	remotes, _ := worktree.Git(ctx, tree.Root, "remote") // none if git cannot tell
	there := func(remote string) bool { return slices.Contains(strings.Fields(remotes), remote) }
	if c.Target == blueprint.TargetLocal {
		address := fmt.Sprintf("%s/%s.git", server, c.Name)
		switch url, _ := worktree.Git(ctx, tree.Root, "remote", "get-url", "aloft"); {
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

// adding is the command that adds what init writes: nothing else, beside other changes,
// and by force what git ignores.
func adding(ctx context.Context, d drawnUp) string {
	places, forced := []string{"aloft.yaml", ".github/workflows", "terraform"}, d.hidden.Places()
	command := "git add"
	switch {
	case len(d.changes) == 0 && len(forced) == 0:
		return "git add --all"
	case len(d.changes) == 0:
		places, command = forced, "git add --all && git add --force"
	case len(forced) > 0:
		places[1], command = blueprint.WorkflowFile, "git add --force" // other workflows may be ignored on purpose
	}
	if folder, _ := worktree.Git(ctx, "", "rev-parse", "--show-prefix"); folder != "" {
		return command + " :/" + strings.Join(places, " :/") // from the root, wherever git is run
	}
	return command + " " + strings.Join(places, " ")
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

package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/blueprint"
	"github.com/aloft-dev/aloft/internal/worktree"
)

func newAdd(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "add SERVICE[=TIER]",
		Short: "Add a database or another service to the Terraform",
		Long: `Add writes a service into terraform/, and its addresses into the settings of the
apps. Your edits and comments stay.

` + serviceHelp(),
		Args: arguments("SERVICE"),
		RunE: func(command *cobra.Command, args []string) error {
			return change(command, o, func(c blueprint.Choices) (blueprint.Choices, error) { return c.Add(args[0]) })
		},
	}
}

func newRemove(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "remove SERVICE",
		Short: "Take a service out of the Terraform",
		Long: `Remove takes a service out of terraform/. The next push destroys it, with what is
in it, in that push's environment.`,
		Args: arguments("SERVICE"),
		RunE: func(command *cobra.Command, args []string) error {
			return change(command, o, func(c blueprint.Choices) (blueprint.Choices, error) { return c.Remove(args[0]) })
		},
	}
}

func newSet(o *options) *cobra.Command {
	var environment string
	command := &cobra.Command{
		Use:   "set KEY=VALUE",
		Short: "Change a choice, for every environment or for one",
		Long: `Set changes a choice in terraform/, such as database.tier=general-purpose or
web.health=/healthz (an only app needs no name: health=/healthz). With --env it
holds for that environment alone: it goes into terraform/environments/ENV.tfvars.`,
		Args: arguments("KEY=VALUE"),
		RunE: func(command *cobra.Command, args []string) error {
			key, value, ok := strings.Cut(args[0], "=")
			if !ok {
				return misuse{aloft.Errorf(aloft.CodeInvalid, "%q has no =", args[0]).WithHint("aloft set database.tier=general-purpose")}
			}
			if environment != "" {
				return setInEnvironment(command, o, strings.TrimPrefix(environment, aloft.BranchPrefix), key, value)
			}
			return change(command, o, func(c blueprint.Choices) (blueprint.Choices, error) { return c.Set(key, value) })
		},
	}
	command.Flags().StringVar(&environment, "env", "", "the environment that it holds for; default: all that have no value of their own")
	return command
}

func newUpgrade(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "upgrade",
		Short: "Bring the Terraform and the workflow to this version of Aloft",
		Long: `Upgrade brings what changed between the Aloft that wrote the files and this one
into them, by a three-way merge: your edits stay. Where both changed the same
thing yours stays, and upgrade says what it would have written; text that is not
Terraform gets git's conflict marks. It exits with 1 when there is such a place.`,
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			return change(command, o, func(c blueprint.Choices) (blueprint.Choices, error) { return c, nil })
		},
	}
}

func serviceHelp() string {
	var b strings.Builder
	for _, option := range append(blueprint.Databases()[1:], blueprint.AddOns()...) {
		tiers := make([]string, 0, 4)
		for _, tier := range blueprint.Tiers(option.Value) {
			tiers = append(tiers, tier.Value)
		}
		_, _ = fmt.Fprintf(&b, "  %-21s %s\n", option.Value, strings.Join(tiers, ", "))
	}
	return "Services and their tiers, the usual one first:\n" + strings.TrimRight(b.String(), "\n")
}

// change renders the blueprint anew and merges what became different.
func change(command *cobra.Command, o *options, edit func(blueprint.Choices) (blueprint.Choices, error)) error {
	ctx := command.Context()
	tree, record, err := openBlueprint(ctx)
	if err != nil {
		return err
	}
	defer tree.Close()
	next, err := edit(record.Choices)
	if err == nil {
		err = next.Keeps(record.Choices)
	}
	if err != nil {
		return choiceError(err)
	}
	files, made, err := blueprints().RenderApart(next)
	if err != nil {
		return choiceError(err)
	}
	done, err := tree.Update(ctx, record, rendered(record.Choices), byPath(files), made)
	if err != nil {
		return err
	}
	done.Notices = slices.Concat(done.Notices, tree.StaleSizes(next), newNotices(record.Choices, next))
	if err := o.print(command.OutOrStdout(), done, func(w io.Writer) error { return showChanged(w, done) }); err != nil {
		return err
	}
	if len(done.Conflicts) > 0 {
		return exitCode(exitFailed)
	}
	return nil
}

// openBlueprint opens the repository and the blueprint that must be there.
func openBlueprint(ctx context.Context) (*worktree.Tree, blueprint.Record, error) {
	tree, err := worktree.Open(ctx)
	if err != nil {
		return nil, blueprint.Record{}, err
	}
	record, there, err := tree.Record()
	if err == nil && !there {
		err = aloft.Errorf(aloft.CodeNotFound, "there is no blueprint here: %s is missing", blueprint.RecordFile).WithHint("aloft init writes one")
	}
	if err != nil {
		tree.Close()
	}
	return tree, record, err
}

// rendered are the files that this program makes of choices: those of the
// record, when the same version wrote it.
func rendered(c blueprint.Choices) map[string]string {
	files, _, err := blueprints().RenderApart(c)
	if err != nil {
		return nil
	}
	return byPath(files)
}

func byPath(files []blueprint.File) map[string]string {
	texts := map[string]string{}
	for _, f := range files {
		texts[f.Path] = f.Text
	}
	return texts
}

func showChanged(w io.Writer, c worktree.Changed) error {
	ink := paletteFor(w)
	for _, path := range c.Written {
		_, _ = fmt.Fprintln(w, "       written "+path)
	}
	for _, path := range c.Removed {
		_, _ = fmt.Fprintln(w, "       removed "+path)
	}
	paths := make([]string, 0, len(c.Conflicts))
	for path := range c.Conflicts {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	for _, path := range paths {
		for _, conflict := range c.Conflicts[path] {
			if conflict.Lacks != "" {
				_, _ = fmt.Fprintln(w, ink.paint(fmt.Sprintf(" !     %s refers to %s now, which is not there: put yours in its place", path, conflict.Lacks), warn))
				continue
			}
			_, _ = fmt.Fprintln(w, ink.paint(fmt.Sprintf(" !     %s: yours stays: %s", strings.TrimSpace(path+" "+conflict.Place), cmp.Or(conflict.Yours, "taken out")), warn))
			if conflict.Ours != "" {
				_, _ = fmt.Fprintln(w, ink.paint(" !     → aloft would write: "+conflict.Ours, warn))
			}
			if conflict.Diff != "" {
				_, _ = fmt.Fprintln(w, ink.paint(" !     → this is between yours (-) and what aloft would write (+):", warn))
				_, _ = fmt.Fprint(w, conflict.Diff)
			}
		}
	}
	showNotices(w, c.Notices)
	if len(c.Written)+len(c.Removed)+len(c.Conflicts) == 0 {
		_, err := fmt.Fprintln(w, "nothing to change")
		return err
	}
	_, err := fmt.Fprintln(w, ink.paint("=====> See it: git diff. Plan it: aloft plan <environment>", strong))
	return err
}

func showNotices(w io.Writer, notices []string) {
	ink := paletteFor(w)
	for _, notice := range notices {
		_, _ = fmt.Fprintln(w, ink.paint(" !     "+notice, warn))
	}
}

// newNotices are those that other choices bring.
func newNotices(before, next blueprint.Choices) []string {
	told := before.Notices() // when the choices became what they were
	fresh := slices.DeleteFunc(next.Notices(), func(n string) bool { return slices.Contains(told, n) })
	return append(next.Consequences(before), fresh...)
}

// setInEnvironment writes a value into the environment's own variables.
func setInEnvironment(command *cobra.Command, o *options, environment, key, value string) error {
	if err := aloft.ValidateEnvironmentName(environment); err != nil {
		return misuse{err}
	}
	tree, record, err := openBlueprint(command.Context())
	if err != nil {
		return err
	}
	defer tree.Close()
	input, err := record.Choices.Input(key, value)
	if err != nil {
		return choiceError(err)
	}
	path := "terraform/environments/" + environment + ".tfvars"
	before, carriage, there, err := tree.Text(path)
	if err == nil && !there { // what holds for the rest holds for this one until it says otherwise
		before, carriage, there, err = tree.Text("terraform/environments/default.tfvars")
	}
	if err != nil {
		return err
	}
	if !there {
		before = fmt.Sprintf("# What environment %s has otherwise than variables.tf says.\n", environment)
	}
	is := record.Choices // as the environment has them
	if own := blueprint.Variable(path, []byte(before), input); own != "" {
		if chosen, err := is.Set(key, own); err == nil {
			is = chosen
		}
	}
	next, err := is.Set(key, value)
	if err == nil {
		err = next.Keeps(is)
	}
	if err != nil {
		return choiceError(err)
	}
	text, err := blueprint.SetVariable(path, []byte(before), input, value)
	if err != nil {
		return err
	}
	if carriage {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	if err := tree.Write([]blueprint.File{{Path: path, Text: text}}, nil); err != nil {
		return err
	}
	c := worktree.Changed{Written: []string{path}, Removed: []string{}, Notices: next.Consequences(is)}
	return o.print(command.OutOrStdout(), c, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "       written %s: %s = %q\n", path, input, value)
		showNotices(w, c.Notices)
		return err
	})
}

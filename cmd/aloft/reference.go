package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aloft-dev/aloft/internal/api"
	"github.com/aloft-dev/aloft/internal/blueprint"
	"github.com/aloft-dev/aloft/internal/manifest"
	"github.com/aloft-dev/aloft/internal/provider"
	"github.com/aloft-dev/aloft/internal/server"
)

// newReference prints the parts of the documentation that are made from the
// program; docs/ holds what it prints.
func newReference() *cobra.Command {
	return &cobra.Command{
		Use:       "reference cli|limits|manifest|schema|provider|openapi|options|variables",
		Short:     "Print a reference that is made from the program",
		Hidden:    true,
		Args:      arguments("NAME"),
		ValidArgs: []string{"cli", "limits", "manifest", "schema", "provider", "openapi", "options", "variables"},
		RunE: func(command *cobra.Command, args []string) error {
			w := command.OutOrStdout()
			write := func(data []byte) error {
				_, err := w.Write(data)
				return err
			}
			switch args[0] {
			case "cli":
				return writeCommands(w, command.Root())
			case "limits":
				return server.WriteLimits(w)
			case "manifest":
				return write(manifest.Reference())
			case "schema":
				return write(manifest.Schema())
			case "provider":
				return write(provider.Reference())
			case "openapi":
				return write(api.OpenAPI())
			case "options":
				return write(blueprint.Reference())
			case "variables":
				return writeVariables(w)
			}
			return misuse{fmt.Errorf("there is no reference %q", args[0])}
		},
	}
}

// writeCommands writes every command with its flags as Markdown.
func writeCommands(w io.Writer, root *cobra.Command) error {
	_, _ = fmt.Fprint(w, "# Commands\n\nMade by `aloft reference cli`. Exit codes: 0 done, 1 failed, 2 misuse, 3 nothing found, 4 not allowed, 130 canceled.\n")
	_, _ = fmt.Fprintf(w, "\nFlags of every command:\n\n```\n%s```\n", root.PersistentFlags().FlagUsages())
	var write func(command *cobra.Command)
	write = func(command *cobra.Command) {
		if command.Hidden || command.Name() == "help" {
			return
		}
		if command.Runnable() && command.HasParent() && !command.HasSubCommands() {
			about := command.Long
			if about == "" {
				about = command.Short + "."
			}
			_, _ = fmt.Fprintf(w, "\n## %s\n\n%s\n\n```\n%s\n", command.CommandPath(), about, command.UseLine())
			if flags := command.NonInheritedFlags().FlagUsages(); strings.TrimSpace(flags) != "" {
				_, _ = fmt.Fprintf(w, "\n%s", flags)
			}
			_, _ = fmt.Fprintln(w, "```")
		}
		for _, child := range command.Commands() {
			write(child)
		}
	}
	write(root)
	return nil
}

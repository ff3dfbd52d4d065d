package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/aloft-dev/aloft/internal/git"
)

// newHook is what git runs when it has received a push.
func newHook() *cobra.Command {
	return &cobra.Command{
		Use:    "hook NAME",
		Short:  "Act as a hook of the embedded git remote",
		Hidden: true,
		Args:   arguments("NAME"),
		RunE: func(command *cobra.Command, args []string) error {
			return git.RunHook(command.Context(), args[0], os.Getenv, os.Stdin, os.Stdout, os.Stderr)
		},
	}
}

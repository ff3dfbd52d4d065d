package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/aloft-dev/aloft/internal/api"
)

func newProject(o *options) *cobra.Command {
	command := &cobra.Command{
		Use:   "project",
		Short: "List, create and delete projects",
		Args:  noArguments,
		RunE:  func(command *cobra.Command, _ []string) error { return command.Help() },
	}
	command.AddCommand(
		&cobra.Command{
			Use:   "list",
			Short: "List the projects",
			Args:  noArguments,
			RunE: func(command *cobra.Command, _ []string) error {
				client, err := o.client(command.Context())
				if err != nil {
					return err
				}
				list, err := client.Projects(command.Context())
				if err != nil {
					return err
				}
				return o.print(command.OutOrStdout(), list, func(w io.Writer) error {
					table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
					_, _ = fmt.Fprintln(table, "PROJECT\tAGE\tREMOTE")
					for _, p := range list {
						_, _ = fmt.Fprintf(table, "%s\t%s\t%s/%s.git\n", p.Name, age(time.Since(p.CreatedAt)), client.URL, p.Name)
					}
					return table.Flush()
				})
			},
		},
		o.projectCommand("create PROJECT", "Create a project; a first push does it too", func(command *cobra.Command, client *api.Client, name string) error {
			project, err := client.CreateProject(command.Context(), name)
			if err != nil {
				return err
			}
			return o.print(command.OutOrStdout(), project, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "project %s is there; in its folder:\n  git remote add aloft %s/%s.git\n  git push aloft HEAD:env-<name>\n", name, client.URL, name)
				return err
			})
		}),
		o.projectCommand("delete PROJECT", "Delete a project that has no environments", func(command *cobra.Command, client *api.Client, name string) error {
			if err := client.DeleteProject(command.Context(), name); err != nil {
				return err
			}
			_, err := fmt.Fprintf(command.OutOrStdout(), "project %s is deleted\n", name)
			return err
		}),
	)
	return command
}

func (o *options) projectCommand(use, short string, do func(*cobra.Command, *api.Client, string) error) *cobra.Command {
	return &cobra.Command{
		Use:   use,
		Short: short,
		Args:  arguments("PROJECT"),
		RunE: func(command *cobra.Command, args []string) error {
			client, err := o.client(command.Context())
			if err != nil {
				return err
			}
			return do(command, client, args[0])
		},
	}
}

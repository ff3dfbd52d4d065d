package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/api"
)

func newState(o *options) *cobra.Command {
	command := &cobra.Command{
		Use:   "state",
		Short: "List, show and restore versions of an environment's Terraform state",
		Args:  noArguments,
		RunE:  func(command *cobra.Command, _ []string) error { return command.Help() },
	}
	command.AddCommand(
		newStateList(o),
		o.versionCommand("show ENV [VERSION]", "Print a version as Terraform keeps it; it may hold secrets", false,
			func(command *cobra.Command, client *api.Client, key aloft.EnvironmentKey, version int64) error {
				state, err := client.State(command.Context(), key, version)
				if err != nil {
					return err
				}
				_, err = command.OutOrStdout().Write(state)
				return err
			}),
		o.versionCommand("restore ENV VERSION", "Make an earlier version the newest; resources are not touched", true,
			func(command *cobra.Command, client *api.Client, key aloft.EnvironmentKey, version int64) error {
				restored, err := client.RestoreState(command.Context(), key, version)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(command.OutOrStdout(), "version %d is restored as version %d, serial %d; see what differs: aloft terraform %s -- plan\n",
					version, restored.Version, restored.Serial, key.Environment)
				return err
			}),
	)
	return command
}

func newStateList(o *options) *cobra.Command {
	var all bool
	command := &cobra.Command{
		Use:   "list ENV",
		Short: "List the kept versions, newest first",
		Args:  arguments("ENV"),
		RunE: func(command *cobra.Command, args []string) error {
			return o.withEnvironment(command, args[0], func(client *api.Client, key aloft.EnvironmentKey) error {
				list, err := client.StateVersions(command.Context(), key)
				if err != nil {
					return err
				}
				aside, err := client.StatesAside(command.Context(), key)
				if err != nil {
					return err
				}
				if all {
					list = append(list, aside...)
					slices.SortFunc(list, func(a, b aloft.StateVersion) int { return cmp.Compare(b.Version, a.Version) })
				}
				if len(list) == 0 {
					return noState(key, aside)
				}
				return o.print(command.OutOrStdout(), list, func(w io.Writer) error { return writeVersions(w, list) })
			})
		},
	}
	command.Flags().BoolVar(&all, "all", false, "also those that were deleted or refused; they are kept for 30 days")
	return command
}

func noState(key aloft.EnvironmentKey, aside []aloft.StateVersion) error {
	err := aloft.Errorf(aloft.CodeNotFound, "%s has no state here", key)
	if len(aside) == 0 {
		return err
	}
	return err.WithHint("%d versions are kept aside: aloft state list %s --all", len(aside), key.Environment)
}

func writeVersions(w io.Writer, list []aloft.StateVersion) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "VERSION\tSERIAL\tRESOURCES\tSIZE\tRUN\tWRITTEN")
	for _, v := range list {
		run, resources := "-", fmt.Sprint(v.Resources)
		if v.RunID != 0 {
			run = fmt.Sprint(v.RunID)
		}
		if v.Resources == aloft.UnknownResources {
			resources = "encrypted"
		}
		_, _ = fmt.Fprintf(table, "%d\t%d\t%s\t%s\t%s\t%s", v.Version, v.Serial, resources, size(v.SizeBytes), run, v.CreatedAt.Local().Format(time.DateTime))
		switch v.Aside {
		case "":
		case aloft.StateDeleted:
			_, _ = fmt.Fprintf(table, "  deleted %s", v.AsideAt.Local().Format(time.DateTime))
		default:
			_, _ = fmt.Fprintf(table, "  refused: %s", v.Aside)
		}
		_, _ = fmt.Fprintln(table)
	}
	return table.Flush()
}

// versionCommand makes a command about one version of a state; 0 = the newest.
func (o *options) versionCommand(use, short string, must bool, do func(*cobra.Command, *api.Client, aloft.EnvironmentKey, int64) error) *cobra.Command {
	return &cobra.Command{
		Use:   use,
		Short: short,
		Args: func(command *cobra.Command, args []string) error {
			if len(args) == 2 || len(args) == 1 && !must {
				return nil
			}
			return arguments("ENV", "VERSION")(command, args)
		},
		RunE: func(command *cobra.Command, args []string) error {
			var version int64
			if len(args) == 2 {
				var err error
				if version, err = strconv.ParseInt(args[1], 10, 64); err != nil || version < 1 {
					return misuse{aloft.Errorf(aloft.CodeInvalid, "%q is no version of a state", args[1]).WithHint("`aloft state list %s` shows them", args[0])}
				}
			}
			return o.withEnvironment(command, args[0], func(client *api.Client, key aloft.EnvironmentKey) error {
				return do(command, client, key, version)
			})
		},
	}
}

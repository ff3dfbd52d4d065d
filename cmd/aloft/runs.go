package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/api"
	"github.com/aloft-dev/aloft/internal/terraform"
)

func newRun(o *options) *cobra.Command {
	command := &cobra.Command{
		Use:   "run",
		Short: "List, show, follow, cancel and approve runs",
		Args:  noArguments,
		RunE:  func(command *cobra.Command, _ []string) error { return command.Help() },
	}
	command.AddCommand(newRunList(o), newRunShow(o),
		o.runCommand("logs RUN", "Show the log of a run", func(command *cobra.Command, client *api.Client, id int64) error {
			return client.RunLog(command.Context(), id, false, logFor(command.OutOrStdout()))
		}),
		o.runCommand("attach RUN", "Follow a run until it has ended; Ctrl-C detaches", func(command *cobra.Command, client *api.Client, id int64) error {
			return followRun(command.Context(), client, id, command.OutOrStdout())
		}),
		o.runCommand("cancel RUN", "Stop a run as soon as that does no harm", func(command *cobra.Command, client *api.Client, id int64) error {
			if err := client.CancelRun(command.Context(), id); err != nil {
				return err
			}
			_, err := fmt.Fprintf(command.OutOrStdout(), "run %d is being canceled\n", id)
			return err
		}),
		newRunApprove(o))
	return command
}

// runCommand makes a command whose argument is the number of a run.
func (o *options) runCommand(use, short string, do func(*cobra.Command, *api.Client, int64) error) *cobra.Command {
	return &cobra.Command{
		Use:   use,
		Short: short,
		Args:  arguments("RUN"),
		RunE: func(command *cobra.Command, args []string) error {
			id, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil || id < 1 {
				return misuse{aloft.Errorf(aloft.CodeInvalid, "%q is no number of a run", args[0]).WithHint("`aloft run list` shows them")}
			}
			client, err := o.client(command.Context())
			if err != nil {
				return err
			}
			return do(command, client, id)
		},
	}
}

func newRunList(o *options) *cobra.Command {
	var filter aloft.RunFilter
	command := &cobra.Command{
		Use:   "list",
		Short: "List the runs, newest first",
		Args:  noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			client, err := o.client(command.Context())
			if err != nil {
				return err
			}
			filter.Project = o.project
			filter.Environment = strings.TrimPrefix(filter.Environment, aloft.BranchPrefix)
			list, err := client.Runs(command.Context(), filter)
			if err != nil {
				return err
			}
			return o.print(command.OutOrStdout(), list, func(w io.Writer) error {
				var text strings.Builder
				table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
				writeRunRows(table, list, time.Now())
				_ = table.Flush() // into memory
				_, err := io.WriteString(w, paletteFor(w).column(text.String(), "STATUS"))
				return err
			})
		},
	}
	command.Flags().StringVarP(&filter.Environment, "environment", "e", "", "only runs of this environment")
	command.Flags().IntVarP(&filter.Limit, "limit", "n", 20, "how many")
	return command
}

func writeRunRows(w io.Writer, list []aloft.Run, now time.Time) {
	_, _ = fmt.Fprintln(w, "RUN\tENVIRONMENT\tOPERATION\tSTATUS\tTRIGGER\tCOMMIT\tAGE\tTOOK\tTITLE")
	for _, r := range list {
		took := ""
		if !r.FinishedAt.IsZero() && !r.StartedAt.IsZero() {
			took = fmt.Sprintf("%.1f s", r.FinishedAt.Sub(r.StartedAt).Seconds())
		}
		_, _ = fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%.8s\t%s\t%s\t%s\n",
			r.ID, r.EnvironmentKey, r.Operation, r.Status, r.Trigger, r.Revision, age(now.Sub(r.CreatedAt)), took, r.Title)
	}
}

func newRunShow(o *options) *cobra.Command {
	var traced bool
	command := o.runCommand("show RUN", "Show a run: its steps with their times, its plan", func(command *cobra.Command, client *api.Client, id int64) error {
		if traced {
			return o.showTrace(command, client, id)
		}
		run, err := client.Run(command.Context(), id)
		if err != nil {
			return err
		}
		return o.print(command.OutOrStdout(), run, func(w io.Writer) error {
			if err := writeRun(w, run); err != nil {
				return err
			}
			if plan, err := client.Plan(command.Context(), id); err == nil {
				_, _ = fmt.Fprintln(w)
				terraform.WritePlan(w, plan)
			}
			return nil
		})
	})
	command.Flags().BoolVar(&traced, "trace", false, "show where its time went, from the push to the end: what ran when, and beside what")
	return command
}

func (o *options) showTrace(command *cobra.Command, client *api.Client, id int64) error {
	trace, err := client.Trace(command.Context(), id)
	if err != nil {
		return err
	}
	return o.print(command.OutOrStdout(), trace, func(w io.Writer) error {
		writeTrace(w, trace, canvasFor(w))
		return nil
	})
}

func writeRun(w io.Writer, run api.RunDetails) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(table, "run\t%d\nenvironment\t%s\noperation\t%s\nstatus\t%s\ntrigger\t%s\n",
		run.ID, run.EnvironmentKey, run.Operation, run.Status, run.Trigger)
	for _, row := range [][2]string{
		{"by", run.Actor}, {"commit", run.Revision}, {"title", run.Title},
		{"error", run.Error}, {"hint", run.Hint}, {"approved by", run.Approver},
	} {
		if row[1] != "" {
			_, _ = fmt.Fprintf(table, "%s\t%s\n", row[0], strings.ReplaceAll(row[1], "\n", "\n\t"))
		}
	}
	_, _ = fmt.Fprintln(table, "\nSTEP\tSTATUS\tTIME\tRESULT")
	for _, s := range run.Steps {
		took := ""
		if !s.FinishedAt.IsZero() {
			took = fmt.Sprintf("%.2f s", s.FinishedAt.Sub(s.StartedAt).Seconds())
		}
		reason, _, _ := strings.Cut(s.Reason, "\n")
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", s.Name, s.Status, took, reason)
	}
	return table.Flush()
}

func newRunApprove(o *options) *cobra.Command {
	var digest string
	command := o.runCommand("approve RUN", "Let a waiting run carry out its plan", func(command *cobra.Command, client *api.Client, id int64) error {
		if digest == "" {
			run, err := client.Run(command.Context(), id)
			if err != nil {
				return err
			}
			digest = run.PlanDigest
		}
		if digest == "" {
			return aloft.Errorf(aloft.CodeConflict, "run %d does not wait for approval", id).WithHint("aloft run show %d", id)
		}
		if err := client.ApproveRun(command.Context(), id, digest); err != nil {
			return err
		}
		return followApproved(command.Context(), client, id, command.OutOrStdout())
	})
	command.Flags().StringVar(&digest, "digest", "", "approve only the plan with this digest (default: the plan that waits)")
	return command
}

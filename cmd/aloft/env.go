package main

import (
	"fmt"
	"io"
	"maps"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/api"
)

func newEnv(o *options) *cobra.Command {
	command := &cobra.Command{
		Use:        "env",
		SuggestFor: []string{"logs", "status", "ps", "list", "show", "rollback", "environments"},
		Short:      "List, show and work with environments",
		Args:       noArguments,
		RunE:       func(command *cobra.Command, _ []string) error { return command.Help() },
	}
	command.AddCommand(newEnvList(o), newEnvShow(o), newEnvOpen(o), newEnvLogs(o), newEnvRun(o), newEnvRollback(o), newEnvRetry(o), newEnvTTL(o), newEnvAccept(o))
	return command
}

func newEnvList(o *options) *cobra.Command {
	var all bool
	command := &cobra.Command{
		Use:   "list",
		Short: "List the environments: owner, age, size, expiry, status",
		Args:  noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			client, err := o.client(command.Context())
			if err != nil {
				return err
			}
			list, err := client.Environments(command.Context(), aloft.EnvironmentFilter{Project: o.project, Destroyed: all})
			if err != nil {
				return err
			}
			missed, err := unrecorded(command.Context(), client, o.project)
			if err != nil {
				return err
			}
			return o.print(command.OutOrStdout(), list, func(w io.Writer) error {
				if len(list) > 0 || len(missed) == 0 {
					err = writeEnvironments(w, list, time.Now())
				}
				for _, key := range missed {
					_, _ = fmt.Fprintf(w, "\n%s: %s; %s\n", key, notRecorded, makeRecorded(key))
				}
				return err
			})
		},
	}
	command.Flags().BoolVar(&all, "all", false, "also those that were destroyed")
	return command
}

func writeEnvironments(w io.Writer, list []aloft.Environment, now time.Time) error {
	if len(list) == 0 {
		_, err := fmt.Fprintln(w, "There is no environment. Make one with: git push aloft HEAD:env-<name>")
		return err
	}
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "ENVIRONMENT\tSTATUS\tOWNER\tAGE\tSIZE\tEXPIRES\tURL")
	for _, e := range list {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", e.EnvironmentKey, standing(e), ownerName(e.Owner),
			age(now.Sub(e.CreatedAt)), size(e.SizeBytes), expiry(e, now), strings.Join(urls(e), " "))
	}
	_ = table.Flush() // into memory
	for _, b := range blockages(list) {
		_, _ = fmt.Fprintf(&text, "\n%s: %s\n", b, b.why)
	}
	_, err := io.WriteString(w, paletteFor(w).column(text.String(), "STATUS"))
	return err
}

// ownerName shortens "Alice <alice@example.com>".
func ownerName(owner string) string {
	name, _, _ := strings.Cut(owner, " <")
	if name == "" {
		return "-"
	}
	return name
}

func urls(e aloft.Environment) []string {
	return slices.Sorted(maps.Values(e.URLs))
}

func age(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24))
}

func size(bytes int64) string { return humanize.IBytes(uint64(max(0, bytes))) }

func expiry(e aloft.Environment, now time.Time) string {
	switch {
	case e.ExpiresAt.IsZero():
		return "never"
	case e.ExpiresAt.Before(now):
		return "now"
	}
	return "in " + age(e.ExpiresAt.Sub(now)+30*time.Second) // what was just set to 3m says 3m
}

func newEnvShow(o *options) *cobra.Command {
	return o.environmentCommand("show ENV", "Show an environment: releases, processes, last runs", func(command *cobra.Command, client *api.Client, key aloft.EnvironmentKey) error {
		details, err := client.Environment(command.Context(), key)
		if err != nil {
			return err
		}
		return o.print(command.OutOrStdout(), details, func(w io.Writer) error { return writeEnvironment(w, details) })
	})
}

func writeEnvironment(w io.Writer, d api.EnvironmentDetails) error {
	now := time.Now()
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(label, value string) {
		if value != "" {
			_, _ = fmt.Fprintf(table, "%s\t%s\n", label, value)
		}
	}
	row("environment", d.EnvironmentKey.String())
	row("status", standing(d.Environment))
	row("reason", d.Reason)
	row("blocked", d.Disagreement)
	row("url", strings.Join(urls(d.Environment), " "))
	row("commit", d.Revision)
	row("owner", d.Owner)
	row("age", age(now.Sub(d.CreatedAt)))
	row("expires", expiry(d.Environment, now))
	row("size", size(d.SizeBytes))
	if d.Protected {
		row("protected", "yes: data is destroyed only after approval")
	}
	_, _ = fmt.Fprintln(table, "\nAPP\tPROCESS\tSTATE\tPID\tMEMORY\tRESTARTS\tLAST EXIT")
	for _, p := range d.Processes {
		_, _ = fmt.Fprintf(table, "%s\t%s.%d\t%s\t%d\t%s\t%d\t%s\n", p.App, p.Process, p.Instance, p.State, p.PID, size(p.MemoryBytes), p.Restarts, p.LastExit)
	}
	_, _ = fmt.Fprintln(table, "\nAPP\tRELEASE\tSTATUS\tCOMMIT\tAGE\tREASON")
	for _, r := range d.Releases {
		_, _ = fmt.Fprintf(table, "%s\t%d\t%s\t%.8s\t%s\t%s\n", r.App, r.Number, r.Status, r.Revision, age(now.Sub(r.CreatedAt)), r.Reason)
	}
	_, _ = fmt.Fprintln(table)
	writeRunRows(table, d.Runs, now)
	return table.Flush()
}

func newEnvOpen(o *options) *cobra.Command {
	return o.environmentCommand("open ENV", "Open an environment's URL in the browser", func(command *cobra.Command, client *api.Client, key aloft.EnvironmentKey) error {
		details, err := client.Environment(command.Context(), key)
		if err != nil {
			return err
		}
		list := urls(details.Environment)
		if len(list) == 0 {
			return aloft.Errorf(aloft.CodeNotFound, "%s has no URL: it is %s", key, standing(details.Environment))
		}
		_, _ = fmt.Fprintln(command.OutOrStdout(), list[0])
		return openBrowser(list[0])
	})
}

// openBrowser asks the desktop to show a page. Without one the printed URL must do.
func openBrowser(address string) error {
	program := "xdg-open"
	if runtime.GOOS == "darwin" {
		program = "open"
	}
	path, err := exec.LookPath(program)
	if err != nil {
		return nil
	}
	return exec.Command(path, address).Start()
}

func newEnvLogs(o *options) *cobra.Command {
	var follow bool
	var lines int
	var app string
	command := o.environmentCommand("logs ENV", "Show what the apps of an environment write", func(command *cobra.Command, client *api.Client, key aloft.EnvironmentKey) error {
		return client.Logs(command.Context(), key, app, lines, follow, command.OutOrStdout())
	})
	command.Flags().BoolVarP(&follow, "follow", "f", false, "go on until Ctrl-C")
	command.Flags().IntVarP(&lines, "lines", "n", 100, "how many lines to begin with")
	command.Flags().StringVarP(&app, "app", "a", "", "only this app")
	return command
}

func newEnvRun(o *options) *cobra.Command {
	var app string
	command := &cobra.Command{
		Use:   "run ENV -- COMMAND [ARGUMENT...]",
		Short: "Run a command with an app's release and variables",
		Args: func(command *cobra.Command, args []string) error {
			if len(args) < 2 {
				return misuse{aloft.Errorf(aloft.CodeInvalid, "which command?").WithHint("%s", command.UseLine())}
			}
			return nil
		},
		RunE: func(command *cobra.Command, args []string) error {
			return o.withEnvironment(command, args[0], func(client *api.Client, key aloft.EnvironmentKey) error {
				code, err := client.RunCommand(command.Context(), key, app, args[1:], command.OutOrStdout())
				if err != nil || code == 0 {
					return err
				}
				return exitCode(code)
			})
		},
	}
	command.Flags().StringVarP(&app, "app", "a", "", "the app; needed when there are several")
	return command
}

func newEnvRollback(o *options) *cobra.Command {
	var to api.RollbackRequest
	command := o.environmentCommand("rollback ENV", "Deploy an earlier release again; resources stay as they are", func(command *cobra.Command, client *api.Client, key aloft.EnvironmentKey) error {
		run, err := client.Rollback(command.Context(), key, to)
		if err != nil {
			return err
		}
		return followRun(command.Context(), client, run.ID, command.OutOrStdout())
	})
	command.Flags().Int64Var(&to.Release, "release", 0, "number of the release (default: the one before)")
	command.Flags().StringVarP(&to.App, "app", "a", "", "the app that the number is of; needed when there are several")
	return command
}

func newEnvRetry(o *options) *cobra.Command {
	return o.environmentCommand("retry ENV", "Take the last run's steps again", func(command *cobra.Command, client *api.Client, key aloft.EnvironmentKey) error {
		run, err := client.Retry(command.Context(), key)
		if err != nil {
			return err
		}
		return followRun(command.Context(), client, run.ID, command.OutOrStdout())
	})
}

func newEnvAccept(o *options) *cobra.Command {
	command := o.environmentCommand("accept ENV", "Take what is there as right, after disk, records and state have disagreed", func(command *cobra.Command, client *api.Client, key aloft.EnvironmentKey) error {
		e, err := client.AcceptEnvironment(command.Context(), key)
		if err != nil {
			return err
		}
		return o.print(command.OutOrStdout(), e, func(w io.Writer) error {
			if e.Disagreement != "" {
				_, err = fmt.Fprintf(w, "%s: taken as right; still open: %s\n", key, e.Disagreement)
			} else {
				_, err = fmt.Fprintf(w, "%s: what is there is taken as right; what is gone counts as gone\n", key)
			}
			return err
		})
	})
	command.Long = `When the repository, the files, the state, the databases' folder or the records of an
environment are gone, or older than the others, it is blocked: Aloft keeps its apps running, does nothing
else to it, and says why (aloft env list).
Bring back what is missing, and all is as before by itself. If it is lost for good,
accept says that what is there now is right: the next push works from that, and may
make again what it does not know of: databases empty. A lost repository is accepted
for the whole project. A push that was refused since it names another backend passes
the next time.`
	return command
}

func newEnvTTL(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "ttl ENV DURATION",
		Short: "Change how long an environment lives: 72h from now, or never",
		Args:  arguments("ENV", "DURATION"),
		RunE: func(command *cobra.Command, args []string) error {
			var ttl time.Duration
			if args[1] != "never" {
				var err error
				if ttl, err = time.ParseDuration(args[1]); err != nil || ttl <= 0 {
					return misuse{aloft.Errorf(aloft.CodeInvalid, "%q is no duration", args[1]).WithHint("such as 72h, or never")}
				}
			}
			return o.withEnvironment(command, args[0], func(client *api.Client, key aloft.EnvironmentKey) error {
				e, err := client.SetTTL(command.Context(), key, ttl)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(command.OutOrStdout(), "%s expires: %s\n", key, expiry(e, time.Now()))
				return err
			})
		},
	}
}

// environmentCommand makes a command whose only argument is an environment.
func (o *options) environmentCommand(use, short string, do func(*cobra.Command, *api.Client, aloft.EnvironmentKey) error) *cobra.Command {
	return &cobra.Command{
		Use:   use,
		Short: short,
		Args:  arguments("ENV"),
		RunE: func(command *cobra.Command, args []string) error {
			return o.withEnvironment(command, args[0], func(client *api.Client, key aloft.EnvironmentKey) error {
				return do(command, client, key)
			})
		},
	}
}

// withEnvironment finds the server and the environment that an argument names.
func (o *options) withEnvironment(command *cobra.Command, name string, do func(*api.Client, aloft.EnvironmentKey) error) error {
	key, err := o.key(command.Context(), name)
	if err != nil {
		return err
	}
	client, err := o.client(command.Context())
	if err != nil {
		return err
	}
	return do(client, key)
}

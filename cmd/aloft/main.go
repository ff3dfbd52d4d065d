// Command aloft makes a running environment of every branch env-<name>: it is
// the server, the command line and the git hook in one binary.
//
// It may import every room: a command reads flags, calls, and prints.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/run"
)

func main() { os.Exit(Main()) }

// Exit codes of the command.
const (
	exitDone       = 0
	exitFailed     = 1
	exitMisuse     = 2
	exitNotFound   = 3
	exitNotAllowed = 4
	exitCanceled   = 130
)

// Main runs the command with the process's arguments and returns its exit code.
func Main() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	if strings.HasPrefix(filepath.Base(os.Args[0]), "terraform-provider-aloft") {
		return servePlugin(ctx)
	}
	root := newRoot()
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	if code, ok := errors.AsType[exitCode](err); ok {
		return int(code)
	}
	if ctx.Err() != nil && exitCodeOf(err) == exitCanceled {
		return exitCanceled // whoever pressed Ctrl-C knows
	}
	printError(root.ErrOrStderr(), err)
	return exitCodeOf(err)
}

// exitCode ends the command with a code when all has been said already.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

// misuse marks an error of the command line itself.
type misuse struct{ error }

func (m misuse) Unwrap() error { return m.error }

func exitCodeOf(err error) int {
	if _, ok := errors.AsType[misuse](err); ok {
		return exitMisuse
	}
	if errors.Is(err, context.Canceled) {
		return exitCanceled
	}
	switch aloft.ErrorCode(err) {
	case aloft.CodeInvalid:
		return exitMisuse
	case aloft.CodeNotFound:
		return exitNotFound
	case aloft.CodeForbidden:
		return exitNotAllowed
	case aloft.CodeCanceled:
		return exitCanceled
	default:
		return exitFailed
	}
}

func printError(w io.Writer, err error) {
	p := paletteFor(w)
	for line := range strings.Lines(err.Error()) {
		_, _ = fmt.Fprintln(w, p.paint(" !     "+run.Harmless(strings.TrimSuffix(line, "\n")), bad))
	}
	if hint := aloft.ErrorHint(err); hint != "" {
		_, _ = fmt.Fprintln(w, p.paint(" !     → "+run.Harmless(hint), bad))
	}
}

// newRoot returns the whole command tree.
func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "aloft",
		Short: "A running environment for every branch env-<name>",
		Long: `Aloft turns a pushed branch env-<name> into a running environment: Terraform
makes its resources, the app is built, deployed and answers at a URL. The next
push updates it; deleting the branch removes all of it.

Start with:
  aloft demo          see it work on this machine
  aloft init          write Terraform and a workflow for your apps
  aloft serve         run the server, then push to it`,
		Version:       buildVersion().Version,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noArguments,
		RunE:          func(command *cobra.Command, _ []string) error { return command.Help() },
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(func(command *cobra.Command, err error) error {
		return misuse{aloft.Errorf(aloft.CodeInvalid, "%w", err).WithHint("%s --help", command.CommandPath())}
	})
	o := &options{}
	o.register(root)
	root.PersistentPreRunE = func(command *cobra.Command, _ []string) error { return o.checkJSON(command) }
	root.AddGroup(
		&cobra.Group{ID: "files", Title: "Terraform and workflow of a repository:"},
		&cobra.Group{ID: "environments", Title: "Environments:"},
		&cobra.Group{ID: "server", Title: "Server and machine:"},
	)
	for _, group := range []struct {
		id       string
		commands []*cobra.Command
	}{
		{"files", []*cobra.Command{newInit(o), newAdd(o), newRemove(o), newSet(o), newUpgrade(o)}},
		{"environments", []*cobra.Command{
			newUp(o), newPlan(o), newDestroy(o), newEnv(o), newRun(o), newState(o), newTerraform(o), newProject(o),
		}},
		{"server", []*cobra.Command{
			newServe(), newBackup(o), newRestore(), newDemo(), newDoctor(o), newLogin(o), newToken(o), newOpen(o), newVersion(o),
		}},
	} {
		for _, command := range group.commands {
			command.GroupID = group.id
			root.AddCommand(command)
		}
	}
	root.AddCommand(newHook(), newGitCredential(), newReference())
	return root
}

// noArguments refuses arguments, naming the commands that there are.
func noArguments(command *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	err := aloft.Errorf(aloft.CodeInvalid, "there is no command %q", command.CommandPath()+" "+args[0])
	command.SuggestionsMinimumDistance = 2
	if near := command.SuggestionsFor(args[0]); len(near) > 0 {
		return misuse{err.WithHint("did you mean: %s %s", command.CommandPath(), near[0])}
	}
	return misuse{err.WithHint("%s --help", command.CommandPath())}
}

// arguments wants exactly the named arguments.
func arguments(names ...string) cobra.PositionalArgs {
	return func(command *cobra.Command, args []string) error {
		if len(args) == len(names) {
			return nil
		}
		wanted := "takes no argument"
		if len(names) > 0 {
			wanted = "needs " + strings.Join(names, " and ")
		}
		return misuse{aloft.Errorf(aloft.CodeInvalid, "%s %s; it got %d arguments", command.CommandPath(), wanted, len(args)).
			WithHint("%s", command.UseLine())}
	}
}

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/api"
	"github.com/aloft-dev/aloft/internal/manifest"
	"github.com/aloft-dev/aloft/internal/terraform"
	"github.com/aloft-dev/aloft/internal/worktree"
)

func newUp(o *options) *cobra.Command {
	var run aloft.RunOptions
	var force bool
	var report report
	command := &cobra.Command{
		Use:   "up ENV",
		Short: "Bring an environment to the working tree's commit",
		Long: `Up takes the steps that a push of env-ENV takes, with the commit that is
checked out. With the local target the Aloft server takes them; with any other
this machine does, and the project's own backend keeps the state. Then the
environment may complete the backend, ALOFT_BACKEND_STORAGE_ACCOUNT_NAME for its
storage_account_name and so on (they are not secret: keep keys out of them), and
TF_VAR_* gives variables, those that Aloft gives itself aside.

When the environment's branch has commits that yours lacks, the server names them and
does nothing: bring them into yours, or drop them with --force.`,
		Args: arguments("ENV"),
		RunE: func(command *cobra.Command, args []string) error {
			run.FastForward = !force
			subject, err := advance(command, o, args[0], aloft.OperationUp, run)
			return report.write(command, subject, err)
		},
	}
	report.register(command, true)
	command.Flags().BoolVar(&run.Detach, "detach", false, "return at once; the server goes on")
	command.Flags().BoolVar(&run.SkipBuild, "skip-build", false, "only provision; keep what runs")
	command.Flags().BoolVar(&force, "force", false, "drop the commits that the environment's branch has and yours lacks")
	command.Flags().DurationVar(&run.TTL, "ttl", 0, "life of the environment after this push, such as 72h")
	return command
}

func newPlan(o *options) *cobra.Command {
	var report report
	command := &cobra.Command{
		Use:   "plan ENV",
		Short: "Show what up would change, and change nothing",
		Args:  arguments("ENV"),
		RunE: func(command *cobra.Command, args []string) error {
			subject, err := advance(command, o, args[0], aloft.OperationPlan, aloft.RunOptions{Plan: true})
			return report.write(command, subject, err)
		},
	}
	report.register(command, false)
	return command
}

// advance takes up or plan to where they are carried out.
func advance(command *cobra.Command, o *options, environment string, operation aloft.Operation, run aloft.RunOptions) (subject, error) {
	ctx := command.Context()
	s := subject{about: operation}
	tree, err := workingTree(ctx)
	if err != nil {
		return s, err
	}
	if tree.dirty {
		_, _ = fmt.Fprintf(command.ErrOrStderr(), " !     uncommitted changes are not part of it: it goes to commit %.8s\n", tree.revision)
	}
	if !tree.onServer() && o.server == "" {
		return withoutServer(command, o, tree, environment, order{operation, run})
	}
	if s.key, err = o.key(ctx, environment); err != nil {
		return s, err
	}
	if s.client, err = o.client(ctx); err != nil {
		return s, err
	}
	// git pushes nothing when the server has the commit on that branch already.
	s.id, err = again(command, s.client, s.key, operation, tree.revision, run)
	if aloft.ErrorCode(err) != aloft.CodeNotFound {
		return s, err
	}
	before := newestRun(ctx, s.client, s.key)
	err = o.push(command, tree, s.key, run)
	after := newestRun(ctx, s.client, s.key)
	if after.Operation == operation && after.Revision == tree.revision {
		s.id = after.ID
	}
	if err == nil && after.ID == before.ID {
		// The branch was there already, and git has pushed nothing.
		s.id, err = again(command, s.client, s.key, operation, tree.revision, run)
	}
	return s, err
}

// newestRun returns the newest run of an environment; the zero Run = there is none.
func newestRun(ctx context.Context, client *api.Client, key aloft.EnvironmentKey) aloft.Run {
	runs, err := client.Runs(ctx, aloft.RunFilter{Project: key.Project, Environment: key.Environment, Limit: 1})
	if err != nil || len(runs) == 0 {
		return aloft.Run{}
	}
	return runs[0]
}

// again asks for a run to a commit that the server has; CodeNotFound tells that
// it does not have it.
func again(command *cobra.Command, client *api.Client, key aloft.EnvironmentKey, operation aloft.Operation, revision string, options aloft.RunOptions) (int64, error) {
	request := api.RunRequest{Operation: operation, Revision: revision, SkipBuild: options.SkipBuild, Force: !options.FastForward}
	if options.TTL > 0 {
		request.TTL = options.TTL.String()
	}
	run, err := client.CreateRun(command.Context(), key, request)
	if err != nil {
		return 0, err
	}
	if options.Detach {
		_, err = fmt.Fprintf(command.OutOrStdout(), "run %d goes on without you; follow it with: aloft run attach %d\n", run.ID, run.ID)
		return run.ID, err
	}
	return run.ID, followRun(command.Context(), client, run.ID, command.OutOrStdout())
}

// tree is the working tree that the command was called in.
type tree struct {
	root     string
	revision string
	dirty    bool
	summary  aloft.ConfigurationSummary
}

// onServer reports whether a server must do it: for the local target, and
// where the configuration names no backend of its own.
func (t tree) onServer() bool {
	return t.summary.Local || t.summary.Backend == "" || t.summary.Backend == "http" || t.summary.Backend == "local"
}

func workingTree(ctx context.Context) (tree, error) {
	root, err := worktree.Git(ctx, "", "rev-parse", "--show-toplevel")
	if err != nil {
		return tree{}, aloft.Errorf(aloft.CodeInvalid, "this folder is in no git repository").
			WithHint("go to your project's folder, or: git init && git add --all && git commit -m start")
	}
	t := tree{root: root}
	if t.revision, err = worktree.Git(ctx, root, "rev-parse", "--verify", "HEAD^{commit}"); err != nil {
		return t, aloft.Errorf(aloft.CodeInvalid, "there is no commit yet").WithHint("git add --all && git commit -m start")
	}
	status, err := worktree.Git(ctx, root, "status", "--porcelain", "--untracked-files=no")
	t.dirty = status != ""
	if err != nil {
		return t, err
	}
	m, err := manifest.Load(os.DirFS(root))
	if err != nil {
		return t, err
	}
	t.summary, err = terraform.Inspect(filepath.Join(root, filepath.FromSlash(m.TerraformFolder())), m.TerraformFolder())
	return t, err
}

// push takes the same way as git push: the server does the rest. It does the
// comparing, too, since only it has what others pushed.
func (o *options) push(command *cobra.Command, t tree, key aloft.EnvironmentKey, run aloft.RunOptions) error {
	ctx := command.Context()
	server := o.serverURL(ctx)
	secret, err := token(server)
	if err != nil {
		return err
	}
	args := []string{"-c", "credential.helper=", "-c", "credential.helper=" + credentialHelper(), "push", "--force"}
	progress := logFor(command.ErrOrStderr())
	if progress != command.ErrOrStderr() {
		args = append(args, "--progress") // git does not see the terminal behind the colours
	}
	for _, option := range pushOptions(run) {
		args = append(args, "--push-option="+option)
	}
	args = append(args, fmt.Sprintf("%s/%s.git", server, key.Project), t.revision+":refs/heads/"+key.Branch())
	git := exec.CommandContext(ctx, "git", args...)
	git.Dir = t.root
	git.Env = append(os.Environ(), "ALOFT_TOKEN="+secret, "GIT_TERMINAL_PROMPT=0")
	git.Stdout, git.Stderr = command.OutOrStdout(), progress
	git.Cancel = func() error { return git.Process.Signal(os.Interrupt) }
	git.WaitDelay = 5 * time.Second
	if err := git.Run(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return exitCode(exitFailed) // git has passed on what the server said
	}
	return nil
}

func pushOptions(run aloft.RunOptions) []string {
	var options []string
	if run.Detach {
		options = append(options, "detach")
	}
	if run.Plan {
		options = append(options, "plan")
	}
	if run.SkipBuild {
		options = append(options, "skip-build")
	}
	if run.FastForward {
		options = append(options, "ff-only")
	}
	if run.TTL > 0 {
		options = append(options, "ttl="+run.TTL.String())
	}
	return options
}

// followRun shows a run until it has ended; its result is the command's.
func followRun(ctx context.Context, client *api.Client, id int64, out io.Writer) error {
	err := client.RunLog(ctx, id, true, logFor(out))
	return followed(ctx, client, id, out, err)
}

// followApproved shows a run that was approved until it has ended, or waits again
// since its plan has changed.
func followApproved(ctx context.Context, client *api.Client, id int64, out io.Writer) error {
	following, stop := context.WithCancel(ctx)
	defer stop()
	waits := make(chan struct{})
	go func() {
		var once sync.Once
		_ = client.Events(following, func(api.Event) { // without events it is followed to its end
			if run, err := client.Run(following, id); err == nil && run.Status == aloft.RunWaiting {
				once.Do(func() { close(waits) })
				stop()
			}
		})
	}()
	err := client.RunLog(following, id, true, logFor(out))
	select {
	case <-waits:
		return aloft.Errorf(aloft.CodeConflict, "the plan of run %d has changed since it was approved: it waits again, and nothing was changed", id).
			WithHint("look again: aloft run show %d", id)
	default:
		return followed(ctx, client, id, out, err)
	}
}

// followed is what came of a run whose log was shown, with that error.
func followed(ctx context.Context, client *api.Client, id int64, out io.Writer, err error) error {
	if ctx.Err() != nil {
		_, _ = fmt.Fprintf(out, "\ndetached; run %d goes on. Follow it again with: aloft run attach %d\n", id, id)
		return ctx.Err()
	}
	if err != nil {
		return err
	}
	run, err := client.Run(ctx, id)
	if err != nil {
		return err
	}
	switch run.Status {
	case aloft.RunSucceeded:
		return nil
	case aloft.RunCanceled:
		return exitCode(exitCanceled)
	}
	return exitCode(exitFailed)
}

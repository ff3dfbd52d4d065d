package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/api"
)

// destroyOptions are the flags of aloft destroy.
type destroyOptions struct {
	force bool // remove also what Terraform refuses to destroy or cannot find
	yes   bool // do not ask
}

func newDestroy(o *options) *cobra.Command {
	var report report
	var how destroyOptions
	command := &cobra.Command{
		Use:   "destroy ENV",
		Short: "Remove an environment, its resources and its branch",
		Long: `Destroy removes an environment: Terraform destroys its resources, then its branch
goes. What Terraform refuses to destroy stays, and with it branch, state and data.

With --force all that Aloft itself holds of the environment goes all the same, also
when Terraform fails or disk, records and state disagree. It names what will be lost
and asks first. What stands outside, in a cloud, and Terraform did not destroy is
left there, and nobody knows of it any more.`,
		Args: arguments("ENV"),
		RunE: func(command *cobra.Command, args []string) error {
			subject, err := destroy(command, o, args[0], how)
			return report.write(command, subject, err)
		},
	}
	command.Flags().BoolVar(&how.force, "force", false, "remove also what Terraform refuses to destroy or cannot find; names what will be lost, and asks")
	command.Flags().BoolVar(&how.yes, "yes", false, "with --force: do not ask")
	report.register(command, false)
	return command
}

// destroy takes a destroy to where it is carried out.
func destroy(command *cobra.Command, o *options, environment string, how destroyOptions) (subject, error) {
	ctx := command.Context()
	s := subject{about: aloft.OperationDestroy}
	tree, err := workingTree(ctx)
	if err == nil && !tree.onServer() && o.server == "" {
		if how.force {
			return s, misuse{aloft.Errorf(aloft.CodeInvalid, "--force is for environments of an Aloft server: here Terraform alone knows what there is")}
		}
		return withoutServer(command, o, tree, environment, order{operation: aloft.OperationDestroy})
	}
	if s.key, err = o.key(ctx, environment); err != nil {
		return s, err
	}
	if s.client, err = o.client(ctx); err != nil {
		return s, err
	}
	if how.force {
		if err := confirmLoss(command, s.client, s.key, how.yes); err != nil {
			return s, err
		}
	}
	run, err := s.client.DestroyEnvironment(ctx, s.key, how.force)
	if err != nil {
		return s, err
	}
	s.id = run.ID
	return s, followRun(ctx, s.client, run.ID, command.OutOrStdout())
}

// confirmLoss names what a forced destroy takes, and asks for it.
func confirmLoss(command *cobra.Command, client *api.Client, key aloft.EnvironmentKey, yes bool) error {
	details, err := client.Environment(command.Context(), key)
	if err != nil {
		return err
	}
	out := command.OutOrStdout()
	holdings, err := client.Holdings(command.Context(), key)
	if err != nil && aloft.ErrorCode(err) != aloft.CodeNotFound { // an older server
		_, _ = fmt.Fprintf(command.ErrOrStderr(), " !     what there is of databases cannot be told now: %v\n", err)
	}
	writeLoss(out, details, holdings, stateAddresses(command.Context(), client, key))
	if yes {
		return nil
	}
	q := newQuestions(command)
	if !q.terminal {
		return aloft.Errorf(aloft.CodeInvalid, "destroy --force asks first, and there is no terminal to ask at").
			WithHint("aloft destroy %s --force --yes", key.Environment)
	}
	answer, err := q.line(fmt.Sprintf("This cannot be undone. Write %s to remove it", key.Environment), "no")
	if err == nil && answer != key.Environment {
		err = aloft.Errorf(aloft.CodeCanceled, "nothing is removed")
	}
	return err
}

func writeLoss(w io.Writer, d api.EnvironmentDetails, holdings api.Holdings, addresses []string) {
	_, _ = fmt.Fprintf(w, "This removes %s, whatever Terraform says of it:\n", d.EnvironmentKey)
	for _, url := range urls(d.Environment) {
		_, _ = fmt.Fprintf(w, "  the app at %s, its files and its releases\n", url)
	}
	for _, app := range holdings.Apps {
		if d.URLs[app] == "" {
			_, _ = fmt.Fprintf(w, "  the app %s, its files and its releases\n", app)
		}
	}
	for _, database := range holdings.Databases {
		_, _ = fmt.Fprintf(w, "  the database %s, with all its data\n", database)
	}
	for _, address := range addresses {
		_, _ = fmt.Fprintf(w, "  %s%s\n", address, fateOf(address))
	}
	_, _ = fmt.Fprintf(w, "  its Terraform state, and the branch %s\n", d.Branch())
	if d.Disagreement != "" {
		_, _ = fmt.Fprintf(w, "It is blocked: %s\n", d.Disagreement)
	}
}

// fateOf says what a forced destroy means for a resource.
func fateOf(address string) string {
	switch {
	case strings.Contains(address, "aloft_postgresql."):
		return ", with all its data"
	case strings.HasPrefix(address, "aloft_"), strings.Contains(address, ".aloft_"):
		return ""
	}
	return ": where Terraform cannot destroy it, it stays, and nothing knows of it any more"
}

// stateAddresses lists the resources in the newest state, as far as it can be read.
func stateAddresses(ctx context.Context, client *api.Client, key aloft.EnvironmentKey) []string {
	state, err := client.State(ctx, key, 0)
	if err != nil {
		return nil
	}
	var document struct {
		Resources []struct{ Module, Mode, Type, Name string }
		Encrypted json.RawMessage `json:"encrypted_data"`
	}
	if json.Unmarshal(state, &document) != nil || document.Encrypted != nil {
		return []string{"all that is in its state, which cannot be read here"}
	}
	var addresses []string
	for _, r := range document.Resources {
		if r.Mode == "managed" {
			addresses = append(addresses, strings.TrimPrefix(r.Module+"."+r.Type+"."+r.Name, "."))
		}
	}
	return addresses
}

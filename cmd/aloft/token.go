package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/server"
)

func newToken(o *options) *cobra.Command {
	command := &cobra.Command{
		Use:   "token",
		Short: "Give a server on this machine another token",
		Args:  noArguments,
		RunE:  func(command *cobra.Command, _ []string) error { return command.Help() },
	}
	var data string
	reset := &cobra.Command{
		Use:   "reset",
		Short: "Make a new token; the one before and all logins are worthless at once",
		Long: `Reset makes a new token for the server with this data folder, whether it runs or
not, and remembers it for you as login does, for the URL that the server has noted in
its data folder. The token before, and every browser that was logged in, are locked
out at once. On a terminal it shows the new token, for the other machines that use the
server: aloft login. Elsewhere it names the file that has it.

A server with --token-file takes its token from there, whenever that file changes: it
has none to reset.`,
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			if data == "" {
				data = dataPath()
			}
			at, err := o.placeOf(command.Context(), data)
			if err != nil {
				return err
			}
			return resetToken(command, at)
		},
	}
	reset.Flags().StringVar(&data, "data", "", "data folder of the server (default $XDG_DATA_HOME/aloft)")
	command.AddCommand(reset)
	return command
}

// placeOf tells where the server with a data folder answers: as it is told, as the
// server has noted, or as the project's remote says. It does not guess: a token under
// another URL would lock its owner out.
func (o *options) placeOf(ctx context.Context, data string) (server.Place, error) {
	data, err := filepath.Abs(data)
	if err != nil {
		return server.Place{}, err
	}
	noted, err := server.NoteOf(data)
	if err != nil {
		return server.Place{}, err
	}
	var project string
	if address := remote(ctx); address != nil {
		project = address.Scheme + "://" + address.Host
	}
	url := strings.TrimRight(cmp.Or(o.server, noted.URL, os.Getenv("ALOFT_SERVER"), project), "/")
	if url == "" {
		return server.Place{}, misuse{aloft.Errorf(aloft.CodeInvalid, "where does the server of %s answer? It has not noted it yet", data).
			WithHint("name its URL: aloft token reset --data %s --server http://localhost:<port>", data)}
	}
	return server.Place{URL: url, Data: data}, nil
}

func resetToken(command *cobra.Command, at server.Place) error {
	token, err := server.ResetToken(at, keyring{})
	if err != nil {
		return err
	}
	out := command.OutOrStdout()
	if !server.ShowToken(out, "the new token: %s\n", token) {
		file, err := configPath()
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(out, "the new token is in %s: it is shown on a terminal only\n", file)
	}
	_, err = fmt.Fprintf(out, "aloft uses the new token of %s from now on; others: aloft login --server %s\n", at.URL, at.URL)
	return err
}

package main

import (
	"fmt"

	"github.com/spf13/cobra"

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
not, and remembers it for you as login does. The token before, and every browser
that was logged in, are locked out at once. On a terminal it shows the new token, for
the other machines that use the server: aloft login.

A server with --token-file takes its token from there, whenever that file changes.`,
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			return resetToken(command, data, o.serverURL(command.Context()))
		},
	}
	reset.Flags().StringVar(&data, "data", "", "data folder of the server (default $XDG_DATA_HOME/aloft)")
	command.AddCommand(reset)
	return command
}

func resetToken(command *cobra.Command, data, url string) error {
	if data == "" {
		data = dataPath()
	}
	token, err := server.ResetToken(data, url, rememberToken)
	if err != nil {
		return err
	}
	server.ShowToken(command.OutOrStdout(), "the new token: %s\n", token)
	_, err = fmt.Fprintf(command.OutOrStdout(), "aloft uses the new token of %s from now on; others: aloft login --server %s\n", url, url)
	return err
}

// rememberToken keeps the token of a server for this user.
func rememberToken(url, token string) error { return remember(url, login{Token: token}) }

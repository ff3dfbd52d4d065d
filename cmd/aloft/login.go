package main

import (
	"bufio"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/api"
)

func newLogin(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "login",
		Short: "Remember a server's token, for aloft and for git",
		Long: `Login reads the token of a server from standard input ("aloft serve" prints
where it is kept), checks it, keeps it in a file that only you can read, and makes
aloft git's credential helper for that server.`,
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			server := o.serverURL(command.Context())
			secret, err := readToken(command, server)
			if err != nil {
				return err
			}
			client := api.NewClient(api.ClientOptions{URL: server, Token: secret})
			version, err := client.ServerVersion(command.Context())
			if aloft.ErrorCode(err) == aloft.CodeForbidden {
				return aloft.Errorf(aloft.CodeForbidden, "that is not the token of %s", server).
					WithHint("`aloft serve` prints which file it is in: aloft login --server %s < FILE", server)
			}
			if err != nil {
				return err
			}
			if err := remember(server, secret); err != nil {
				return err
			}
			if err := helpGit(command, server); err != nil {
				return err
			}
			_, err = fmt.Fprintf(command.OutOrStdout(), "logged in to %s (Aloft %s); git uses the token too\n", server, version.Version)
			return err
		},
	}
}

func newOpen(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "open",
		Short: "Open the server's page, with the browser logged in",
		Args:  noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			client, err := o.client(command.Context())
			if err != nil {
				return err
			}
			link, err := client.LoginURL(command.Context())
			if err != nil {
				return err
			}
			_, _ = fmt.Fprintln(command.OutOrStdout(), link)
			return openBrowser(link)
		},
	}
}

// readToken takes the token from the environment, or from standard input
// without showing it.
func readToken(command *cobra.Command, server string) (string, error) {
	if fromEnv := os.Getenv("ALOFT_TOKEN"); fromEnv != "" {
		return fromEnv, nil
	}
	var secret string
	if file, ok := command.InOrStdin().(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		_, _ = fmt.Fprintf(command.ErrOrStderr(), "Token of %s: ", server)
		data, err := term.ReadPassword(int(file.Fd()))
		_, _ = fmt.Fprintln(command.ErrOrStderr())
		if err != nil {
			return "", fmt.Errorf("cannot read the token: %w", err)
		}
		secret = string(data)
	} else {
		secret, _ = bufio.NewReader(command.InOrStdin()).ReadString('\n')
	}
	if secret = strings.TrimSpace(secret); secret == "" {
		return "", misuse{aloft.Errorf(aloft.CodeInvalid, "there is no token on standard input").
			WithHint("aloft login --server %s < token", server)}
	}
	return secret, nil
}

// credentialHelper is git's name for this program as credential helper.
func credentialHelper() string {
	program, err := os.Executable()
	if err != nil {
		program = "aloft"
	}
	return "!'" + strings.ReplaceAll(program, "'", `'\''`) + "' git-credential"
}

// helpGit makes this program git's credential helper for the server.
func helpGit(command *cobra.Command, server string) error {
	name := "credential." + server + ".helper"
	for _, args := range [][]string{
		{"config", "--global", "--replace-all", name, ""},
		{"config", "--global", "--add", name, credentialHelper()},
	} {
		if output, err := exec.CommandContext(command.Context(), "git", args...).CombinedOutput(); err != nil {
			return aloft.Errorf(aloft.CodeFailed, "cannot tell git about the token: %w: %s", err, strings.TrimSpace(string(output))).
				WithHint("see whether ~/.gitconfig can be written")
		}
	}
	return nil
}

// newGitCredential answers git when it asks for the token of a server.
func newGitCredential() *cobra.Command {
	return &cobra.Command{
		Use:    "git-credential OPERATION",
		Short:  "Answer git's question for credentials",
		Hidden: true,
		Args:   arguments("OPERATION"),
		RunE: func(command *cobra.Command, args []string) error {
			if args[0] != "get" {
				return nil
			}
			asked := map[string]string{}
			lines := bufio.NewScanner(command.InOrStdin())
			for lines.Scan() && lines.Text() != "" {
				name, value, _ := strings.Cut(lines.Text(), "=")
				asked[name] = value
			}
			server := (&url.URL{Scheme: asked["protocol"], Host: asked["host"]}).String()
			secret, err := token(server)
			if err != nil {
				return err
			}
			name := actor() // shown with the runs that a push makes
			if name == "" {
				name = "aloft"
			}
			_, err = fmt.Fprintf(command.OutOrStdout(), "username=%s\npassword=%s\n", name, secret)
			return err
		},
	}
}

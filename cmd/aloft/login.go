package main

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/api"
)

func newLogin(o *options) *cobra.Command {
	var ca string
	command := &cobra.Command{
		Use:   "login [URL]",
		Short: "Remember a server's token, for aloft and for git",
		Long: `Login reads the token of a server from standard input, checks it, keeps it in a
file that only you can read, and makes aloft git's credential helper for that
server. It needs no input on the machine and for the user that started the server:
that token is known already. One that is lost is replaced on the server's machine:
aloft token reset --data DIR.

With --ca it trusts a private authority, too, and lets git trust it:

  aloft login https://aloft.example:8090 --ca authority.pem < token`,
		Args: func(command *cobra.Command, args []string) error {
			if len(args) > 1 {
				return misuse{aloft.Errorf(aloft.CodeInvalid, "aloft login takes one URL").WithHint("%s", command.UseLine())}
			}
			return nil
		},
		RunE: func(command *cobra.Command, args []string) error {
			server := o.serverURL(command.Context())
			if len(args) == 1 {
				server = strings.TrimRight(args[0], "/")
			}
			return logIn(command, server, ca)
		},
	}
	command.Flags().StringVar(&ca, "ca", "", "PEM file with the authority that signed the server's certificate")
	return command
}

func logIn(command *cobra.Command, server, ca string) error {
	if address, err := url.Parse(server); err != nil || address.Scheme != "http" && address.Scheme != "https" || address.Host == "" {
		return misuse{aloft.Errorf(aloft.CodeInvalid, "%q is not the URL of a server", server).WithHint("such as https://aloft.example:8090")}
	}
	if ca != "" {
		var err error
		if ca, err = filepath.Abs(ca); err != nil {
			return err
		}
	}
	secret, err := readToken(command, server)
	if err != nil {
		return err
	}
	version, err := tryToken(command.Context(), server, login{Token: secret, CA: ca})
	if err != nil {
		return err
	}
	if err := remember(server, secret, ca); err != nil {
		return err
	}
	if err := helpGit(command, server, ca); err != nil {
		return err
	}
	_, err = fmt.Fprintf(command.OutOrStdout(), "logged in to %s (Aloft %s); git uses the token too\n", server, version.Version)
	return err
}

// tryToken lets the server judge a token.
func tryToken(ctx context.Context, server string, l login) (api.Version, error) {
	if l.CA == "" {
		var err error
		if l.CA, err = authorityOf(server); err != nil {
			return api.Version{}, err
		}
	}
	roots, err := trusted(l.CA)
	if err != nil {
		return api.Version{}, err
	}
	version, err := api.NewClient(api.ClientOptions{URL: server, Token: l.Token, Roots: roots}).ServerVersion(ctx)
	if aloft.ErrorCode(err) == aloft.CodeForbidden {
		return version, aloft.Errorf(aloft.CodeForbidden, "that is not the token of %s", server).
			WithHint("`aloft serve` showed it at its first start; %s", lostToken(server))
	}
	return version, err
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
// without showing it. Where there is none, the one that is known will do.
func readToken(command *cobra.Command, server string) (string, error) {
	if fromEnv := os.Getenv("ALOFT_TOKEN"); fromEnv != "" {
		return fromEnv, nil
	}
	known, err := readLogins()
	if err != nil {
		return "", err
	}
	var secret string
	if file, ok := command.InOrStdin().(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		if secret, found := knownToken(command.Context(), server, known.Servers[server]); found {
			return secret, nil
		}
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
		secret, _ = knownToken(command.Context(), server, known.Servers[server])
	}
	if secret = cmp.Or(secret, known.Servers[server].Token); secret == "" {
		return "", misuse{aloft.Errorf(aloft.CodeInvalid, "there is no token on standard input").
			WithHint("aloft login --server %s < FILE; %s", server, lostToken(server))}
	}
	return secret, nil
}

// knownToken tries the tokens that are known for a URL: another server may have been
// there meanwhile.
func knownToken(ctx context.Context, server string, l login) (secret string, found bool) {
	for _, secret := range l.tokens() {
		if _, err := tryToken(ctx, server, login{Token: secret, CA: l.CA}); err == nil {
			return secret, true
		}
	}
	return "", false
}

// credentialHelper is git's name for this program as credential helper.
func credentialHelper() string {
	program, err := os.Executable()
	if err != nil {
		program = "aloft"
	}
	return "!'" + strings.ReplaceAll(program, "'", `'\''`) + "' git-credential"
}

// helpGit makes this program git's credential helper for the server, and lets
// git trust the authority of its certificate.
func helpGit(command *cobra.Command, server, ca string) error {
	name := "credential." + server + ".helper"
	settings := [][]string{{"--replace-all", name, ""}, {"--add", name, credentialHelper()}}
	if ca != "" {
		settings = append(settings, []string{"--replace-all", "http." + server + ".sslCAInfo", ca})
	}
	for _, setting := range settings {
		args := append([]string{"config", "--global"}, setting...)
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

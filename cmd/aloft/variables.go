package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/aloft-dev/aloft"
)

// variableSections are the services of the reference of variables, in its order.
var variableSections = []struct{ kind, title, about string }{
	{"", "The port", "Of an image on Azure, and of every app of the local target. On Azure an archive is given `PORT` by its host."},
	{"identity", "The identity", "Which of the host's identities an app is: libraries that log in to Azure find it by this. Azure only."},
	{"postgresql", "PostgreSQL", "The password is in the vault. The identity may log in too, with a token in place of the password."},
	{"mysql", "MySQL", "The password is in the vault."},
	{"sql-server", "SQL Server", "There is no password: the driver logs in with the identity."},
	{"redis", "Redis", "There is no password: the client sends a token of the identity as the password of the user."},
	{"mongodb", "MongoDB", "There is no password: the driver sends a token of the identity."},
	{"blob-storage", "Blob storage", "There is no key: the library logs in with the identity."},
	{"key-vault", "Key vault", "The library logs in with the identity, which may read secrets."},
	{"application-insights", "Application Insights", "The connection string sends telemetry and reads nothing."},
}

// writeVariables writes the table of the variables that apps are given as
// Markdown.
func writeVariables(w io.Writer) error {
	_, err := fmt.Fprint(w, `# Variables

Made by `+"`aloft reference variables`"+`. What an app is told of itself and of its services,
under the names that its framework reads. An app is given those for everybody and those
of its runtime; runtime `+"`java`"+` is given those of every framework of Java, and
`+"`quarkus-native`"+` those of Quarkus.

Every app has `+"`ALOFT_PROJECT`"+`, `+"`ALOFT_ENVIRONMENT`"+` and `+"`ALOFT_URL`"+`, where it is reached; on
Azure a static web app has none, as it runs nothing. Parts in braces are filled in by the
target. What is marked secret is on Azure a reference to a secret of the key vault, which
the host resolves with the apps' identity: the value stands in no setting and no state.
Variables of `+"`aloft.yaml`"+` come besides, and may not be secret.
`)
	if err != nil {
		return err
	}
	for _, section := range variableSections {
		list := aloft.ServiceVariables(section.kind)
		if section.kind == "" {
			list = aloft.PortVariables()
		}
		_, _ = fmt.Fprintf(w, "\n## %s\n\n%s\n\n| variable | value | for |\n|---|---|---|\n", section.title, section.about)
		for _, v := range list {
			value := "`" + strings.ReplaceAll(v.Value, "|", "\\|") + "`"
			if v.Secret(section.kind) {
				value += ", secret"
			}
			_, err = fmt.Fprintf(w, "| `%s` | %s | %s |\n", v.Name, value, cmp.Or(v.Reader, "everybody"))
		}
	}
	return err
}

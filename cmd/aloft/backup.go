package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/backup"
)

func newBackup(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "backup FILE",
		Short: "Write all that a server keeps into one file, while it runs",
		Long: `Backup asks the running server for everything that it cannot make again: records
with all states, the key that seals them, repositories, databases, the files of apps,
logs of runs, and the artifacts that serve. It writes one file, or to the standard
output for "-", and checks it. ` + "`aloft restore`" + ` brings it back.

Whoever has the file can read all secrets: it holds the key.`,
		Args: arguments("FILE"),
		RunE: func(command *cobra.Command, args []string) error {
			client, err := o.client(command.Context())
			if err != nil {
				return err
			}
			out := command.OutOrStdout()
			if args[0] != "-" {
				return writeBackup(command.Context(), args[0], out, client.Backup)
			}
			if file, ok := out.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
				return misuse{aloft.Errorf(aloft.CodeInvalid, "a backup is not for a terminal").WithHint("name a file, or: aloft backup - | …")}
			}
			return client.Backup(command.Context(), out)
		},
	}
}

// writeBackup writes a file that is checked before it has its name.
func writeBackup(ctx context.Context, path string, out io.Writer, write func(context.Context, io.Writer) error) error {
	var notes []string
	var bytes int64
	err := backup.Replace(path, func(file *os.File) error {
		if err := write(ctx, file); err != nil {
			return err
		}
		checked, err := backup.Open(ctx, file.Name())
		if err != nil {
			return err
		}
		notes, bytes = checked.Notes, checked.Size
		return checked.Close()
	})
	if err != nil {
		return err
	}
	for _, note := range notes {
		_, _ = fmt.Fprintf(out, "left out: %s\n", note)
	}
	_, err = fmt.Fprintf(out, "%s: %s, checked; it holds the server's key, so keep it as secret as that\n", path, size(bytes))
	return err
}

package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
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

A database that cannot be dumped does not keep the rest from being there: the file says
what it lacks, and so does the command, which then ends with 1. A file that cannot be
read is named, too.

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
			return passBackup(command.Context(), out, command.ErrOrStderr(), client.Backup)
		},
	}
}

// writeBackup writes a file that is checked before it has its name.
func writeBackup(ctx context.Context, path string, out io.Writer, write func(context.Context, io.Writer) error) error {
	var left backup.Left
	var bytes int64
	err := backup.Replace(path, func(file *os.File) error {
		if err := write(ctx, file); err != nil {
			return err
		}
		checked, size, err := backup.CheckWritten(ctx, file, path)
		left, bytes = checked.Left, size
		return err
	})
	if err != nil {
		return err
	}
	tellLeft(out, left)
	if _, err = fmt.Fprintf(out, "%s: %s, checked; it holds the server's key, so keep it as secret as that\n", path, size(bytes)); err != nil {
		return err
	}
	return incomplete(left)
}

// passBackup passes a backup on, and checks it on the way.
func passBackup(ctx context.Context, out, tell io.Writer, write func(context.Context, io.Writer) error) error {
	reader, writer := io.Pipe()
	var checked backup.Checked
	var group errgroup.Group
	group.Go(func() (err error) {
		checked, err = backup.Check(ctx, reader)
		reader.CloseWithError(err)
		return err
	})
	err := write(ctx, io.MultiWriter(out, writer))
	writer.CloseWithError(err)
	if err = cmp.Or(err, group.Wait()); err != nil {
		return err
	}
	tellLeft(tell, checked.Left)
	return incomplete(checked.Left)
}

// tellLeft writes what is not in a backup.
func tellLeft(out io.Writer, left backup.Left) {
	for _, note := range left.Notes {
		_, _ = fmt.Fprintf(out, "left out of the backup: %s\n", note)
	}
	for _, lack := range left.Lacks {
		_, _ = fmt.Fprintf(out, "the backup lacks %s\n", lack)
	}
}

// incomplete is an error when a backup lacks databases.
func incomplete(left backup.Left) error {
	if len(left.Lacks) == 0 {
		return nil
	}
	return aloft.Errorf(aloft.CodeFailed, "the backup is not complete: %s could not be dumped; all else is in it", databaseCount(len(left.Lacks))).
		WithHint("mend what is named above, then take another backup; keep the last complete one until then")
}

func databaseCount(n int) string {
	if n == 1 {
		return "a database"
	}
	return fmt.Sprintf("%d databases", n)
}

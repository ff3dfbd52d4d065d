package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

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
what it lacks, and so does the command, which then ends with 1.

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
		checked, err := backup.Open(ctx, file.Name())
		if err != nil {
			return err
		}
		left, bytes = checked.Left, checked.Size
		return checked.Close()
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

// openBackups prepares what writes backups, and begins with those on a timer.
func (s *server) openBackups(ctx context.Context) error {
	kind := backup.SQLite
	if isURL(s.database()) {
		kind = backup.PostgreSQL
	}
	s.backups = backup.NewWriter(backup.Options{
		Data: s.options.Data, Records: kind, Version: buildVersion().Version, Server: kept{s},
	})
	if s.options.BackupDir == "" {
		return nil
	}
	if s.options.BackupEvery < time.Minute && s.options.BackupEvery != 0 || s.options.BackupKeep < 0 {
		return misuse{aloft.Errorf(aloft.CodeInvalid, "backups are at least a minute apart, and their number is not negative").
			WithHint("such as: aloft serve --backup-dir DIR --backup-every 24h --backup-keep 7")}
	}
	folder := backup.Folder{
		Dir: s.options.BackupDir, Every: s.options.BackupEvery, Keep: s.options.BackupKeep, Write: s.backups.Write, Logger: s.logger,
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		folder.Run(ctx)
	}()
	s.onStop(func() {
		cancel()
		<-done
	})
	return nil
}

// isURL tells whether the records are in PostgreSQL.
func isURL(database string) bool {
	return strings.HasPrefix(database, "postgres://") || strings.HasPrefix(database, "postgresql://")
}

// Backup writes a backup for the API.
func (s *server) Backup(ctx context.Context, w io.Writer) error {
	left, err := s.backups.Write(ctx, w)
	for _, note := range left.Notes {
		s.logger.Warn("left out of the backup", "what", note)
	}
	for _, lack := range left.Lacks {
		s.logger.Error("the backup is not complete", "lacks", lack)
	}
	return err
}

// kept is what a backup asks of the server.
type kept struct{ s *server }

func (k kept) CopyRecords(ctx context.Context, path string) error {
	if database := k.s.database(); isURL(database) {
		return k.s.postgres.DumpURL(ctx, database, path)
	}
	return k.s.store.Copy(ctx, path)
}

func (k kept) Databases(ctx context.Context) ([]aloft.Database, error) {
	return databasesOf(ctx, k.s.store)
}

func (k kept) DumpDatabase(ctx context.Context, d aloft.Database, path string) error {
	return k.s.postgres.Dump(ctx, d, path)
}

// Artifacts lists those of the releases that serve.
func (k kept) Artifacts(ctx context.Context) ([]string, error) {
	environments, err := k.s.store.Environments(ctx, aloft.EnvironmentFilter{})
	known := map[string]bool{}
	var places []string
	for _, environment := range environments {
		releases, failed := k.s.store.Releases(ctx, environment.EnvironmentKey)
		err = errors.Join(err, failed)
		for _, release := range releases {
			place := filepath.Join("artifacts", release.Project, release.Artifact.ID)
			if release.Status == aloft.ReleaseActive && filepath.IsLocal(place) && !known[place] {
				known[place] = true
				places = append(places, place)
			}
		}
	}
	return places, err
}

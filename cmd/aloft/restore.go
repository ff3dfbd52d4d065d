package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
	"golang.org/x/term"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/backup"
	"github.com/aloft-dev/aloft/internal/postgres"
	"github.com/aloft-dev/aloft/internal/server"
	"github.com/aloft-dev/aloft/internal/store"
)

func newRestore() *cobra.Command {
	r := restore{}
	command := &cobra.Command{
		Use:   "restore FILE",
		Short: "Lay a backup out in an empty data folder",
		Long: `Restore checks a file that ` + "`aloft backup`" + ` wrote, and lays it out in an empty data
folder: here or on another machine, at the same or another path, with the same or a
newer version of Aloft. "-" is the standard input. Then ` + "`aloft serve`" + ` brings every environment up again.

The server that the backup is of must not run any more: two servers would work on
the same resources.`,
		Args: arguments("FILE"),
		RunE: func(command *cobra.Command, args []string) (err error) {
			if args[0] == "-" {
				r.file, err = openInput(command)
			} else {
				r.file, err = backup.Open(command.Context(), args[0])
			}
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, r.file.Close()) }()
			r.out = command.OutOrStdout()
			return r.run(command.Context())
		},
	}
	command.Flags().StringVar(&r.data, "data", "", "empty folder for all data (default $XDG_DATA_HOME/aloft)")
	command.Flags().StringVar(&r.database, "database", "", "postgres:// URL of an empty database, where the records were in PostgreSQL (default $ALOFT_DATABASE)")
	return command
}

// openInput opens the backup that the standard input is. It is kept in a file without a
// name meanwhile, for it is read twice.
func openInput(command *cobra.Command) (*backup.File, error) {
	if in, ok := command.InOrStdin().(*os.File); ok && term.IsTerminal(int(in.Fd())) {
		return nil, misuse{aloft.Errorf(aloft.CodeInvalid, "a backup does not come from a terminal").WithHint("name a file, or: … | aloft restore -")}
	}
	file, err := os.CreateTemp("", "aloft-restore-*")
	if err != nil {
		return nil, aloft.Errorf(aloft.CodeUnavailable, "cannot keep the standard input: %w", err).WithHint("name a folder with room in $TMPDIR")
	}
	defer func() { _ = errors.Join(os.Remove(file.Name()), file.Close()) }() // it stays until it is closed
	if _, err := io.Copy(file, command.InOrStdin()); err != nil {
		return nil, aloft.Errorf(aloft.CodeUnavailable, "cannot keep the standard input: %w", err).WithHint("name a folder with room in $TMPDIR")
	}
	opened, err := backup.Open(command.Context(), file.Name())
	if aloft.ErrorCode(err) == aloft.CodeInvalid {
		return nil, aloft.Errorf(aloft.CodeInvalid, "the standard input: %w", errors.Unwrap(err))
	}
	return opened, err
}

// restore lays a backup out.
type restore struct {
	file     *backup.File
	data     string
	database string
	out      io.Writer
	odd      []error // databases of which not all came back
}

// stagingName is the folder in which all is prepared, inside the data folder.
const stagingName = ".restoring"

func (r *restore) run(ctx context.Context) error {
	if err := r.check(); err != nil {
		return err
	}
	staging := filepath.Join(r.data, stagingName)
	err := os.RemoveAll(staging) // of a restore that was killed
	if err == nil {
		err = r.file.Extract(ctx, staging)
	}
	for _, odd := range r.file.Odd {
		r.odd = append(r.odd, aloft.Errorf(aloft.CodeFailed, "%s; all else came back", odd).
			WithHint("restore on a file system that can have it, if it is needed"))
	}
	if err == nil {
		err = r.fill(ctx, staging)
	}
	if err == nil {
		err = r.settle(backup.Data(staging))
	}
	if err = errors.Join(err, os.RemoveAll(staging)); err != nil {
		return err
	}
	tellLeft(r.out, r.file.Left)
	folder := aloft.ShellWord(r.data)
	_, _ = fmt.Fprintf(r.out, `restored in %s: what was kept at %s
  now start it: aloft serve --data %s
  log in with the token of before; who has none: aloft token reset --data %[1]s
`, folder, r.file.Written.Local().Format("2006-01-02 15:04:05"), folder)
	return errors.Join(append(r.odd, lacking(r.file.Left))...)
}

// lacking is an error when databases do not come back, since the backup has none of them.
func lacking(left backup.Left) error {
	if len(left.Lacks) == 0 {
		return nil
	}
	return aloft.Errorf(aloft.CodeFailed, "%s did not come back, for the backup lacks what is named above", databaseCount(len(left.Lacks))).
		WithHint("they are made anew, empty, when the server starts; to have their data, restore a complete backup instead")
}

// check refuses before anything is written.
func (r *restore) check() error {
	var err error
	if r.data, err = filepath.Abs(cmp.Or(r.data, dataPath())); err != nil {
		return err
	}
	entries, err := os.ReadDir(r.data)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return aloft.Errorf(aloft.CodeUnavailable, "cannot read the data folder: %w", err)
	}
	for _, entry := range entries {
		if entry.Name() != stagingName && entry.Name() != "lost+found" {
			return aloft.Errorf(aloft.CodeConflict, "the data folder %s is not empty: it has %s", r.data, entry.Name()).
				WithHint("name an empty one with --data, or move that one away")
		}
	}
	inPostgreSQL := r.file.Manifest.Records == backup.PostgreSQL
	r.database = cmp.Or(r.database, os.Getenv("ALOFT_DATABASE"))
	switch {
	case inPostgreSQL && !server.IsPostgreSQL(r.database):
		return misuse{aloft.Errorf(aloft.CodeInvalid, "the records of this backup were in PostgreSQL").
			WithHint("name an empty database: aloft restore FILE --database postgres://…")}
	case !inPostgreSQL && r.database != "":
		return misuse{aloft.Errorf(aloft.CodeInvalid, "the records of this backup were in SQLite, not in a database of PostgreSQL").
			WithHint("leave --database and $ALOFT_DATABASE away")}
	}
	return nil
}

// fill brings the records and the databases back, in the staging folder.
func (r *restore) fill(ctx context.Context, staging string) (err error) {
	data := backup.Data(staging)
	sealer, err := aloft.OpenSealer(filepath.Join(data, "seal.key"))
	if err != nil {
		return err
	}
	quiet := slog.New(slog.DiscardHandler)
	dsn := filepath.Join(data, "aloft.db")
	if r.database != "" {
		dsn = r.database
		err = postgres.New(postgres.Options{Dir: filepath.Join(data, "postgresql"), Logger: quiet}).LoadURL(ctx, dsn, backup.Records(staging))
	} else {
		err = os.Rename(backup.Records(staging), dsn)
	}
	if err != nil {
		return err
	}
	records, err := store.Open(ctx, store.Options{DSN: dsn, Sealer: sealer})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, records.Close()) }()
	if err := errors.Join(records.ForgetExpiries(ctx), records.ForgetClusters(ctx)); err != nil {
		return err
	}
	databases, err := records.AllDatabases(ctx)
	if err != nil || len(databases) == 0 {
		return err
	}
	server := postgres.New(postgres.Options{
		Dir: filepath.Join(data, "postgresql"), Store: records, Port: databases[0].Port, Logger: quiet,
	})
	defer func() { err = errors.Join(err, server.Stop(context.WithoutCancel(ctx))) }()
	return r.load(ctx, server, records, databases, staging)
}

// load makes the databases, all of them before the first is filled: what one
// grants may name the role of another.
func (r *restore) load(ctx context.Context, server *postgres.Server, records *store.Store, databases []aloft.Database, staging string) error {
	var there []aloft.Database
	for _, d := range databases {
		if _, err := os.Stat(backup.Database(staging, d)); err != nil {
			continue // it was told, and the reconciler will
		}
		made, err := server.PutDatabase(ctx, d.EnvironmentKey, d.Name, aloft.Claim{Creation: d.Creation})
		if err == nil && made.URL != d.URL {
			err = moveDatabase(ctx, records, d, made)
		}
		if err != nil {
			return err
		}
		there = append(there, d)
	}
	var group errgroup.Group
	group.SetLimit(2)
	var mu sync.Mutex
	for _, d := range there {
		group.Go(func() error {
			err := server.Load(ctx, d, backup.Database(staging, d))
			if ctx.Err() != nil || err == nil {
				return ctx.Err()
			}
			mu.Lock()
			defer mu.Unlock()
			r.odd = append(r.odd, err)
			return nil
		})
	}
	return group.Wait()
}

// moveDatabase tells the apps of an environment that a database has another URL,
// because its port is taken here.
func moveDatabase(ctx context.Context, records *store.Store, from, to aloft.Database) error {
	slots, err := records.Slots(ctx, from.EnvironmentKey)
	if err != nil {
		return err
	}
	for _, slot := range slots {
		for name, value := range slot.Variables {
			slot.Variables[name] = strings.ReplaceAll(value, from.URL, to.URL)
		}
		if err := records.PutSlot(ctx, slot); err != nil {
			return err
		}
	}
	return nil
}

// settle moves what was prepared to its place, the records last: without them
// nothing takes the folder for a whole one.
func (r *restore) settle(prepared string) error {
	entries, err := os.ReadDir(prepared)
	if err != nil {
		return err
	}
	var last []string
	for _, entry := range entries {
		if entry.Name() == "aloft.db" || entry.Name() == "seal.key" {
			last = append(last, entry.Name())
			continue
		}
		if err := os.Rename(filepath.Join(prepared, entry.Name()), filepath.Join(r.data, entry.Name())); err != nil {
			return err
		}
	}
	for _, name := range last {
		if err := os.Rename(filepath.Join(prepared, name), filepath.Join(r.data, name)); err != nil {
			return err
		}
	}
	return nil
}

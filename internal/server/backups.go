package server

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/backup"
)

// openBackups prepares what writes backups, and begins with those on a timer.
func (s *Server) openBackups(ctx context.Context) error {
	kind := backup.SQLite
	if IsPostgreSQL(s.database()) {
		kind = backup.PostgreSQL
	}
	s.backups = backup.NewWriter(backup.Options{
		Data: s.options.Data, Records: kind, Version: s.options.Version.Version, Server: kept{s},
	})
	if s.options.BackupDir == "" {
		return nil
	}
	folder, err := backup.NewFolder(backup.FolderOptions{
		Dir: s.options.BackupDir, Every: s.options.BackupEvery, Keep: s.options.BackupKeep, Write: s.backups.Write, Logger: s.logger,
	})
	if err != nil {
		return err
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

// minBackupEvery is how far backups are apart at least.
const minBackupEvery = time.Minute

// checkBackupOptions refuses what can write no backups, or none that outlive the data.
func (s *Server) checkBackupOptions() error {
	if s.options.BackupDir == "" {
		return nil
	}
	if s.options.BackupEvery < minBackupEvery || s.options.BackupKeep < 0 {
		return aloft.Errorf(aloft.CodeInvalid, "backups are at least a minute apart, and their number is not negative").
			WithHint("such as: aloft serve --backup-dir DIR --backup-every 24h --backup-keep 7")
	}
	inside, err := within(s.options.Data, s.options.BackupDir)
	if err != nil {
		return aloft.Errorf(aloft.CodeUnavailable, "cannot find the folder for backups: %w", err)
	}
	if inside {
		return aloft.Errorf(aloft.CodeInvalid, "--backup-dir %s is inside the data folder, and would be lost with it", s.options.BackupDir).
			WithHint("name a folder elsewhere, best on another disk")
	}
	return nil
}

// within reports whether a folder, which need not be there, is another or inside it.
func within(outer, folder string) (bool, error) {
	outer, err := resolved(outer)
	if err != nil {
		return false, err
	}
	folder, err = resolved(folder)
	if err != nil {
		return false, err
	}
	relative, err := filepath.Rel(outer, folder)
	return err == nil && filepath.IsLocal(relative), err
}

// resolved follows the links in a path, as far as there is something.
func resolved(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	rest := ""
	for {
		real, err := filepath.EvalSymlinks(path)
		if err == nil {
			return filepath.Join(real, rest), nil
		}
		if !errors.Is(err, fs.ErrNotExist) || path == filepath.Dir(path) {
			return "", err
		}
		path, rest = filepath.Dir(path), filepath.Join(filepath.Base(path), rest)
	}
}

// IsPostgreSQL reports whether a database is one of PostgreSQL; else it is a file.
func IsPostgreSQL(database string) bool {
	return strings.HasPrefix(database, "postgres://") || strings.HasPrefix(database, "postgresql://")
}

// Backup writes a backup for the API.
func (s *Server) Backup(ctx context.Context, w io.Writer) error {
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
type kept struct{ s *Server }

func (k kept) CopyRecords(ctx context.Context, path string) error {
	if database := k.s.database(); IsPostgreSQL(database) {
		return k.s.postgres.DumpURL(ctx, database, path)
	}
	return k.s.store.Copy(ctx, path)
}

func (k kept) Databases(ctx context.Context) ([]aloft.Database, error) {
	return k.s.store.AllDatabases(ctx)
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

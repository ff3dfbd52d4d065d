package store

import (
	"context"
	"embed"
	"io/fs"
	"log/slog"

	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/aloft-dev/aloft"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the schema of the records and of the queue up to date.
func migrate(ctx context.Context, db database) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(db.dialect.goose, db.write, files,
		goose.WithTableName("aloft_migrations"), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	current, newest, err := provider.GetVersions(ctx)
	if err != nil {
		return err
	}
	if current > newest {
		return aloft.Errorf(aloft.CodeConflict, "cannot open the records: a newer version of Aloft wrote them (schema %d, this one knows %d)", current, newest).
			WithHint("use the newer version, or restore a backup from before the upgrade")
	}
	if _, err := provider.Up(ctx); err != nil {
		return err
	}
	queue, err := rivermigrate.New(db.dialect.driver(db.write), &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	_, err = queue.Migrate(ctx, rivermigrate.DirectionUp, nil)
	return err
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
)

// bare runs git in the server's repository, behind the server's back.
func (s *server) bare(ctx context.Context, args ...string) (string, error) {
	command := exec.CommandContext(ctx, "git", append([]string{"--git-dir", s.data("repositories", projectName+".git")}, args...)...)
	output, err := command.Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		err = fmt.Errorf("git %s: %w: %s", args[0], err, failed.Stderr)
	}
	return string(output), err
}

// refs returns the refs of the server's repository with their commits.
func (b *bench) refs(ctx context.Context) (map[string]string, error) {
	refs := map[string]string{}
	if _, err := os.Stat(b.server.data("repositories", projectName+".git")); errors.Is(err, fs.ErrNotExist) {
		return refs, nil
	}
	output, err := b.server.bare(ctx, "for-each-ref", "--format=%(refname) %(objectname)")
	for line := range strings.Lines(output) {
		name, id, _ := strings.Cut(strings.TrimSpace(line), " ")
		refs[name] = id
	}
	return refs, err
}

// databaseURL returns the URL of a database of the server's PostgreSQL, for its
// owner.
func (s *server) databaseURL(database string) (string, error) {
	folder, ok := s.cluster()
	if !ok {
		return "", errNoPostgres
	}
	port, err := os.ReadFile(filepath.Join(folder, "port"))
	if err != nil {
		return "", err
	}
	password, err := os.ReadFile(s.data("postgresql", "password"))
	return fmt.Sprintf("postgresql://aloft:%s@127.0.0.1:%s/%s?sslmode=disable",
		strings.TrimSpace(string(password)), strings.TrimSpace(string(port)), database), err
}

// connect connects to a database of the server's PostgreSQL, as its owner.
func (s *server) connect(ctx context.Context, database string) (*pgx.Conn, error) {
	url, err := s.databaseURL(database)
	if err != nil {
		return nil, err
	}
	return pgx.Connect(ctx, url)
}

// databases returns the databases of environments that there are in PostgreSQL.
func (s *server) databases(ctx context.Context) ([]string, error) {
	if _, ok := s.cluster(); !ok {
		return nil, nil // it was not needed yet
	}
	connection, err := s.connect(ctx, "postgres")
	if err != nil {
		return nil, err
	}
	defer func() { _ = connection.Close(ctx) }()
	rows, err := connection.Query(ctx, `SELECT datname FROM pg_database WHERE datname NOT IN ('postgres', 'template0', 'template1')`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

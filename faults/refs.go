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

// databases returns the databases of environments that there are in PostgreSQL.
func (s *server) databases(ctx context.Context) ([]string, error) {
	folder, ok := s.cluster()
	if !ok {
		return nil, nil // it was not needed yet
	}
	port, err := os.ReadFile(filepath.Join(folder, "port"))
	if err != nil {
		return nil, err
	}
	password, err := os.ReadFile(s.data("postgresql", "password"))
	if err != nil {
		return nil, err
	}
	connection, err := pgx.Connect(ctx, fmt.Sprintf("postgresql://aloft:%s@127.0.0.1:%s/postgres?sslmode=disable",
		strings.TrimSpace(string(password)), strings.TrimSpace(string(port))))
	if err != nil {
		return nil, err
	}
	defer func() { _ = connection.Close(ctx) }()
	rows, err := connection.Query(ctx, `SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres'`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

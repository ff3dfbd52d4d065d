package backup_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/backup"
)

var key = aloft.EnvironmentKey{Project: "shop", Environment: "alice"}

// server is what a backup asks; databases that fail have an error.
type server struct {
	databases []string
	failed    map[string]error
	artifacts []string
	dumping   func() // called before each dump
}

func (s server) CopyRecords(_ context.Context, path string) error {
	return os.WriteFile(path, []byte("the records"), 0o600)
}

func (s server) Databases(context.Context) ([]aloft.Database, error) {
	var list []aloft.Database
	for _, name := range s.databases {
		list = append(list, aloft.Database{EnvironmentKey: key, Name: name})
	}
	return list, nil
}

func (s server) DumpDatabase(_ context.Context, d aloft.Database, path string) error {
	if s.dumping != nil {
		s.dumping()
	}
	if err := s.failed[d.Name]; err != nil {
		return err
	}
	return os.WriteFile(path, []byte("rows of "+d.Name), 0o600)
}

func (s server) Artifacts(context.Context) ([]string, error) { return s.artifacts, nil }

// dataFolder is a data folder with the given files.
func dataFolder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		check(t, os.MkdirAll(filepath.Dir(path), 0o700))
		check(t, os.WriteFile(path, []byte(text), 0o600))
	}
	return dir
}

func writer(dir string, s server) *backup.Writer {
	return backup.NewWriter(backup.Options{Data: dir, Records: backup.SQLite, Version: "1.2.3", Server: s})
}

// written is a backup in a file.
func written(t *testing.T, dir string, s server) (path string, left backup.Left) {
	t.Helper()
	var text bytes.Buffer
	left, err := writer(dir, s).Write(t.Context(), &text)
	check(t, err)
	path = filepath.Join(t.TempDir(), "backup.tar.gz")
	check(t, os.WriteFile(path, text.Bytes(), 0o600))
	return path, left
}

// restored is where a backup was laid out.
func restored(t *testing.T, path string) string {
	t.Helper()
	file, err := backup.Open(t.Context(), path)
	check(t, err)
	defer file.Close()
	dir := filepath.Join(t.TempDir(), "restored")
	check(t, file.Extract(t.Context(), dir))
	return dir
}

// files lists what is below a folder, sorted.
func files(t *testing.T, dir string) []string {
	t.Helper()
	var list []string
	check(t, filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			list = append(list, strings.TrimPrefix(path, dir+"/"))
		}
		return err
	}))
	slices.Sort(list)
	return list
}

func run(t *testing.T, dir string, args ...string) string {
	t.Helper()
	command := exec.Command(args[0], args[1:]...)
	command.Dir = dir
	command.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.com")
	out, err := command.CombinedOutput()
	if err != nil {
		t.Errorf("%v: %v\n%s", args, err, out)
	}
	return string(out)
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

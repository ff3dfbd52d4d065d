package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// appProgram is the name under which this program is the app that the suite
// pushes.
const appProgram = "faultsapp"

// serveApp answers with the version in the artifact that it runs from, so that
// a look at the URL tells which commit serves. "migrate" is its release
// command, and "broken" a version that does not come up.
func serveApp(args []string) error {
	if len(args) == 1 && args[0] == "migrate" {
		return migrate()
	}
	if len(args) == 1 && args[0] == "broken" {
		return errors.New("broken on purpose")
	}
	version, err := os.ReadFile(versionFile)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(version) })
	mux.HandleFunc("/database", func(w http.ResponseWriter, r *http.Request) {
		born, err := birth(r.Context())
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte(born))
	})
	mux.HandleFunc("POST /cling", func(w http.ResponseWriter, r *http.Request) {
		if err := cling(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	server := http.Server{Addr: "127.0.0.1:" + os.Getenv("PORT"), Handler: mux, ReadHeaderTimeout: time.Minute}
	fmt.Println("listening")
	return server.ListenAndServe()
}

// migrate writes down once, in a new database, which one it is: that is the
// data which must not be lost.
func migrate() error {
	ctx := context.Background()
	return tell(ctx,
		"CREATE TABLE IF NOT EXISTS born (id text)",
		fmt.Sprintf("INSERT INTO born SELECT '%s' WHERE NOT EXISTS (SELECT FROM born)", rand.Text()))
}

// birth returns what migrate wrote down.
func birth(ctx context.Context) (id string, err error) {
	connection, err := pgx.Connect(ctx, os.Getenv("DATABASE_URL"))
	if err != nil {
		return "", err
	}
	err = connection.QueryRow(ctx, "SELECT id FROM born").Scan(&id)
	return id, errors.Join(err, connection.Close(ctx))
}

// tell runs statements on the app's database, one after the other.
func tell(ctx context.Context, statements ...string) error {
	connection, err := pgx.Connect(ctx, os.Getenv("DATABASE_URL"))
	if err != nil {
		return err
	}
	for _, statement := range statements {
		if err == nil {
			_, err = connection.Exec(ctx, statement)
		}
	}
	return errors.Join(err, connection.Close(ctx))
}

// cling does what an app may do, and what could be in the way of its end: its
// database is a template and takes no connections, it ignores that it is asked
// to stop, and nobody may enter its folders.
func cling(ctx context.Context) error {
	signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	folder := filepath.Join(os.Getenv("HOME"), "closed")
	address, err := url.Parse(os.Getenv("DATABASE_URL"))
	if err != nil {
		return err
	}
	name := pgx.Identifier{strings.TrimPrefix(address.Path, "/")}.Sanitize()
	return errors.Join(
		os.MkdirAll(filepath.Join(folder, "within"), 0o700),
		os.WriteFile(filepath.Join(folder, "within", "file"), nil, 0o000),
		os.Chmod(filepath.Join(folder, "within"), 0o000),
		os.Chmod(folder, 0o000),
		tell(ctx, "ALTER DATABASE "+name+" CONNECTION LIMIT 0", "ALTER DATABASE "+name+" IS_TEMPLATE true"))
}

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
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
		if err := ask(r.Context(), os.Getenv("DATABASE_URL"), "SELECT count(*) FROM migrations"); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	})
	server := http.Server{Addr: "127.0.0.1:" + os.Getenv("PORT"), Handler: mux, ReadHeaderTimeout: time.Minute}
	fmt.Println("listening")
	return server.ListenAndServe()
}

func migrate() error {
	return ask(context.Background(), os.Getenv("DATABASE_URL"), "CREATE TABLE IF NOT EXISTS migrations (id int)")
}

// ask runs a statement on a database.
func ask(ctx context.Context, url, statement string) error {
	connection, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	_, err = connection.Exec(ctx, statement)
	return errors.Join(err, connection.Close(ctx))
}

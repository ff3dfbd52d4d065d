package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/postgres"
	"github.com/aloft-dev/aloft/internal/store"
)

// commandDropDatabase: dropdatabase HOST/PATH drops the database whose URL is
// the answer, as the server's administrator would.
func commandDropDatabase(ts *testscript.TestScript, neg bool, args []string) {
	administer(ts, answer(ts, neg, args), "DROP DATABASE %s WITH (FORCE)")
}

// commandCloseDatabase: closedatabase HOST/PATH lets nobody into the database whose
// URL is the answer, so that it cannot be dumped.
func commandCloseDatabase(ts *testscript.TestScript, neg bool, args []string) {
	administer(ts, answer(ts, neg, args), "ALTER DATABASE %s ALLOW_CONNECTIONS false")
}

// recordServers holds the *postgres.Server of the records of each *testscript.TestScript.
var recordServers sync.Map

// commandRecords: records NAME... starts a PostgreSQL that is not the server's, and
// sets each variable to the URL of an empty database there, for records.
// records stop | start: it goes down, and comes back.
func commandRecords(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: records NAME...|stop|start")
	}
	ctx := context.Background()
	switch found, _ := recordServers.Load(ts); {
	case args[0] == "stop":
		ts.Check(found.(*postgres.Server).Stop(ctx))
		return
	case args[0] == "start":
		ts.Check(found.(*postgres.Server).Start(ctx))
		return
	}
	dir := filepath.Join(ts.Getenv("WORK"), "elsewhere")
	ts.Check(os.MkdirAll(dir, 0o700))
	sealer, err := aloft.NewSealer(make([]byte, aloft.SealKeySize))
	ts.Check(err)
	known, err := store.Open(ctx, store.Options{DSN: filepath.Join(dir, "known.db"), Sealer: sealer})
	ts.Check(err)
	server := postgres.New(postgres.Options{Dir: filepath.Join(dir, "postgresql"), Store: known, Logger: slog.New(slog.DiscardHandler)})
	recordServers.Store(ts, server)
	ts.Defer(func() { ts.Check(errors.Join(server.Stop(ctx), known.Close())) })
	for _, name := range args {
		key := aloft.EnvironmentKey{Project: "records", Environment: strings.ToLower(name)}
		made, err := server.PutDatabase(ctx, key, "main", aloft.Claim{})
		ts.Check(err)
		ts.Setenv(name, made.URL)
	}
}

// administer does something with the database of a URL.
func administer(ts *testscript.TestScript, url, statement string) {
	ctx := context.Background()
	config, err := pgx.ParseConfig(url)
	ts.Check(err)
	name := config.Database
	password, err := os.ReadFile(filepath.Join(ts.Getenv("DATA"), "postgresql", "password"))
	ts.Check(err)
	config.Database, config.User, config.Password = "postgres", "aloft", strings.TrimSpace(string(password))
	connection, err := pgx.ConnectConfig(ctx, config)
	ts.Check(err)
	defer func() { _ = connection.Close(ctx) }()
	_, err = connection.Exec(ctx, fmt.Sprintf(statement, pgx.Identifier{name}.Sanitize()))
	ts.Check(err)
}

package postgres_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/postgres"
)

// statement runs one on a database and returns the text that it yields.
func statement(t *testing.T, url, text string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	rows, err := conn.Query(t.Context(), text)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, " ")
}

// TestDumpAndLoad: what is in a database comes back on another server, owned by
// its role, and nothing in the dump has more rights than that role.
func TestDumpAndLoad(t *testing.T) {
	t.Parallel()
	first := postgres.New(options(t))
	t.Cleanup(func() { _ = first.Stop(t.Context()) })
	made, err := first.PutDatabase(t.Context(), alice, "main", aloft.Claim{})
	if err != nil {
		t.Fatal(err)
	}
	statement(t, made.URL, `CREATE TABLE words (word text)`)
	statement(t, made.URL, `INSERT INTO words VALUES ('kept')`)
	// A check that looks who loads it: it refuses rows of an administrator.
	statement(t, made.URL, `CREATE FUNCTION mine(text) RETURNS boolean LANGUAGE sql AS
		$$ SELECT NOT rolsuper FROM pg_catalog.pg_roles WHERE rolname = session_user $$`)
	statement(t, made.URL, `ALTER TABLE words ADD CHECK (mine(word))`)
	file := filepath.Join(t.TempDir(), "dump")
	if err := first.Dump(t.Context(), made, file); err != nil {
		t.Fatal(err)
	}

	o := options(t)
	o.Logger = slog.New(slog.DiscardHandler)
	second := postgres.New(o)
	t.Cleanup(func() { _ = second.Stop(t.Context()) })
	again, err := second.PutDatabase(t.Context(), alice, "main", aloft.Claim{})
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Load(t.Context(), again, file); err != nil {
		t.Fatal(err)
	}
	if words := statement(t, again.URL, `SELECT word FROM words`); words != "kept" {
		t.Errorf("the rows are %q", words)
	}
	if owner := statement(t, again.URL, `SELECT tableowner::text FROM pg_tables WHERE tablename = 'words'`); owner != again.Username {
		t.Errorf("the table is of %s", owner)
	}

	t.Run("one that is not there", func(t *testing.T) {
		err := second.Dump(t.Context(), aloft.Database{EnvironmentKey: alice, Name: "none", Database: "none"}, filepath.Join(t.TempDir(), "dump"))
		if aloft.ErrorCode(err) != aloft.CodeNotFound {
			t.Errorf("%v", err)
		}
	})
	t.Run("one that lets nobody in is there all the same", func(t *testing.T) {
		admin := superuser(t, o, again)
		query(t, admin, "ALTER DATABASE "+again.Database+" ALLOW_CONNECTIONS false")
		defer query(t, admin, "ALTER DATABASE "+again.Database+" ALLOW_CONNECTIONS true")
		err := second.Dump(t.Context(), again, filepath.Join(t.TempDir(), "dump"))
		if aloft.ErrorCode(err) != aloft.CodeFailed || !strings.Contains(err.Error(), "accepting connections") {
			t.Errorf("%v", err)
		}
	})
	t.Run("by a URL, into an empty database only", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "dump")
		if err := first.DumpURL(t.Context(), made.URL, file); err != nil {
			t.Fatal(err)
		}
		if err := second.LoadURL(t.Context(), again.URL, file); aloft.ErrorCode(err) != aloft.CodeConflict {
			t.Errorf("it is filled although it is not empty: %v", err)
		}
		empty, err := second.PutDatabase(t.Context(), alice, "empty", aloft.Claim{})
		if err != nil {
			t.Fatal(err)
		}
		if err := second.LoadURL(t.Context(), empty.URL, file); err != nil {
			t.Fatal(err)
		}
		if words := statement(t, empty.URL, `SELECT word FROM words`); words != "kept" {
			t.Errorf("the rows are %q", words)
		}
	})
}

// TestWhatAnAppCannotKeepFromBeingDumped: neither by settings of its own database nor
// by locks, of which a dump says so.
func TestWhatAnAppCannotKeepFromBeingDumped(t *testing.T) {
	t.Parallel()
	o := options(t)
	o.Logger, o.LockWait = slog.New(slog.DiscardHandler), 600*time.Millisecond
	server := postgres.New(o)
	t.Cleanup(func() { _ = server.Stop(t.Context()) })
	made, err := server.PutDatabase(t.Context(), alice, "main", aloft.Claim{})
	if err != nil {
		t.Fatal(err)
	}
	statement(t, made.URL, `CREATE TABLE words (word text)`)
	statement(t, made.URL, `CREATE SEQUENCE numbers`)
	statement(t, made.URL, `CREATE VIEW seen AS SELECT * FROM words`)
	statement(t, made.URL, `ALTER DATABASE `+made.Database+` SET role = '`+made.Username+`'`)
	statement(t, made.URL, `ALTER DATABASE `+made.Database+` SET local_preload_libraries = 'nolib'`)
	if err := server.Dump(t.Context(), made, filepath.Join(t.TempDir(), "dump")); err != nil {
		t.Errorf("settings: %v", err)
	}
	admin := superuser(t, o, made)
	query(t, admin, "ALTER DATABASE "+made.Database+" RESET ALL")
	for what, lock := range map[string]string{
		"a table": "LOCK TABLE words", "a sequence": "DROP SEQUENCE numbers", "a view": "DROP VIEW seen",
	} {
		t.Run(what, func(t *testing.T) {
			conn, err := pgx.Connect(t.Context(), made.URL)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close(t.Context())
			if _, err := conn.Exec(t.Context(), "BEGIN; "+lock); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			err = server.Dump(ctx, made, filepath.Join(t.TempDir(), "dump"))
			if aloft.ErrorCode(err) != aloft.CodeFailed || !strings.Contains(err.Error(), "an app has kept it locked for more than 600ms") {
				t.Errorf("%v", err)
			}
		})
	}
}

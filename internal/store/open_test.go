package store_test

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/store"
)

// doomed in the environment makes the test program a server on that database
// which says when it reconciles and never ends by itself, unless it loses its lease.
const doomed = "ALOFT_STORE_TEST_DOOMED"

func serveUntilKilled(dsn string) {
	sealer, err := newSealer()
	if err == nil {
		var s *store.Store
		if s, err = store.Open(context.Background(), store.Options{DSN: dsn, Sealer: sealer, Lease: shortLease}); err == nil {
			err = s.Work(context.Background(), store.WorkOptions{Reconcile: func(ctx context.Context, key aloft.EnvironmentKey) error {
				fmt.Println(key)
				<-ctx.Done()
				return ctx.Err()
			}})
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// serveElsewhere starts a doomed server and waits until it reconciles.
func serveElsewhere(t *testing.T, dsn string, stderr io.Writer) *exec.Cmd {
	t.Helper()
	server := exec.CommandContext(t.Context(), os.Args[0])
	server.Env = []string{doomed + "=" + dsn, "HOME=" + t.TempDir()}
	server.Stderr = stderr
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || strings.TrimSpace(line) != key.String() {
		t.Fatalf("the server said %q, %v", line, err)
	}
	return server
}

func TestCrashedServersWorkIsTakenUp(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		s, err := store.Open(t.Context(), store.Options{DSN: dsn, Sealer: sealer(t)})
		if err != nil {
			t.Fatal(err)
		}
		wake(t, s, key)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}

		server := serveElsewhere(t, dsn, os.Stderr)
		if err := server.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = server.Wait()

		s = open(t, dsn)
		seen := make(chan aloft.EnvironmentKey, 1)
		work(t, s, store.WorkOptions{Reconcile: func(_ context.Context, key aloft.EnvironmentKey) error {
			seen <- key
			return nil
		}})
		if got := receive(t, seen); got != key {
			t.Errorf("took up %s", got)
		}
	})
}

func TestOnlyOneStoreOpensTheRecords(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		first, err := store.Open(t.Context(), store.Options{DSN: dsn, Sealer: sealer(t)})
		if err != nil {
			t.Fatal(err)
		}
		_, err = store.Open(t.Context(), store.Options{DSN: dsn, Sealer: sealer(t)})
		wantCode(t, err, aloft.CodeConflict, "open")
		if !strings.Contains(err.Error(), fmt.Sprint(os.Getpid())) {
			t.Errorf("%q does not name the process", err)
		}
		if aloft.ErrorHint(err) == "" {
			t.Error("no hint")
		}
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		open(t, dsn)
	})
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		t.Run("no sealer", func(t *testing.T) {
			if _, err := store.Open(t.Context(), store.Options{DSN: dsn}); err == nil {
				t.Error("opened")
			}
		})
		s, err := store.Open(t.Context(), store.Options{DSN: dsn, Sealer: sealer(t)})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		t.Run("records sealed with another key", func(t *testing.T) {
			other, err := aloft.NewSealer(bytes.Repeat([]byte{7}, aloft.SealKeySize))
			if err != nil {
				t.Fatal(err)
			}
			_, err = store.Open(t.Context(), store.Options{DSN: dsn, Sealer: other})
			wantCode(t, err, aloft.CodeConflict, "another key")
		})
		t.Run("records of a newer version", func(t *testing.T) {
			db := raw(t, dsn)
			if _, err := db.ExecContext(t.Context(), `INSERT INTO aloft_migrations (version_id, is_applied) VALUES (9999, true)`); err != nil {
				t.Fatal(err)
			}
			_, err = store.Open(t.Context(), store.Options{DSN: dsn, Sealer: sealer(t)})
			wantCode(t, err, aloft.CodeConflict, "newer version", "9999")
		})
	})
	t.Run("a database that is not there", func(t *testing.T) {
		t.Parallel()
		_, err := store.Open(t.Context(), store.Options{DSN: "postgres://nobody:hunter2@127.0.0.1:1/x", Sealer: sealer(t)})
		wantCode(t, err, aloft.CodeUnavailable)
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q tells the password", err)
		}
	})
	t.Run("a DSN that is none", func(t *testing.T) {
		t.Parallel()
		_, err := store.Open(t.Context(), store.Options{DSN: "postgres://nobody:hunter2@[::1:x", Sealer: sealer(t)})
		wantCode(t, err, aloft.CodeInvalid)
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q tells the password", err)
		}
		_, err = store.Open(t.Context(), store.Options{Sealer: sealer(t)})
		wantCode(t, err, aloft.CodeInvalid)
	})
}

// raw opens a database beside the store.
func raw(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	driver := "pgx"
	if !strings.HasPrefix(dsn, "postgres") {
		driver, dsn = "sqlite", dsn+"?_pragma=busy_timeout(10000)"
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func TestRecordsSurviveReopening(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		for i := range int64(3) {
			s, err := store.Open(t.Context(), store.Options{DSN: dsn, Sealer: sealer(t)})
			if err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				if _, err := s.CreateProject(t.Context(), "shop"); err != nil {
					t.Fatal(err)
				}
			}
			if run := accept(t, s, aloft.Run{}); run.ID != i+1 {
				t.Errorf("run %d, want %d", run.ID, i+1)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestSecretsAreNotReadableInTheFile(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "odd name?#%20", "data")
	dsn := filepath.Join(dir, "aloft.db")
	s, err := store.Open(t.Context(), store.Options{DSN: dsn, Sealer: sealer(t)})
	if err != nil {
		t.Fatal(err)
	}
	err = s.PutSlot(t.Context(), aloft.Slot{EnvironmentKey: key, App: "web", Variables: map[string]string{"NAME-OF-A-SECRET": "hunter2-slot"}})
	if err != nil {
		t.Fatal(err)
	}
	err = s.PutDatabase(t.Context(), aloft.Database{EnvironmentKey: key, Name: "main", Username: "plain-name", Password: "hunter2-password", URL: "postgres://hunter2-url"})
	if err != nil {
		t.Fatal(err)
	}
	contents := readAll(t, dir)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	contents = append(contents, readAll(t, dir)...)
	if !bytes.Contains(contents, []byte("plain-name")) {
		t.Error("the files do not hold the record")
	}
	for _, word := range []string{"hunter2", "NAME-OF-A-SECRET"} {
		if bytes.Contains(contents, []byte(word)) {
			t.Errorf("%s can be read", word)
		}
	}
}

// readAll returns the contents of every file in dir, which only its owner may read.
func readAll(t *testing.T, dir string) []byte {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []byte
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o", entry.Name(), info.Mode().Perm())
		}
		data, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, data...)
	}
	return all
}

func TestASealedValueCannotStandInForAnother(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		s := open(t, dsn)
		for _, app := range []string{"web", "api"} {
			err := s.PutSlot(t.Context(), aloft.Slot{EnvironmentKey: key, App: app, Variables: map[string]string{"APP": app}})
			if err != nil {
				t.Fatal(err)
			}
		}
		_, err := raw(t, dsn).ExecContext(t.Context(), `UPDATE slots SET variables = (SELECT variables FROM slots WHERE app = 'api') WHERE app = 'web'`)
		if err != nil {
			t.Fatal(err)
		}
		if slot, err := s.Slot(t.Context(), key, "web"); err == nil {
			t.Errorf("read %v", slot.Variables)
		}
	})
}

func TestCanceledContext(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		s := shop(t, dsn)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := s.Projects(ctx)
		wantCode(t, err, aloft.CodeCanceled)
		wantCode(t, s.Wake(ctx, key), aloft.CodeCanceled)
		wake(t, s, key)
	})
}

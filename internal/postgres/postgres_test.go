package postgres_test

import (
	"context"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/postgres"
)

var alice = aloft.EnvironmentKey{Project: "shop", Environment: "alice"}

// memory keeps the records of databases.
type memory struct {
	aloft.LocalStore
	mu        sync.Mutex
	databases map[string]aloft.Database
}

func newMemory() *memory { return &memory{databases: map[string]aloft.Database{}} }

func (m *memory) PutDatabase(_ context.Context, d aloft.Database) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.databases[d.EnvironmentKey.String()+"/"+d.Name] = d
	return nil
}

func (m *memory) Database(_ context.Context, key aloft.EnvironmentKey, name string) (aloft.Database, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, ok := m.databases[key.String()+"/"+name]
	if !ok {
		return d, aloft.Errorf(aloft.CodeNotFound, "no database %s in %s", name, key)
	}
	return d, nil
}

func (m *memory) Databases(_ context.Context, key aloft.EnvironmentKey) ([]aloft.Database, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []aloft.Database
	for _, d := range m.databases {
		if d.EnvironmentKey == key {
			list = append(list, d)
		}
	}
	return list, nil
}

func (m *memory) AllDatabases(context.Context) ([]aloft.Database, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Collect(maps.Values(m.databases)), nil
}

func (m *memory) DeleteDatabase(_ context.Context, key aloft.EnvironmentKey, name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.databases, key.String()+"/"+name)
	return nil
}

// options are those of a server of its own; the test is skipped without PostgreSQL.
func options(t *testing.T) postgres.Options {
	t.Helper()
	o := postgres.Options{
		Dir: t.TempDir(), Store: newMemory(), Path: os.Getenv("PATH"),
		Logger: slog.New(slog.DiscardHandler),
	}
	if _, _, err := postgres.New(o).Available(); err != nil {
		t.Skipf("needs PostgreSQL: %v", err)
	}
	return o
}

// start returns a server that ends with the test.
func start(t *testing.T, o postgres.Options) *postgres.Server {
	t.Helper()
	s := postgres.New(o)
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, s) })
	return s
}

func stop(t *testing.T, s *postgres.Server) {
	t.Helper()
	if err := s.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func put(t *testing.T, s *postgres.Server, key aloft.EnvironmentKey, name string) aloft.Database {
	t.Helper()
	d, err := s.PutDatabase(t.Context(), key, name, aloft.Claim{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// connect opens a connection that ends with the test.
func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func query(t *testing.T, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// superuser connects as the administrator, behind the server's back.
func superuser(t *testing.T, o postgres.Options, d aloft.Database) *pgx.Conn {
	t.Helper()
	password, err := os.ReadFile(filepath.Join(o.Dir, "password"))
	if err != nil {
		t.Fatal(err)
	}
	return connect(t, "postgresql://aloft:"+strings.TrimSpace(string(password))+"@127.0.0.1:"+strconv.Itoa(d.Port)+"/postgres?sslmode=disable")
}

func wantCode(t *testing.T, err error, want aloft.Code) {
	t.Helper()
	if got := aloft.ErrorCode(err); got != want {
		t.Fatalf("code %q, want %q: %v", got, want, err)
	}
}

// glob returns the one file in the server's folder that matches, "" for none.
func glob(t *testing.T, o postgres.Options, pattern string) string {
	t.Helper()
	matches, err := filepath.Glob(filepath.Join(o.Dir, pattern))
	if err != nil || len(matches) > 1 {
		t.Fatal(matches, err)
	}
	return strings.Join(matches, "")
}

// lockFile returns the path of postmaster.pid and the process in it.
func lockFile(t *testing.T, o postgres.Options) (path string, pid int) {
	t.Helper()
	path = glob(t, o, "*/data/postmaster.pid")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, postgres.ParseLockFile(text)
}

func kill(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

func TestServer(t *testing.T) {
	o := options(t)
	s := start(t, o)
	began := time.Now()
	d := put(t, s, alice, "main")
	t.Logf("first database after %v", time.Since(began))

	t.Run("a made database is used through its URL", func(t *testing.T) {
		conn := connect(t, d.URL)
		query(t, conn, "CREATE TABLE visits (n int)")
		query(t, conn, "CREATE SCHEMA more")
		query(t, conn, "CREATE EXTENSION pgcrypto")
	})
	t.Run("putting again changes nothing", func(t *testing.T) {
		if again := put(t, s, alice, "main"); again != d {
			t.Errorf("%+v, was %+v", again, d)
		}
		query(t, connect(t, d.URL), "INSERT INTO visits VALUES (1)")
	})
	t.Run("the database is found with its URL", func(t *testing.T) {
		found, err := s.Database(t.Context(), alice, "main")
		if err != nil || found != d {
			t.Errorf("%+v, %v", found, err)
		}
	})
	t.Run("an unknown database is not found", func(t *testing.T) {
		_, err := s.Database(t.Context(), alice, "other")
		wantCode(t, err, aloft.CodeNotFound)
	})
	t.Run("a bad name is refused", func(t *testing.T) {
		_, err := s.PutDatabase(t.Context(), alice, "Main; DROP", aloft.Claim{})
		wantCode(t, err, aloft.CodeInvalid)
		wantCode(t, s.DeleteDatabase(t.Context(), aloft.EnvironmentKey{Project: "shop"}, "main", ""), aloft.CodeInvalid)
	})
	t.Run("another environment cannot connect", func(t *testing.T) {
		other := put(t, s, aloft.EnvironmentKey{Project: "shop", Environment: "bob"}, "main")
		for _, database := range []string{d.Database, "postgres", "template1"} {
			url := strings.Replace(other.URL, "/"+other.Database+"?", "/"+database+"?", 1)
			if _, err := pgx.Connect(t.Context(), url); err == nil || !strings.Contains(err.Error(), "permission denied") {
				t.Errorf("%s: %v", database, err)
			}
		}
	})
	t.Run("a role has no power over the server", func(t *testing.T) {
		conn := connect(t, d.URL)
		for _, sql := range []string{"CREATE ROLE x", "CREATE DATABASE x", "COPY visits FROM PROGRAM 'id'", "ALTER ROLE " + d.Username + " SUPERUSER"} {
			if _, err := conn.Exec(t.Context(), sql); err == nil {
				t.Errorf("%s: allowed", sql)
			}
		}
	})
	t.Run("nobody connects without the password, or from elsewhere", func(t *testing.T) {
		for name, password := range map[string]string{"no": "", "a wrong": ":wrong"} {
			url := strings.Replace(d.URL, ":"+d.Password+"@", password+"@", 1)
			if _, err := pgx.Connect(t.Context(), url); err == nil || !strings.Contains(err.Error(), "password") {
				t.Errorf("with %s password: %v", name, err)
			}
		}
		for setting, want := range map[string]string{"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "password_encryption": "scram-sha-256"} {
			var got string
			if err := superuser(t, o, d).QueryRow(t.Context(), "SELECT current_setting($1)", setting).Scan(&got); err != nil || got != want {
				t.Errorf("%s is %q, %v", setting, got, err)
			}
		}
	})
	t.Run("20 databases at the same time", func(t *testing.T) { testConcurrent(t, s) })
	t.Run("a database dropped behind the back is found missing and put again", func(t *testing.T) { testDropped(t, s, o) })
	t.Run("steps that a crash left out are made up for", func(t *testing.T) { testHalfDone(t, s, o) })
	t.Run("a foreign role is not taken over", func(t *testing.T) {
		name := postgres.Identifier(alice, "taken")
		query(t, superuser(t, o, d), "CREATE ROLE "+name)
		_, err := s.PutDatabase(t.Context(), alice, "taken", aloft.Claim{})
		wantCode(t, err, aloft.CodeConflict)
		wantCode(t, s.DeleteDatabase(t.Context(), alice, "taken", ""), aloft.CodeConflict)
		query(t, superuser(t, o, d), "DROP ROLE "+name)
		if err := s.DeleteDatabase(t.Context(), alice, "taken", ""); err != nil {
			t.Error(err)
		}
	})
	t.Run("nothing is left of a deleted database, and deleting it again is no error", func(t *testing.T) {
		connect(t, d.URL) // does not keep it
		for range 2 {
			if err := s.DeleteDatabase(t.Context(), alice, "main", ""); err != nil {
				t.Fatal(err)
			}
		}
		_, err := s.Database(t.Context(), alice, "main")
		wantCode(t, err, aloft.CodeNotFound)
		wantNothing(t, s, alice)
	})
	t.Run("the password is in no log", func(t *testing.T) {
		log, err := os.ReadFile(glob(t, o, "*/server.log"))
		if err != nil || strings.Contains(string(log), d.Password) {
			t.Errorf("%v in %s", err, log)
		}
	})
}

func wantNothing(t *testing.T, s *postgres.Server, key aloft.EnvironmentKey) {
	t.Helper()
	remains, err := s.Remains(t.Context(), key)
	if err != nil || len(remains) != 0 {
		t.Errorf("remains: %v, %v", remains, err)
	}
}

func testConcurrent(t *testing.T, s *postgres.Server) {
	key := aloft.EnvironmentKey{Project: "many", Environment: "at-once"}
	var group sync.WaitGroup
	for i := range 20 {
		name := "db" + strconv.Itoa(i%10) // each twice
		group.Go(func() {
			if _, err := s.PutDatabase(t.Context(), key, name, aloft.Claim{}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	differences, err := s.Reconcile(t.Context(), key)
	if err != nil || len(differences) != 0 {
		t.Errorf("%v, %v", differences, err)
	}
	if err := s.DeleteAll(t.Context(), key); err != nil {
		t.Error(err)
	}
	wantNothing(t, s, key)
}

func testDropped(t *testing.T, s *postgres.Server, o postgres.Options) {
	key := aloft.EnvironmentKey{Project: "shop", Environment: "dropped"}
	d := put(t, s, key, "main")
	query(t, superuser(t, o, d), "DROP DATABASE "+d.Database)
	_, err := s.Database(t.Context(), key, "main")
	wantCode(t, err, aloft.CodeNotFound)
	differences, err := s.Reconcile(t.Context(), key)
	if want := "database main (" + d.Database + ") is missing"; err != nil || len(differences) != 1 || differences[0] != want {
		t.Errorf("%q, %v", differences, err)
	}
	if again := put(t, s, key, "main"); again != d {
		t.Errorf("%+v, was %+v", again, d)
	}
	connect(t, d.URL)
	if err := s.DeleteAll(t.Context(), key); err != nil {
		t.Error(err)
	}
}

func testHalfDone(t *testing.T, s *postgres.Server, o postgres.Options) {
	key := aloft.EnvironmentKey{Project: "shop", Environment: "half"}
	d := put(t, s, key, "main")
	admin := superuser(t, o, d)
	query(t, admin, "ALTER ROLE "+d.Username+" NOLOGIN PASSWORD 'another'")
	query(t, admin, "GRANT CONNECT ON DATABASE "+d.Database+" TO PUBLIC")
	query(t, admin, "ALTER DATABASE "+d.Database+" OWNER TO aloft")
	query(t, admin, "ALTER DATABASE "+d.Database+" ALLOW_CONNECTIONS false")
	put(t, s, key, "main")
	connect(t, d.URL)

	if err := o.Store.DeleteDatabase(t.Context(), key, "main"); err != nil {
		t.Fatal(err)
	}
	remains, err := s.Remains(t.Context(), key)
	if want := "database " + d.Database + ", role " + d.Username; err != nil || strings.Join(remains, ", ") != want {
		t.Errorf("remains %q, %v", remains, err)
	}
	if differences, err := s.Reconcile(t.Context(), key); err != nil || len(differences) != 2 {
		t.Errorf("%q, %v", differences, err)
	}
	if err := s.DeleteAll(t.Context(), key); err != nil {
		t.Error(err)
	}
	wantNothing(t, s, key)
}

func TestCreations(t *testing.T) {
	t.Parallel()
	o := options(t)
	s := start(t, o)
	claimed := func(t *testing.T, claim aloft.Claim, want aloft.Code) aloft.Database {
		t.Helper()
		d, err := s.PutDatabase(t.Context(), alice, "main", claim)
		if aloft.ErrorCode(err) != want {
			t.Fatalf("%v: %v", claim, err)
		}
		return d
	}
	remove := func(t *testing.T, creation string) {
		t.Helper()
		if err := s.DeleteDatabase(t.Context(), alice, "main", creation); err != nil {
			t.Fatal(err)
		}
	}
	one := claimed(t, aloft.Claim{Creation: "one"}, "")
	query(t, connect(t, one.URL), "CREATE TABLE kept (n int)")
	t.Run("a repeated request is the same creation", func(t *testing.T) { claimed(t, aloft.Claim{Creation: "one"}, "") })
	t.Run("another one is refused", func(t *testing.T) {
		claimed(t, aloft.Claim{Creation: "two"}, aloft.CodeConflict)
		claimed(t, aloft.Claim{Creation: "two", Over: "three"}, aloft.CodeConflict)
	})
	t.Run("only its own creation removes it", func(t *testing.T) {
		remove(t, "two")
		query(t, connect(t, one.URL), "SELECT FROM kept")
	})
	t.Run("who takes its place keeps the data", func(t *testing.T) {
		two := claimed(t, aloft.Claim{Creation: "two", Over: "one"}, "")
		remove(t, "one")
		query(t, connect(t, two.URL), "SELECT FROM kept")
		if d, err := s.Database(t.Context(), alice, "main"); err != nil || d.Creation != "two" {
			t.Errorf("%v, %v", d.Creation, err)
		}
	})
	t.Run("what lost its record is taken over with its data", func(t *testing.T) {
		if err := o.Store.DeleteDatabase(t.Context(), alice, "main"); err != nil {
			t.Fatal(err)
		}
		four := claimed(t, aloft.Claim{Creation: "four"}, "")
		query(t, connect(t, four.URL), "SELECT FROM kept")
	})
	t.Run("what is gone from the server is free", func(t *testing.T) {
		query(t, superuser(t, o, one), "DROP DATABASE "+one.Database+" WITH (FORCE)")
		claimed(t, aloft.Claim{Creation: "three"}, "")
		remove(t, "three")
		_, err := s.Database(t.Context(), alice, "main")
		wantCode(t, err, aloft.CodeNotFound)
	})
}

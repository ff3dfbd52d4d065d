package store_test

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/store"
)

// server is the PostgreSQL server of the tests, started by the first that asks.
var server postgresServer

func TestMain(m *testing.M) {
	if dsn := os.Getenv(doomed); dsn != "" {
		serveUntilKilled(dsn)
	}
	flag.Parse()
	if err := flag.Set("test.parallel", "8"); err != nil { // the slow ones wait, they do not work
		panic(err)
	}
	code := m.Run()
	server.stop()
	os.Exit(code)
}

// onEach runs a test on every kind of database that there is. dsn is that of a
// new one without records.
func onEach(t *testing.T, test func(t *testing.T, dsn string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, filepath.Join(t.TempDir(), "aloft.db"))
	})
	t.Run("postgresql", func(t *testing.T) {
		t.Parallel()
		test(t, server.database(t))
	})
}

var key = aloft.EnvironmentKey{Project: "shop", Environment: "alice"}

func newSealer() (*aloft.Sealer, error) {
	return aloft.NewSealer([]byte("0123456789abcdef0123456789abcdef"))
}

func sealer(t *testing.T) *aloft.Sealer {
	t.Helper()
	s, err := newSealer()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// open opens a store until the end of the test.
func open(t *testing.T, dsn string) *store.Store {
	t.Helper()
	s := openWith(t, store.Options{DSN: dsn, Sealer: sealer(t)})
	return s
}

func openWith(t *testing.T, o store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// shop opens a store with the project shop.
func shop(t *testing.T, dsn string) *store.Store {
	t.Helper()
	s := open(t, dsn)
	if _, err := s.CreateProject(t.Context(), "shop"); err != nil {
		t.Fatal(err)
	}
	return s
}

func accept(t *testing.T, s *store.Store, run aloft.Run) aloft.Run {
	t.Helper()
	if run.Project == "" {
		run.EnvironmentKey = key
	}
	if run.Operation == "" {
		run.Operation = aloft.OperationUp
	}
	accepted, _, err := s.AcceptRun(t.Context(), run)
	if err != nil {
		t.Fatal(err)
	}
	return accepted
}

func wantCode(t *testing.T, err error, code aloft.Code, words ...string) {
	t.Helper()
	if aloft.ErrorCode(err) != code {
		t.Fatalf("error %v has code %q, want %q", err, aloft.ErrorCode(err), code)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("error %q does not say %q", err, word)
		}
	}
}

// postgresServer is a real PostgreSQL in a temporary folder.
type postgresServer struct {
	once    sync.Once
	why     string // it does not run
	failed  bool   // although it is installed
	dir     string
	port    int
	program string
	process *exec.Cmd

	mu   sync.Mutex
	made int
}

// database returns the DSN of a new database with the schema of a store, or
// skips the test.
func (p *postgresServer) database(t *testing.T) string {
	t.Helper()
	p.once.Do(func() {
		if err := p.start(); err != nil {
			p.why = err.Error()
			p.failed = p.dir != ""
		}
	})
	if p.failed {
		t.Fatal("cannot start PostgreSQL: " + p.why)
	}
	if p.why != "" {
		t.Skip("PostgreSQL is not installed: " + p.why)
	}
	p.mu.Lock()
	p.made++
	name := fmt.Sprintf("aloft%d", p.made)
	p.mu.Unlock()
	db, err := sql.Open("pgx", p.dsn("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "CREATE DATABASE "+name+" TEMPLATE prepared"); err != nil {
		t.Fatal(err)
	}
	return p.dsn(name)
}

func (p *postgresServer) dsn(database string) string {
	return fmt.Sprintf("postgres://aloft@127.0.0.1:%d/%s?sslmode=disable", p.port, database)
}

func (p *postgresServer) start() error {
	bin := "/usr/lib/postgresql/15/bin"
	if path, err := exec.LookPath("postgres"); err == nil {
		bin = filepath.Dir(path)
	}
	if _, err := os.Stat(filepath.Join(bin, "initdb")); err != nil {
		return err
	}
	var err error
	if p.dir, err = os.MkdirTemp("", "aloft-store-test-"); err != nil {
		return err
	}
	if p.port, err = aloft.FreePort(); err != nil {
		return err
	}
	data := filepath.Join(p.dir, "data")
	initdb := ordinary(exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "aloft", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"))
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	p.program = filepath.Join(bin, "postgres")
	if err := p.launch(); err != nil {
		return err
	}
	return p.ready()
}

func (p *postgresServer) launch() error {
	p.process = ordinary(exec.Command(p.program, "-D", filepath.Join(p.dir, "data"), "-p", fmt.Sprint(p.port),
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "max_connections=400"))
	return p.process.Start()
}

// halt ends the server and keeps its data.
func (p *postgresServer) halt() {
	_ = p.process.Process.Signal(os.Interrupt) // fast shutdown
	_ = p.process.Wait()
}

func (p *postgresServer) ready() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	db, err := sql.Open("pgx", p.dsn("postgres"))
	if err != nil {
		return err
	}
	defer db.Close()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := db.PingContext(ctx)
		if err == nil {
			return p.prepare(ctx, db)
		}
		select {
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}

// prepare makes the template of the tests' databases: one migrated from empty.
func (p *postgresServer) prepare(ctx context.Context, db *sql.DB) error {
	if _, err := db.ExecContext(ctx, "CREATE DATABASE prepared"); err != nil {
		return err
	}
	sealer, err := newSealer()
	if err != nil {
		return err
	}
	s, err := store.Open(ctx, store.Options{DSN: p.dsn("prepared"), Sealer: sealer})
	if err != nil {
		return err
	}
	return s.Close()
}

func (p *postgresServer) stop() {
	if p.process != nil && p.process.Process != nil {
		p.halt()
	}
	if p.dir != "" {
		_ = os.RemoveAll(p.dir)
	}
}

package store_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/store"
)

const shortLease = time.Second

func leased(t *testing.T, dsn string) store.Options {
	return store.Options{DSN: dsn, Sealer: sealer(t), Lease: shortLease}
}

// takeOver takes the lease as another server does that found it expired, and
// gives it back.
func takeOver(t *testing.T, dsn string) {
	t.Helper()
	if _, err := raw(t, dsn).ExecContext(t.Context(), `UPDATE aloft_lease SET number = number + 1, expires = 0`); err != nil {
		t.Fatal(err)
	}
}

// lostOf tells when a store has lost its records.
func lostOf(t *testing.T, s *store.Store) <-chan error {
	lost := make(chan error, 1)
	go func() { lost <- s.Lost(t.Context()) }()
	return lost
}

// workUntil works with a reconciliation that lasts until its context ends, which
// it tells, and returns what Work returns.
func workUntil(t *testing.T, s *store.Store) (begun, ended <-chan aloft.EnvironmentKey, worked <-chan error) {
	t.Helper()
	begins, ends, done := make(chan aloft.EnvironmentKey, 9), make(chan aloft.EnvironmentKey, 9), make(chan error, 1)
	go func() {
		done <- s.Work(t.Context(), store.WorkOptions{Logger: slog.New(slog.DiscardHandler), Reconcile: func(ctx context.Context, key aloft.EnvironmentKey) error {
			begins <- key
			<-ctx.Done()
			ends <- key
			return ctx.Err()
		}})
	}()
	return begins, ends, done
}

// TestWhoLostTheLeaseStops: as soon as another server has the records, nothing of
// the first one's changes them, its runs end, and so does its work.
func TestWhoLostTheLeaseStops(t *testing.T) {
	t.Parallel()
	dsn := server.database(t)
	first := openWith(t, leased(t, dsn))
	if _, err := first.CreateProject(t.Context(), "shop"); err != nil {
		t.Fatal(err)
	}
	wake(t, first, key)
	lost := lostOf(t, first)
	begun, ended, worked := workUntil(t, first)
	receive(t, begun)
	takeOver(t, dsn)
	second := openWith(t, leased(t, dsn))
	if _, err := putState(t, first, 1, ""); aloft.ErrorCode(err) != aloft.CodeUnavailable {
		t.Errorf("the first wrote a state: %v", err)
	}
	wantCode(t, first.Wake(t.Context(), key), aloft.CodeUnavailable, "lost", "process")
	receive(t, ended)
	wantCode(t, receive(t, worked), aloft.CodeUnavailable, "lost")
	wantCode(t, receive(t, lost), aloft.CodeUnavailable, "lost")
	if _, err := putState(t, second, 1, ""); err != nil {
		t.Errorf("the second cannot write a state: %v", err)
	}
	seen := make(chan aloft.EnvironmentKey, 1)
	work(t, second, store.WorkOptions{Reconcile: func(_ context.Context, key aloft.EnvironmentKey) error {
		seen <- key
		return nil
	}})
	receive(t, seen)
}

// TestALeaseIsOnlyTakenOverWhenItHasExpired: a living server is named to whoever
// comes second, also after PostgreSQL has cut all connections.
func TestALeaseIsOnlyTakenOverWhenItHasExpired(t *testing.T) {
	t.Parallel()
	dsn := server.database(t)
	first := openWith(t, leased(t, dsn))
	for range 2 {
		begun := time.Now()
		_, err := store.Open(t.Context(), leased(t, dsn))
		host, _ := os.Hostname()
		wantCode(t, err, aloft.CodeConflict, host, "process", "since 20")
		if waited := time.Since(begun); waited > 3*shortLease {
			t.Errorf("refused after %s", waited)
		}
		cut := `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`
		if _, err := raw(t, dsn).ExecContext(t.Context(), cut); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, func() error { return first.Wake(t.Context(), key) })
}

// TestAFrozenServer: it is taken over once its lease has expired, and stops by
// itself when it goes on.
func TestAFrozenServer(t *testing.T) {
	t.Parallel()
	dsn := server.database(t)
	s, err := store.Open(t.Context(), leased(t, dsn))
	if err != nil {
		t.Fatal(err)
	}
	wake(t, s, key)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	frozen := serveElsewhere(t, dsn, &said)
	if err := frozen.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	second := openWith(t, leased(t, dsn))
	seen := make(chan aloft.EnvironmentKey, 1)
	work(t, second, store.WorkOptions{Reconcile: func(_ context.Context, key aloft.EnvironmentKey) error {
		seen <- key
		return nil
	}})
	receive(t, seen)
	if err := frozen.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- frozen.Wait() }()
	if receive(t, ended) == nil || !bytes.Contains(said.Bytes(), []byte("lost the records")) {
		t.Errorf("the frozen server said %q", said.String())
	}
	wake(t, second, key)
}

// TestAServerThatIsFrozenInATransaction keeps the row of the lease locked until
// PostgreSQL ends its transaction.
func TestAServerThatIsFrozenInATransaction(t *testing.T) {
	t.Parallel()
	dsn := server.database(t)
	first := openWith(t, leased(t, dsn))
	begun, goOn := make(chan struct{}), make(chan struct{})
	changed := make(chan error, 1)
	if _, err := first.CreateProject(t.Context(), "shop"); err != nil {
		t.Fatal(err)
	}
	accept(t, first, aloft.Run{})
	go func() {
		_, err := first.UpdateEnvironment(context.Background(), key, func(*aloft.Environment) error {
			close(begun)
			<-goOn
			return nil
		})
		changed <- err
	}()
	<-begun
	takeOver(t, dsn) // and wait for the row
	close(goOn)
	if err := receive(t, changed); err == nil {
		t.Error("it changed what another server has")
	}
	wantCode(t, first.Wake(t.Context(), key), aloft.CodeUnavailable, "lost")
}

// TestPostgreSQLRestarts: who had the lease renews it and goes on; what was on its
// way pauses when the lease runs out meanwhile.
func TestPostgreSQLRestarts(t *testing.T) {
	t.Parallel()
	server.database(t) // skips without PostgreSQL
	own := &postgresServer{}
	t.Cleanup(own.stop)
	if err := own.start(); err != nil {
		t.Fatal(err)
	}
	dsn := own.dsn("prepared")
	s := openWith(t, leased(t, dsn))
	lost := lostOf(t, s)
	wake(t, s, key)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	begun, ended := make(chan aloft.EnvironmentKey, 9), make(chan aloft.EnvironmentKey, 9)
	worked := make(chan error, 1)
	go func() {
		worked <- s.Work(ctx, store.WorkOptions{Logger: slog.New(slog.DiscardHandler), Reconcile: func(ctx context.Context, key aloft.EnvironmentKey) error {
			begun <- key
			<-ctx.Done()
			ended <- key
			return ctx.Err()
		}})
	}()
	receive(t, begun)
	own.halt()
	receive(t, ended) // nobody knows whose the records are
	if err := own.launch(); err != nil {
		t.Fatal(err)
	}
	receive(t, begun) // they are still ours
	wake(t, s, key)
	select {
	case err := <-lost:
		t.Errorf("lost: %v", err)
	default:
	}
	stop()
	if err := receive(t, worked); err != nil {
		t.Error(err)
	}
}

// TestAFileThatWasReplacedIsLost: what is written into a file that is no longer
// at its path would be lost.
func TestAFileThatWasReplacedIsLost(t *testing.T) {
	t.Parallel()
	for name, harm := range map[string]func(t *testing.T, path string){
		"replaced": func(t *testing.T, path string) {
			if err := aloft.ReplaceFile(path, []byte("a backup"), 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"removed": func(t *testing.T, path string) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		},
		"moved with its folder": func(t *testing.T, path string) {
			if err := os.Rename(filepath.Dir(path), filepath.Dir(path)+"-moved"); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "data")
			path := filepath.Join(dir, "aloft.db")
			s := openWith(t, leased(t, path))
			lost := lostOf(t, s)
			wake(t, s, key)
			begun, ended, worked := workUntil(t, s)
			receive(t, begun)
			harm(t, path)
			wantCode(t, s.Wake(t.Context(), key), aloft.CodeUnavailable, "moved away or replaced", path)
			wantCode(t, receive(t, lost), aloft.CodeUnavailable, "moved away or replaced")
			receive(t, ended)
			wantCode(t, receive(t, worked), aloft.CodeUnavailable, "moved away or replaced")
		})
	}
}

// eventually tries until it works, but not for ever.
func eventually(t *testing.T, try func() error) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

package postgres_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/postgres"
)

func TestRestart(t *testing.T) {
	o := options(t)
	s := start(t, o)
	again := func() *postgres.Server { return start(t, o) } // outlives a subtest
	if entries, err := os.ReadDir(o.Dir); err != nil || len(entries) != 0 {
		t.Errorf("a server that was never used left %v, %v", entries, err)
	}
	d := put(t, s, alice, "main")
	ctx := t.Context()
	execSQL(t, d, "CREATE TABLE kept AS SELECT 42 AS n")

	t.Run("a stopped server serves nothing until it is started", func(t *testing.T) {
		stop(t, s)
		_, err := s.PutDatabase(ctx, alice, "main", aloft.Claim{})
		wantCode(t, err, aloft.CodeUnavailable)
		if err := s.Start(ctx); err != nil {
			t.Fatal(err)
		}
		wantKept(t, d)
	})
	t.Run("another server on the same folder is refused", func(t *testing.T) {
		wantCode(t, postgres.New(o).Start(ctx), aloft.CodeConflict)
	})
	t.Run("a later server keeps data and URL", func(t *testing.T) {
		stop(t, s)
		s = again()
		found, err := s.Database(ctx, alice, "main")
		if err != nil || found != d {
			t.Fatalf("%+v, %v", found, err)
		}
		wantKept(t, d)
	})
	t.Run("a killed server comes back", func(t *testing.T) {
		_, pid := lockFile(t, o)
		kill(t, pid)
		awaitRestart(t, o, pid)
		if found, err := s.Database(ctx, alice, "main"); err != nil || found != d {
			t.Fatalf("%+v, %v", found, err)
		}
		wantKept(t, d)
	})
	t.Run("databases on their way when the server is killed are made", func(t *testing.T) {
		key := aloft.EnvironmentKey{Project: "shop", Environment: "killed"}
		_, pid := lockFile(t, o)
		made := make(chan error, 5)
		for i := range cap(made) {
			go func() {
				_, err := s.PutDatabase(ctx, key, "db"+strconv.Itoa(i), aloft.Claim{})
				made <- err
			}()
		}
		for i := range cap(made) {
			if err := <-made; err != nil {
				t.Error(err)
			}
			if i == 1 {
				kill(t, pid)
			}
		}
		awaitRestart(t, o, pid)
		if differences, err := s.Reconcile(ctx, key); err != nil || len(differences) != 0 {
			t.Errorf("%v, %v", differences, err)
		}
		if err := s.DeleteAll(ctx, key); err != nil {
			t.Error(err)
		}
	})
	t.Run("a lock file of a dead server does not hinder", func(t *testing.T) {
		path, _ := lockFile(t, o)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		stop(t, s)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		s = again()
		wantKept(t, d)
	})
	t.Run("a lock file with the process id of something else does not hinder", func(t *testing.T) {
		path, _ := lockFile(t, o)
		stop(t, s)
		bystander := exec.Command("sleep", "60")
		if err := bystander.Start(); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strconv.Itoa(bystander.Process.Pid)+"\n"+filepath.Dir(path)+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		s = again()
		wantKept(t, d)
		if err := bystander.Process.Signal(syscall.Signal(0)); err != nil {
			t.Error("the bystander was ended")
		}
		bystander.Process.Kill()
		bystander.Wait()
	})
	t.Run("a taken port moves the server and its URLs", func(t *testing.T) {
		stop(t, s)
		release := take(t, d.Port)
		s = again()
		release()
		found, err := s.Database(ctx, alice, "main")
		if err != nil || found.Port == d.Port || found.URL == d.URL {
			t.Fatalf("%+v, %v", found, err)
		}
		wantKept(t, found)
	})
}

// awaitRestart returns when another process than pid serves.
func awaitRestart(t *testing.T, o postgres.Options, pid int) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range 3000 {
		text, _ := os.ReadFile(glob(t, o, "*/data/postmaster.pid"))
		if now := postgres.ParseLockFile(text); now != pid && strings.Contains(string(text), "ready") {
			return
		}
		<-tick.C
	}
	t.Fatal("the server did not come back")
}

func execSQL(t *testing.T, d aloft.Database, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), d.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

func wantKept(t *testing.T, d aloft.Database) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), d.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	var n int
	if err := conn.QueryRow(t.Context(), "SELECT n FROM kept").Scan(&n); err != nil || n != 42 {
		t.Fatalf("%d, %v", n, err)
	}
}

// TestKilledParent kills a process that runs a server, as kill -9 of Aloft does.
func TestKilledParent(t *testing.T) {
	o := options(t)
	if os.Getenv("ALOFT_TEST_PARENT") != "" {
		o.Dir = os.Getenv("ALOFT_TEST_PARENT")
		s := postgres.New(o)
		d := put(t, s, alice, "main")
		execSQL(t, d, "CREATE TABLE kept AS SELECT 42 AS n")
		os.Stdout.WriteString(d.URL + "\n")
		os.Stdout.Close()
		select {}
	}
	parent := exec.Command(os.Args[0], "-test.run=^TestKilledParent$")
	parent.Env = []string{"ALOFT_TEST_PARENT=" + o.Dir, "PATH=" + o.Path, "TMPDIR=" + t.TempDir()}
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	url := make([]byte, 1024)
	if n, err := out.Read(url); err != nil || n == 0 {
		t.Fatal("the parent made no database", err)
	}
	_, pid := lockFile(t, o)
	kill(t, parent.Process.Pid)
	parent.Wait()

	s := start(t, o)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	d, err := s.PutDatabase(ctx, alice, "main", aloft.Claim{})
	if err != nil {
		t.Fatal(err)
	}
	wantKept(t, d)
	if _, now := lockFile(t, o); now == pid {
		t.Error("the server of the killed parent still runs")
	}
}

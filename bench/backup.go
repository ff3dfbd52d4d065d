package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aloft-dev/aloft"
)

// backedUp is how many environments with a database each are backed up.
const backedUp = 100

// meanwhileRounds is how many pushes are made with a backup under way.
const meanwhileRounds = 10

// measureBackup compares `aloft backup` with pg_dump of each database, one after
// the other, and a copy of the rest; then it pushes while a backup is written.
func measureBackup(ctx context.Context, l *lab) (map[string]reading, error) {
	s, err := l.serve(ctx, "backup")
	if err != nil {
		return nil, err
	}
	defer s.stop()
	r, err := s.remote(ctx, "bench-backup", "database")
	if err != nil {
		return nil, err
	}
	names, err := r.branches(ctx, "b", backedUp)
	if err != nil {
		return nil, err
	}
	if err := r.pushAll(ctx, names); err != nil {
		return nil, err
	}
	ours := func(int) (float64, error) { return s.backup(ctx) }
	theirs := func(int) (float64, error) { return s.dumpAndCopy(ctx, names, r.name) }
	compared, err := alternate(3, ours, theirs)
	if err != nil {
		return nil, err
	}
	readings := map[string]reading{"100 environments with 100 databases": compared.ratio("s")}
	longer, err := pushMeanwhile(ctx, r)
	if err == nil {
		readings["a push meanwhile: longer by"] = longer
	}
	return readings, err
}

func (s *server) backup(ctx context.Context) (float64, error) {
	began := time.Now()
	_, err := s.aloft(ctx, "backup", s.lab.path("backup.tar.gz"))
	return since(began), err
}

// dumpAndCopy is what somebody would do by hand, without a file of all and
// without checking it.
func (s *server) dumpAndCopy(ctx context.Context, names []string, project string) (float64, error) {
	password, err := os.ReadFile(filepath.Join(s.data, "postgresql", "password"))
	if err != nil {
		return 0, err
	}
	to := s.lab.path("by-hand")
	if err := errors.Join(os.RemoveAll(to), os.MkdirAll(to, 0o700)); err != nil {
		return 0, err
	}
	client := s.client()
	var databases []aloft.Database
	for _, name := range names {
		d, err := client.Database(ctx, aloft.EnvironmentKey{Project: project, Environment: name}, "main")
		if err != nil {
			return 0, err
		}
		databases = append(databases, d)
	}
	began := time.Now()
	for _, d := range databases {
		variables := []string{"PGPASSWORD=" + strings.TrimSpace(string(password))}
		_, err := finish(s.lab.command(ctx, "", variables, "pg_dump", "--format=custom", "--host="+d.Host, fmt.Sprintf("--port=%d", d.Port),
			"--username=aloft", "--file="+filepath.Join(to, d.Database), d.Database))
		if err != nil {
			return 0, err
		}
	}
	for _, place := range []string{"aloft.db", "aloft.db-wal", "seal.key", "repositories", "environments", "runs", "artifacts"} {
		if _, err := s.lab.run(ctx, s.data, "cp", "-a", place, to); err != nil {
			return 0, err
		}
	}
	return since(began), nil
}

// pushMeanwhile pushes new code by turns with and without a backup under way.
func pushMeanwhile(ctx context.Context, r *remote) (reading, error) {
	longer, noted := 0.0, ""
	for round := range meanwhileRounds {
		alone, err := r.push(ctx, "b0", fmt.Sprintf("alone%d", round))
		if err != nil {
			return reading{}, err
		}
		done := make(chan error, 1)
		go func() {
			_, err := r.server.backup(ctx)
			done <- err
		}()
		meanwhile, err := r.push(ctx, "b0", fmt.Sprintf("meanwhile%d", round))
		if err = errors.Join(err, <-done); err != nil {
			return reading{}, err
		}
		if more := meanwhile - alone; round == 0 || more > longer {
			longer, noted = more, fmt.Sprintf("%s : %s, the worst of %d", quantity(meanwhile, "s"), quantity(alone, "s"), meanwhileRounds)
		}
	}
	return reading{Value: longer, Note: noted}, nil
}

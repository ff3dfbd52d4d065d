package server

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/store"
)

// identityFile in the data folder says which records it belongs to.
const identityFile = "identity"

// examineData looks whether what a server needs of its data folder is there, before
// anything is written: a folder that holds a server's files has records and a key.
// With forget, what is missing counts as lost for good. It reports whether there is
// nothing of a server yet.
func examineData(ctx context.Context, data, database string, forget bool) (begun bool, err error) {
	full := holdsServer(data)
	recorded, err := store.Recorded(ctx, database)
	if err != nil {
		return false, err
	}
	key, err := os.ReadFile(filepath.Join(data, "seal.key"))
	missing := errors.Is(err, fs.ErrNotExist)
	switch {
	case err != nil && !missing:
		return false, aloft.Errorf(aloft.CodeUnavailable, "cannot read the sealing key: %w", err)
	case !missing && len(key) != aloft.SealKeySize:
		return false, aloft.Errorf(aloft.CodeConflict, "%s holds %d bytes and not the %d of a key: it is damaged", filepath.Join(data, "seal.key"), len(key), aloft.SealKeySize).
			WithHint("bring it back from a backup: what was sealed with it (states, passwords) cannot be read with another")
	case missing && recorded:
		return false, aloft.Errorf(aloft.CodeConflict, "the records are there, but %s, which they were sealed with, is gone", filepath.Join(data, "seal.key")).
			WithHint("bring it back from a backup: what was sealed with it (states, passwords) cannot be read without; no new key was written. To begin anew instead: aloft serve --data with an empty folder, and with an empty --database where the records are in PostgreSQL")
	case !recorded && full && !forget:
		return false, aloft.Errorf(aloft.CodeConflict, "%s holds the repositories and files of a server, but its records are gone (%s)", data, database).
			WithHint("bring them back (see docs/backup.md), name where they are with --database, or begin anew on purpose: aloft serve --forget")
	}
	return !recorded && missing && !full, nil
}

// holdsServer reports whether a data folder holds what a server has made.
func holdsServer(data string) bool {
	for _, pattern := range []string{"repositories/*.git", "environments/*/*", "runs/*.log", "postgresql/*/data/PG_VERSION"} {
		if found, _ := filepath.Glob(filepath.Join(data, filepath.FromSlash(pattern))); len(found) > 0 {
			return true
		}
	}
	return false
}

// identify compares the identities of the records and of the data folder, or gives
// both one. With forget they are a pair from now on.
func (s *Server) identify(ctx context.Context) error {
	recorded, err := s.store.Identity(ctx)
	if err != nil {
		return err
	}
	content, err := os.ReadFile(s.path(identityFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	found := strings.TrimSpace(string(content))
	projects, err := s.store.Projects(ctx)
	if err != nil {
		return err
	}
	switch {
	case recorded != "" && recorded == found:
		return nil
	case recorded == "" && found == "", s.options.Forget:
		recorded = rand.Text() // before the first start, or of a version without identities
	case recorded == "" && !holdsServer(s.options.Data), recorded == "" && len(projects) == 0:
		recorded = found // the start before this one was cut off
	case found == "" && len(projects) == 0:
	case found == "":
		return aloft.Errorf(aloft.CodeConflict, "the records have a data folder, and %s is another: it is empty, or was brought back without its identity", s.options.Data).
			WithHint("name the right one with --data, bring it back (see docs/backup.md), or go on with this one on purpose: aloft serve --forget; nothing is destroyed by that")
	default:
		return aloft.Errorf(aloft.CodeConflict, "the records and the data folder %s do not belong together", s.options.Data).
			WithHint("name the folder or the --database that do, bring back a backup of both, or make them a pair on purpose: aloft serve --forget")
	}
	if err := aloft.ReplaceFile(s.path(identityFile), []byte(recorded+"\n"), 0o600); err != nil {
		return err
	}
	return s.store.Identify(ctx, recorded)
}

// recordProjects records again the projects whose repositories are there, after the
// records were lost or older ones were put back.
func (s *Server) recordProjects(ctx context.Context) error {
	if !s.options.Forget && !s.older {
		return nil
	}
	projects, err := s.remote.Projects(ctx)
	if err != nil {
		return err
	}
	for _, project := range projects {
		_, err := s.store.CreateProject(ctx, project)
		switch aloft.ErrorCode(err) {
		case "":
			s.logger.Warn("a project is recorded again, since its repository is there", "project", project)
		case aloft.CodeConflict: // it is known
		default:
			return err
		}
	}
	return nil
}

// passRuns keeps the numbers of runs from being given out again that older records
// do not know: their logs do.
func (s *Server) passRuns(ctx context.Context) error {
	logs, err := filepath.Glob(s.path("runs/*"))
	if err != nil {
		return err
	}
	var highest int64
	for _, path := range logs {
		number, err := strconv.ParseInt(strings.TrimSuffix(filepath.Base(path), ".log"), 10, 64)
		if err == nil {
			highest = max(highest, number)
		}
	}
	passed, err := s.store.PassRuns(ctx, highest)
	if err != nil || !passed {
		return err
	}
	s.older = true
	s.logger.Warn("the records are older than the data folder: runs go on after the highest number that has a log, and no environment expires before somebody says so again", "run", highest)
	return s.store.ForgetExpiries(ctx)
}

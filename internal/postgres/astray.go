package postgres

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/aloft-dev/aloft"
)

// What may be wrong with the server's data.
const (
	dataGone  = "postgresql/ of the data folder is gone, and all databases with it"
	dataOther = "postgresql/ of the data folder is another than the one that the databases were made in"
)

// identity returns what tells these data from any others: the number that initdb has
// given them. It is "" where there are none.
func (c cluster) identity() (string, error) {
	file, err := os.Open(filepath.Join(c.data(), "global", "pg_control"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	var number [8]byte // at the beginning in every version, in the machine's own order
	if err == nil {
		defer file.Close()
		_, err = io.ReadFull(file, number[:])
	}
	if err != nil {
		return "", fmt.Errorf("cannot tell which PostgreSQL data %s has: %w", c.dir, err)
	}
	return strconv.FormatUint(binary.NativeEndian.Uint64(number[:]), 10), nil
}

// present returns the identity of the data that are here; "" = there are none.
func (s *Server) present() (string, error) {
	major := s.usedMajor()
	if major == 0 {
		return "", nil
	}
	return cluster{dir: s.majorDir(major)}.identity()
}

// Astray tells, in words, that what an environment's databases were made in is gone or
// another; "" = it is here, or the environment has none. It starts nothing.
func (s *Server) Astray(ctx context.Context, key aloft.EnvironmentKey) (string, error) {
	records, err := s.options.Store.Databases(ctx, key)
	if err != nil || len(records) == 0 {
		return "", err
	}
	present, err := s.present()
	return astray(records, present), err
}

func astray(records []aloft.Database, present string) string {
	for _, record := range records {
		switch {
		case record.Cluster == aloft.AnyCluster || record.Cluster == present && present != "":
		case present == "":
			return dataGone
		case record.Cluster != "":
			return dataOther
		}
	}
	return ""
}

// Settle lets the databases of an environment be made anew where the server is now.
func (s *Server) Settle(ctx context.Context, key aloft.EnvironmentKey) error {
	what, err := s.Astray(ctx, key)
	if err != nil || what == "" {
		return err
	}
	records, err := s.options.Store.Databases(ctx, key)
	for _, record := range records {
		record.Cluster = aloft.AnyCluster
		err = errors.Join(err, s.options.Store.PutDatabase(ctx, record))
	}
	return err
}

// adopt notes of a database that is on the server what it was made in, where nobody has.
func (s *Server) adopt(ctx context.Context, record aloft.Database) error {
	if record.Cluster != "" && record.Cluster != aloft.AnyCluster {
		return nil
	}
	var err error
	if record.Cluster, err = s.present(); err != nil {
		return err
	}
	return s.options.Store.PutDatabase(ctx, record)
}

// admit refuses to make a database while those of its environment are astray; for an
// environment that has none yet, while any are: what is gone may be brought back. Else
// a cluster may be made.
func (s *Server) admit(ctx context.Context, key aloft.EnvironmentKey) error {
	records, err := s.options.Store.Databases(ctx, key)
	if err == nil && len(records) == 0 {
		records, err = s.options.Store.AllDatabases(ctx)
	}
	if err != nil {
		return err
	}
	present, err := s.present()
	if err != nil {
		return err
	}
	what := astray(records, present)
	s.mu.Lock()
	s.fresh = present == "" && what == ""
	s.mu.Unlock()
	if what != "" {
		return aloft.Errorf(aloft.CodeConflict, "%s: no database is made meanwhile", what).
			WithHint("bring it back (see docs/backup.md), or take what is there as right: aloft env list names the environments, aloft env accept ENV settles each")
	}
	return nil
}

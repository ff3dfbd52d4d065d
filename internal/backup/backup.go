// Package backup puts all that a server keeps into one file while the server
// runs, checks such a file, and lays it out again on another disk.
//
// The file is a tar archive in gzip: manifest.json, the records, the files of
// the data folder, the databases, and at last contents.json, which lists all of
// them with their digests. What is copied first is the oldest: records, then the
// files that they speak of, then repositories and databases. So whatever the
// records name is there; what came later is found by the reconciler, as after a
// crash. No lock is held meanwhile.
//
// It may import the root package only.
package backup

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/aloft-dev/aloft"
)

// Format is the newest format of a backup that this program reads, and the one
// that it writes.
const Format = 2 // since 2: names that are not UTF-8, files with holes

// Names in the archive.
const (
	manifestName = "manifest.json"
	contentsName = "contents.json"
	recordsName  = "records"
	dataName     = "data"
	sparseName   = "sparse"
	databaseName = "databases"
)

// Manifest says what a backup is.
type Manifest struct {
	Format  int       `json:"format"`
	Aloft   string    `json:"aloft"`   // version of the program that wrote it
	Written time.Time `json:"written"` // when it was begun
	Data    string    `json:"data"`    // the data folder that it is of
	Records string    `json:"records"` // kind of the records: SQLite or PostgreSQL
}

// Kinds of records.
const (
	SQLite     = "sqlite"
	PostgreSQL = "postgresql"
)

// Server is what a backup asks of the server that runs.
type Server interface {
	// CopyRecords writes a consistent copy of the records to a new file.
	CopyRecords(ctx context.Context, path string) error
	// Databases lists the databases of all environments.
	Databases(ctx context.Context) ([]aloft.Database, error)
	// DumpDatabase writes one to a new file. CodeNotFound: it is no longer there.
	// CodeUnavailable: no database can be reached.
	DumpDatabase(ctx context.Context, database aloft.Database, path string) error
	// Artifacts lists the folders of the artifacts to keep, relative to the data folder.
	Artifacts(ctx context.Context) ([]string, error)
}

// Options say what is backed up.
type Options struct {
	Data    string // the data folder
	Records string // kind of the records
	Version string // of this program
	Server  Server
	Now     func() time.Time // nil = time.Now
}

// Writer writes backups, one at a time.
type Writer struct {
	Options
	turn sync.Mutex
}

// NewWriter returns a Writer.
func NewWriter(o Options) *Writer {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Writer{Options: o}
}

// Left says what is not in a backup, in words.
type Left struct {
	Notes []string `json:"notes,omitempty"` // what was gone, or could not be read
	// Lacks are the databases that are there and could not be dumped: the backup is
	// not complete.
	Lacks []string `json:"lacks,omitempty"`
}

// Write writes a backup to w, and returns what is not in it. A database that cannot
// be dumped, or a file of an app that cannot be read, does not keep the rest from being there. While another backup is being
// written, it is CodeConflict.
func (b *Writer) Write(ctx context.Context, w io.Writer) (left Left, err error) {
	if !b.turn.TryLock() {
		return left, aloft.Errorf(aloft.CodeConflict, "another backup is being written").WithHint("wait until it is there")
	}
	defer b.turn.Unlock()
	spool := filepath.Join(b.Data, "backup") // what a killed server left there is replaced
	if err := errors.Join(os.RemoveAll(spool), os.Mkdir(spool, 0o700)); err != nil {
		return left, failed("cannot make a folder for the backup", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(spool)) }()
	a := newArchive(ctx, w)
	if err := b.write(ctx, a, spool); err != nil {
		return a.Left, failed("cannot write the backup", err)
	}
	return a.Left, nil
}

// failed is for whoever asked for the backup: it says why there is none.
func failed(what string, err error) error {
	code := aloft.ErrorCode(err)
	if code == aloft.CodeInternal {
		code = aloft.CodeFailed
	}
	return aloft.Errorf(code, "%s: %w", what, err)
}

// write puts everything into the archive. The databases are dumped beside it.
func (b *Writer) write(ctx context.Context, a *archive, spool string) error {
	manifest := Manifest{Format: Format, Aloft: b.Version, Written: b.Now().UTC(), Data: b.Data, Records: b.Records}
	records := filepath.Join(spool, recordsName)
	if err := b.Server.CopyRecords(ctx, records); err != nil {
		return err
	}
	databases, err := b.Server.Databases(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	dumps := dumpAll(ctx, b.Server, databases, spool)
	defer dumps.wait()
	defer cancel()
	if err := a.json(manifestName, manifest); err != nil {
		return err
	}
	if err := a.file(recordsName, records); err != nil {
		return err
	}
	for _, add := range []func(context.Context, *archive) error{b.topFiles, b.environments, b.runs, b.artifacts, b.repositories} {
		if err := add(ctx, a); err != nil {
			return err
		}
	}
	if err := dumps.add(ctx, a); err != nil {
		return err
	}
	return a.close()
}

package backup

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/aloft-dev/aloft"
)

const (
	dumpers = 2  // databases that are dumped at the same time
	waiting = 16 // dumps that lie in the spool until it is their turn in the archive
)

// dump is a database that was dumped, or could not be.
type dump struct {
	aloft.Database
	path string
	err  error
}

// dumps are the databases, which are being dumped.
type dumps struct {
	done    chan dump
	working sync.WaitGroup
}

// dumpAll dumps databases until ctx ends.
func dumpAll(ctx context.Context, server Server, databases []aloft.Database, spool string) *dumps {
	d := &dumps{done: make(chan dump, waiting)}
	next := make(chan dump, len(databases))
	for i, database := range databases {
		next <- dump{Database: database, path: filepath.Join(spool, strconv.Itoa(i))}
	}
	close(next)
	for range dumpers {
		d.working.Go(func() {
			for one := range next {
				one.err = server.DumpDatabase(ctx, one.Database, one.path)
				select {
				case d.done <- one:
				case <-ctx.Done():
					return
				}
			}
		})
	}
	go func() {
		d.working.Wait()
		close(d.done)
	}()
	return d
}

// wait returns when nothing is dumped any more.
func (d *dumps) wait() { d.working.Wait() }

// add puts the dumps into the archive, as they come.
func (d *dumps) add(a *archive) error {
	for one := range d.done {
		switch {
		case aloft.ErrorCode(one.err) == aloft.CodeNotFound:
			a.note("database %s of %s is not on the server", one.Name, one.EnvironmentKey)
			continue
		case one.err != nil:
			return one.err
		}
		if err := errors.Join(a.file(dumpName(one.Database), one.path), os.Remove(one.path)); err != nil {
			return err
		}
	}
	return nil
}

// dumpName is the place of a database in the archive.
func dumpName(d aloft.Database) string {
	return databaseName + "/" + d.Project + "/" + d.Environment + "/" + d.Name
}

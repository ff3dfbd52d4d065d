package backup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"unicode"

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
	var down atomic.Pointer[error] // why no database can be reached: it is not tried with each
	for range dumpers {
		d.working.Go(func() {
			for one := range next {
				if why := down.Load(); why != nil {
					one.err = *why
				} else if one.err = server.DumpDatabase(ctx, one.Database, one.path); aloft.ErrorCode(one.err) == aloft.CodeUnavailable {
					down.Store(&one.err)
				}
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

// add puts the dumps into the archive, as they come, and remembers which databases
// are not there.
func (d *dumps) add(ctx context.Context, a *archive) error {
	for one := range d.done {
		if err := ctx.Err(); err != nil {
			return err
		}
		if one.err != nil {
			if err := os.Remove(one.path); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
			if aloft.ErrorCode(one.err) == aloft.CodeNotFound {
				a.note("database %s of %s is not on the server", one.Name, one.EnvironmentKey)
			} else {
				a.Lacks = append(a.Lacks, fmt.Sprintf("database %s of %s: %s", one.Name, one.EnvironmentKey, oneLine(one.err)))
			}
			continue
		}
		if err := errors.Join(a.file(dumpName(one.Database), one.path), os.Remove(one.path)); err != nil {
			return err
		}
	}
	return nil
}

// oneLine is what a program said, in a line.
func oneLine(err error) string {
	lines := strings.FieldsFunc(strings.ToValidUTF8(err.Error(), "?"), func(r rune) bool { return r == '\n' })
	return strings.Map(printable, strings.Join(lines, "; "))
}

// printable replaces what a terminal should not get: apps name their tables.
func printable(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return '?'
}

// dumpName is the place of a database in the archive.
func dumpName(d aloft.Database) string {
	return databaseName + "/" + d.Project + "/" + d.Environment + "/" + d.Name
}

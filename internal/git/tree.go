package git

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"syscall"
)

// The modes of git's tree entries that are told apart.
const (
	modeExecutable = "100755"
	modeLink       = "120000"
	modeSubmodule  = "160000"
)

// entry is one line of git ls-tree.
type entry struct {
	mode, kind, id, path string
	size                 string // of a file; "BAD" when it is missing; "" where it was not asked for
}

func parseEntry(record string) (entry, bool) {
	meta, path, ok := strings.Cut(record, "\t")
	fields := strings.Fields(meta)
	if !ok || len(fields) != 3 && len(fields) != 4 {
		return entry{}, false
	}
	e := entry{mode: fields[0], kind: fields[1], id: fields[2], path: path}
	if len(fields) == 4 {
		e.size = fields[3]
	}
	return e, true
}

// entries calls visit for each file and folder of a commit, below all folders, as
// git lists them. It stops at visit's first error.
func (r *Remote) entries(ctx context.Context, repository, revision string, visit func(entry) error) error {
	return r.read(ctx, nil, func(out *bufio.Reader) error {
		for {
			record, err := out.ReadString(0)
			if err == io.EOF && record == "" {
				return nil
			}
			if err != nil {
				return fmt.Errorf("cannot list the files: %w", err)
			}
			e, ok := parseEntry(strings.TrimSuffix(record, "\x00"))
			if !ok {
				return errors.New("cannot list the files: git's answer is not understood")
			}
			if err := visit(e); err != nil {
				return err
			}
		}
	}, "--git-dir="+repository, "ls-tree", "-r", "-t", "-l", "-z", "--full-tree", commitOf(revision))
}

// read runs a git command and lets consume read what it writes while it runs. An
// error of consume ends the command.
func (r *Remote) read(ctx context.Context, stdin io.Reader, consume func(*bufio.Reader) error, args ...string) error {
	outer := ctx
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stderr := &head{limit: 4096}
	cmd := r.command(ctx, args...)
	cmd.Stdin, cmd.Stderr = stdin, stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	if err := consume(bufio.NewReaderSize(stdout, 1<<16)); err != nil {
		cancel()
		wait(ctx, cmd)
		if outer.Err() != nil {
			return context.Cause(outer)
		}
		return err
	}
	if err := wait(ctx, cmd); err != nil {
		return failure(ctx, args[1:], stderr, err)
	}
	return nil
}

// dangling tells whether following a link failed inside the tree: it leads to
// nothing, or in circles.
func dangling(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ELOOP) || notFolder(err)
}

func notFolder(err error) bool { return errors.Is(err, syscall.ENOTDIR) }

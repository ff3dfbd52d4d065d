package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/aloft-dev/aloft"
)

// administrator is the name of the role that only Aloft uses.
const administrator = "aloft"

// cluster is the data of a server on disk, and the programs that read it.
type cluster struct {
	programs
	dir          string // data, port, server.log
	passwordFile string
	wantedPort   int  // at the first start; 0 = any
	fresh        bool // may be made: nobody has databases in one that is gone
}

func (c cluster) data() string     { return filepath.Join(c.dir, "data") }
func (c cluster) portFile() string { return filepath.Join(c.dir, "port") }
func (c cluster) logFile() string  { return filepath.Join(c.dir, "server.log") }

func (c cluster) initialised() bool {
	_, err := os.Stat(filepath.Join(c.data(), "PG_VERSION"))
	return err == nil
}

// initialise makes the data folder, whole or not at all.
func (c cluster) initialise(ctx context.Context) error {
	if c.initialised() {
		return nil
	}
	fresh := c.data() + ".new"
	var err error
	for _, locale := range []string{"C.UTF-8", "C"} {
		if err = os.RemoveAll(fresh); err != nil {
			return err
		}
		if err = c.initdb(ctx, fresh, locale); err == nil {
			return os.Rename(fresh, c.data())
		}
		if ctx.Err() != nil || isRefused(err) {
			break
		}
	}
	return errors.Join(err, os.RemoveAll(fresh))
}

func (c cluster) initdb(ctx context.Context, dir, locale string) error {
	cmd := exec.CommandContext(ctx, c.programs.initdb(),
		"--pgdata="+dir, "--username="+administrator, "--pwfile="+c.passwordFile,
		"--auth=scram-sha-256", "--encoding=UTF8", "--locale="+locale)
	cmd.Env = childEnvironment()
	cmd.Dir = c.dir
	if err := confine(cmd); err != nil {
		return err
	}
	log, err := openLog(c.logFile())
	if err != nil {
		return err
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	killGroupOnCancel(cmd)
	switch err := cmd.Run(); {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil && isRefused(err):
		return refusal(err)
	case err != nil:
		return aloft.Errorf(aloft.CodeFailed, "cannot make a PostgreSQL data folder: initdb: %w", err).
			WithHint("its output is in %s", c.logFile())
	}
	return nil
}

// password returns the administrator's password, which it makes when there is none.
func (c cluster) password() (string, error) {
	text, err := os.ReadFile(c.passwordFile)
	if errors.Is(err, fs.ErrNotExist) {
		text = []byte(rand.Text() + "\n")
		err = aloft.ReplaceFile(c.passwordFile, text, 0o600)
	}
	if err != nil {
		return "", fmt.Errorf("cannot read the password of the PostgreSQL administrator: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// port returns a free port of 127.0.0.1, the one used last time if it still
// is, so that URLs stay the same.
func (c cluster) port() (int, error) {
	port := c.wantedPort
	text, err := os.ReadFile(c.portFile())
	if last, invalid := strconv.Atoi(strings.TrimSpace(string(text))); err == nil && invalid == nil {
		port = last
	}
	if port == 0 || !isFree(port) {
		if port, err = aloft.FreePort(); err != nil {
			return 0, fmt.Errorf("cannot find a free port for PostgreSQL: %w", err)
		}
	}
	return port, aloft.ReplaceFile(c.portFile(), []byte(strconv.Itoa(port)+"\n"), 0o600)
}

func isFree(port int) bool {
	listener, err := net.Listen("tcp4", net.JoinHostPort(host, strconv.Itoa(port)))
	return err == nil && listener.Close() == nil
}

// maxLog is the size in bytes beyond which a log is set aside at the next start.
const maxLog = 4 << 20

// openLog opens the server's own log for appending. One earlier log is kept.
func openLog(path string) (*os.File, error) {
	if info, err := os.Stat(path); err == nil && info.Size() > maxLog {
		if err := os.Rename(path, path+".1"); err != nil {
			return nil, err
		}
	}
	return os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
}

// childEnvironment is all that the programs get of our environment.
func childEnvironment() []string {
	return []string{"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"}
}

package postgres

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/aloft-dev/aloft"
)

// Dump writes a database to a new file, in the custom format of pg_dump. Apps go
// on meanwhile; the file has what was there when it began. A database that is
// not on the server is CodeNotFound.
func (s *Server) Dump(ctx context.Context, d aloft.Database, path string) error {
	if !s.used() {
		return missing(d)
	}
	found, err := s.find()
	if err != nil {
		return err
	}
	from := login{host: host, database: d.Database}
	err = s.administer(ctx, func(conn session) error {
		there, err := conn.holds(ctx, d)
		if err == nil && !there {
			err = missing(d)
		}
		from.port, from.user, from.password = conn.port, conn.Config().User, conn.Config().Password
		return err
	})
	if err == nil {
		err = s.dump(ctx, found, from, path)
	}
	if err != nil && aloft.ErrorCode(err) != aloft.CodeUnavailable && s.dropped(ctx, d) {
		return missing(d)
	}
	return err
}

// unaffected overrides what an app may set for its database, and what would keep the
// administrator from logging in or reading: libraries that are not there, another role.
const unaffected = "-c local_preload_libraries= -c role=none"

// dump dumps a database that an app may lock, and set as it likes.
func (s *Server) dump(ctx context.Context, p programs, from login, path string) error {
	name := "aloft dump " + rand.Text()
	from.env = []string{"PGAPPNAME=" + name, "PGOPTIONS=" + unaffected}
	watching, stop := context.WithCancel(ctx)
	ended := make(chan bool, 1)
	go func() { ended <- s.endWaiting(watching, name) }()
	err := dumpTo(ctx, p, from, path, s.options.LockWait)
	stop()
	if (<-ended || err != nil && strings.Contains(err.Error(), "LOCK TABLE")) && ctx.Err() == nil && err != nil {
		return aloft.Errorf(aloft.CodeFailed, "an app has kept it locked for more than %s: %w", s.options.LockWait, err)
	}
	return err
}

// endWaiting ends the connection of that name when it has waited too long for a lock,
// and reports whether it did, when ctx ends. pg_dump itself looks to that for tables
// only, not for what else can be locked, such as a sequence that is being dropped.
func (s *Server) endWaiting(ctx context.Context, name string) (ended bool) {
	ticker := time.NewTicker(s.options.LockWait / 3)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return ended
		case <-ticker.C:
		}
		_ = s.administer(ctx, func(conn session) error { // the dump tells what is wrong with the server
			tag, err := conn.Exec(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity JOIN pg_locks USING (pid)
				WHERE application_name = $1 AND NOT granted AND waitstart < clock_timestamp() - make_interval(secs => $2)`,
				name, s.options.LockWait.Seconds())
			ended = ended || tag.RowsAffected() > 0
			return err
		})
	}
}

// dropped reports whether a database is gone, or just being dropped.
func (s *Server) dropped(ctx context.Context, d aloft.Database) bool {
	if _, err := s.options.Store.Database(ctx, d.EnvironmentKey, d.Name); aloft.ErrorCode(err) == aloft.CodeNotFound {
		return true
	}
	var there, silenced bool
	err := s.administer(ctx, func(conn session) (err error) {
		if there, err = conn.holds(ctx, d); err == nil {
			silenced, err = conn.silenced(ctx, d.Username)
		}
		return err
	})
	return err == nil && (!there || silenced)
}

// Load fills a database that was just made with what Dump wrote. It does so as
// the role of the database, so that nothing in the dump has more rights than the
// app had. It goes on after an error, and returns what the program said of all.
func (s *Server) Load(ctx context.Context, d aloft.Database, path string) error {
	record, err := s.Database(ctx, d.EnvironmentKey, d.Name)
	if err != nil {
		return err
	}
	found, err := s.find()
	if err != nil {
		return err
	}
	return explained(d, load(ctx, found, login{
		host: record.Host, port: record.Port, user: record.Username, password: record.Password, database: record.Database,
	}, path))
}

// DumpURL writes the database of a connection URL to a new file, with the newest
// programs that are installed.
func (s *Server) DumpURL(ctx context.Context, dsn, path string) error {
	found, to, err := s.elsewhere(dsn)
	if err != nil {
		return err
	}
	return dumpTo(ctx, found, to, path, lockWait)
}

// LoadURL fills the database of a connection URL with what DumpURL wrote. One
// that is not empty is CodeConflict.
func (s *Server) LoadURL(ctx context.Context, dsn, path string) error {
	found, to, err := s.elsewhere(dsn)
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return aloft.Errorf(aloft.CodeUnavailable, "cannot reach the database of the records: %w", err)
	}
	var tables int
	err = conn.QueryRow(ctx, `SELECT count(*) FROM pg_class c JOIN pg_namespace n ON relnamespace = n.oid
		WHERE relkind = 'r' AND nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema'`).Scan(&tables)
	if err = errors.Join(err, conn.Close(ctx)); err != nil {
		return err
	}
	if tables > 0 {
		return aloft.Errorf(aloft.CodeConflict, "the database of the records is not empty: it has %d tables", tables).
			WithHint("name an empty one with $ALOFT_DATABASE")
	}
	return load(ctx, found, to, path)
}

// elsewhere finds the newest programs, and how they log in to a server that is
// not ours. The password does not get onto a command line.
func (s *Server) elsewhere(dsn string) (programs, login, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return programs{}, login{}, aloft.Errorf(aloft.CodeInvalid, "cannot read the URL of the records: %w", err)
	}
	var newest programs
	for _, p := range s.installed() {
		if p.major > newest.major {
			newest = p
		}
	}
	if newest.major == 0 {
		_, err := s.find()
		return programs{}, login{}, err
	}
	return newest, login{url: withoutPassword(dsn), password: config.Password}, nil
}

func withoutPassword(dsn string) string {
	address, err := url.Parse(dsn)
	if err != nil {
		return dsn
	}
	if address.User != nil {
		address.User = url.User(address.User.Username())
	}
	query := address.Query()
	query.Del("password")
	address.RawQuery = query.Encode()
	return address.String()
}

// login is how a program reaches a database: by parts, or by a URL.
type login struct {
	host     string
	port     int
	user     string
	password string
	database string
	url      string
	env      []string // further variables of the program
}

func (l login) arguments() []string {
	if l.url != "" {
		return []string{"--dbname=" + l.url, "--no-password"}
	}
	return []string{
		"--host=" + l.host, "--port=" + strconv.Itoa(l.port), "--username=" + l.user, "--dbname=" + l.database, "--no-password",
	}
}

// lockWait is how long a dump waits for what holds a table of an app.
const lockWait = 30 * time.Second

// dumpTo dumps without compressing, which is up to whoever keeps the file.
func dumpTo(ctx context.Context, p programs, from login, path string, wait time.Duration) error {
	return p.run(ctx, "pg_dump", from, "--format=custom", "--compress=0",
		"--lock-wait-timeout="+strconv.FormatInt(wait.Milliseconds(), 10), "--file="+path)
}

func load(ctx context.Context, p programs, to login, path string) error {
	return p.run(ctx, "pg_restore", to, "--no-owner", "--no-security-labels", "--no-tablespaces", path)
}

// maxSaid is how much of what a program says is told, in bytes.
const maxSaid = 2000

// client finds a client program: with the server's, where those really are when
// they are links, or on the PATH.
func (p programs) client(name string) (string, error) {
	folders := []string{p.dir}
	if postgres, err := filepath.EvalSymlinks(p.postgres()); err == nil {
		folders = append(folders, filepath.Dir(postgres))
	}
	for _, folder := range folders {
		if program := filepath.Join(folder, name); executable(program) {
			return program, nil
		}
	}
	program, err := exec.LookPath(name)
	if err != nil {
		return "", aloft.Errorf(aloft.CodeUnavailable, "PostgreSQL's program %s is not installed: %w", name, err).
			WithHint("install the client programs: apt-get install postgresql-client-%d, or brew install postgresql@%d", p.major, p.major)
	}
	return program, nil
}

// run runs one of PostgreSQL's client programs.
func (p programs) run(ctx context.Context, name string, l login, args ...string) error {
	program, err := p.client(name)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, program, append(l.arguments(), args...)...)
	cmd.Env = append(childEnvironment(), "PGPASSWORD="+l.password, "PGCONNECT_TIMEOUT=20")
	cmd.Env = append(cmd.Env, l.env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	killGroupOnCancel(cmd)
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		text := strings.TrimSpace(said.String())
		return aloft.Errorf(aloft.CodeFailed, "%s: %w: %s", name, err, text[:min(len(text), maxSaid)])
	}
	return nil
}

// explained names the database that could not be loaded.
func explained(d aloft.Database, err error) error {
	if err == nil || aloft.ErrorCode(err) != aloft.CodeFailed {
		return err
	}
	return fmt.Errorf("cannot load database %s of %s: %w", d.Name, d.EnvironmentKey, err)
}

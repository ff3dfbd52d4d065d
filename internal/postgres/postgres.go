// Package postgres is the local database add-on: one real PostgreSQL server,
// started from the installed programs when the first database is asked for,
// and in it a database and a role for each aloft_postgresql of an environment.
//
// It may import the root package only.
package postgres

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/aloft-dev/aloft"
)

// patience is how long a caller waits for a server that is starting.
const patience = 60 * time.Second

// Store keeps the records of databases.
type Store interface {
	aloft.LocalStore
	AllDatabases(ctx context.Context) ([]aloft.Database, error) // of all environments
}

// Options say where the server lives.
type Options struct {
	Dir          string        // holds everything of the server; created when missing
	Store        Store         // the records of databases
	Path         string        // PATH on which the programs are looked for first
	Folders      []string      // glob patterns of further folders with the programs; nil = the usual ones of Linux and macOS
	PasswordFile string        // password of the server's administrator, made (0600) when missing; "" = Dir/password
	Port         int           // taken at the first start, if it is free; 0 = any
	LockWait     time.Duration // how long a dump waits for a lock that an app holds; 0 = 30 s
	Logger       *slog.Logger  // nil = slog.Default()
}

// Server is the PostgreSQL server of this machine and the databases in it.
// Its methods may be called at the same time. A server that dies is started
// again.
type Server struct {
	options Options

	mu      sync.Mutex
	stopped bool
	fresh   bool    // the next keeper may make a cluster
	keeper  *keeper // nil = never started, or stopped
}

// New returns the server that lives in options.Dir. It starts nothing.
func New(options Options) *Server {
	if dir, err := filepath.Abs(options.Dir); err == nil {
		options.Dir = dir
	}
	if options.Folders == nil {
		options.Folders = usualFolders
	}
	if options.PasswordFile == "" {
		options.PasswordFile = filepath.Join(options.Dir, "password")
	}
	if options.LockWait == 0 {
		options.LockWait = lockWait
	}
	if options.Logger == nil {
		options.Logger = slog.Default()
	}
	return &Server{options: options}
}

// Available tells which PostgreSQL is used: its version, such as "15.14", and
// the folder of its programs. Without one the error is CodeUnavailable and says
// what to do; it is, too, when the one that is told may not run here.
func (s *Server) Available() (version, binDir string, err error) {
	found, err := s.find()
	if err == nil {
		err = found.permitted()
	}
	return found.version, found.dir, err
}

// Start brings the server up again if it was ever used, and lets databases be
// made after a Stop. A server that was never used starts with its first database.
func (s *Server) Start(ctx context.Context) error {
	s.mu.Lock()
	s.stopped = false
	s.mu.Unlock()
	if !s.used() {
		return nil
	}
	_, err := s.ready(ctx)
	return err
}

// Stop shuts the server down and returns when it has ended, or with ctx's error
// when ctx ends before. Until the next Start, whatever needs the server is
// CodeUnavailable.
func (s *Server) Stop(ctx context.Context) error {
	s.mu.Lock()
	s.stopped = true
	k := s.keeper
	s.keeper = nil
	s.mu.Unlock()
	if k == nil {
		return nil
	}
	k.stop()
	select {
	case <-k.ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Address is where the server is, host and port; "" where it was never used.
func (s *Server) Address(ctx context.Context) (string, error) {
	if !s.used() {
		return "", nil
	}
	up, err := s.ready(ctx)
	if err != nil {
		return "", err
	}
	return net.JoinHostPort(host, strconv.Itoa(up.port)), nil
}

// ready returns the running server, which it starts when it must.
func (s *Server) ready(ctx context.Context) (*instance, error) {
	k, err := s.keep()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errPatience)
	defer cancel()
	return k.wait(ctx)
}

var errPatience = errors.New("it takes too long")

// keep returns the keeper of the server, a new one when there is none or the
// last one gave up.
func (s *Server) keep() (*keeper, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return nil, aloft.Errorf(aloft.CodeUnavailable, "the PostgreSQL server of Aloft is stopped").
			WithHint("start the server: aloft serve")
	}
	if s.keeper != nil && !s.keeper.gaveUp() {
		return s.keeper, nil
	}
	found, err := s.find()
	if err != nil {
		return nil, err
	}
	s.keeper = startKeeper(cluster{
		programs:     found,
		dir:          s.majorDir(found.major),
		passwordFile: s.options.PasswordFile,
		wantedPort:   s.options.Port,
		fresh:        s.fresh,
	}, s.options.Logger)
	s.fresh = false
	return s.keeper, nil
}

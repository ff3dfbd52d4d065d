package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/api"
)

// startTime is how long a server may take to answer, stopTime how long it may
// take to bring everything to a safe end.
const (
	startTime = 2 * time.Minute
	stopTime  = time.Minute
)

// server is a real `aloft serve`.
type server struct {
	program string
	dir     string   // holds data/, server.log
	env     []string // of the process
	address string
	token   string
	sweep   string // how often it looks at everything
	client  *api.Client

	command *exec.Cmd
	ended   chan struct{} // closed when the process has ended
}

func (s *server) data(parts ...string) string {
	return filepath.Join(append([]string{s.dir, "data"}, parts...)...)
}

func (s *server) tokenFile() string { return filepath.Join(s.dir, "token") }

func (s *server) url() string { return "http://" + s.address }

// tag marks the processes of this server.
func (s *server) tag() string {
	sum := sha256.Sum256([]byte(s.data()))
	return hex.EncodeToString(sum[:6])
}

// newServer prepares a server with an empty data folder. It is not started.
func newServer(program, dir, sweep string, env []string) (*server, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	s := &server{program: program, dir: dir, env: env, address: address, sweep: sweep, token: "aloft_faults_token"}
	s.client = api.NewClient(api.ClientOptions{URL: s.url(), Token: s.token, Actor: "faults"})
	return s, os.WriteFile(s.tokenFile(), []byte(s.token+"\n"), 0o600)
}

func freeAddress() (string, error) {
	port, err := aloft.FreePort()
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), err
}

// start starts the process and returns when it answers.
func (s *server) start(ctx context.Context) error {
	log, err := os.OpenFile(filepath.Join(s.dir, "server.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	_, _ = fmt.Fprintf(log, "--- start at %s\n", time.Now().Format(time.RFC3339Nano))
	s.command = s.serve(s.address, log)
	if err := s.command.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	s.ended = ended
	go func(command *exec.Cmd) {
		_ = command.Wait()
		close(ended)
	}(s.command)
	return wait(ctx, startTime, func() error {
		if !s.alive() {
			return stop{fmt.Errorf("the server ended while starting: see %s", log.Name())}
		}
		return s.answers(ctx)
	})
}

// serve is the command of a server with this one's data.
func (s *server) serve(address string, log io.Writer) *exec.Cmd {
	command := exec.Command(s.program, "serve", "--data", s.data(), "--listen", address, "--sweep-every", s.sweep, "--token-file", s.tokenFile())
	command.Env, command.Stdout, command.Stderr = s.env, log, log
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return command
}

var errStarted = errors.New("a server started that was to refuse")

// refuses starts a server with this one's data and wants it to end by itself,
// with a reason, which it returns.
func (s *server) refuses(ctx context.Context, address string) (said string, err error) {
	var log bytes.Buffer
	command := s.serve(address, &log)
	if err := command.Start(); err != nil {
		return "", err
	}
	ended := make(chan struct{})
	go func() {
		_ = command.Wait()
		close(ended)
	}()
	err = wait(ctx, startTime, func() error {
		select {
		case <-ended:
			return nil
		default:
		}
		if _, err := healthz(ctx, address); err == nil {
			return stop{errStarted}
		}
		return errors.New("it neither answers nor ends")
	})
	if err != nil {
		err = errors.Join(err, command.Process.Kill())
	}
	<-ended
	if code := command.ProcessState.ExitCode(); err == nil && code != 1 {
		err = fmt.Errorf("it ended with %d", code)
	}
	return log.String(), err
}

func (s *server) answers(ctx context.Context) error {
	_, err := healthz(ctx, s.address)
	return err
}

func healthz(ctx context.Context, address string) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/healthz", nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	return response, response.Body.Close()
}

func (s *server) alive() bool {
	if s.ended == nil {
		return false
	}
	select {
	case <-s.ended:
		return false
	default:
		return true
	}
}

// signal sends a signal to the server, and to nothing else.
func (s *server) signal(signal syscall.Signal) error {
	if !s.alive() {
		return errors.New("the server is down already")
	}
	return s.command.Process.Signal(signal)
}

// kill kills the server and returns when it is gone.
func (s *server) kill() error {
	if err := s.signal(syscall.SIGKILL); err != nil {
		return err
	}
	<-s.ended
	return nil
}

// stop asks the server to end and returns when it has.
func (s *server) stop() error {
	if !s.alive() {
		return nil
	}
	if err := s.signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-s.ended:
		return nil
	case <-time.After(stopTime):
		return errors.Join(fmt.Errorf("the server did not stop within %s", stopTime), s.kill())
	}
}

// stop ends a wait before its time.
type stop struct{ error }

// wait looks until check is content, for as long as it may take.
func wait(ctx context.Context, limit time.Duration, check func() error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for pause := 2 * time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		err := check()
		if err == nil {
			return nil
		}
		if ended, ok := errors.AsType[stop](err); ok {
			return ended.error
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited %s in vain: %w", limit, err)
		case <-time.After(pause):
		}
	}
}

package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/api"
)

// server is an `aloft serve` with a data folder of its own.
type server struct {
	lab     *lab
	data    string
	address string
	token   string
	command *exec.Cmd
	ended   chan struct{}
}

const (
	startTime = time.Minute
	stopTime  = time.Minute
)

// serve starts a server on an empty data folder and returns when it answers.
func (l *lab) serve(ctx context.Context, name string) (*server, error) {
	return l.serveProgram(ctx, name, l.aloft)
}

// serveProgram is serve with another build of Aloft.
func (l *lab) serveProgram(ctx context.Context, name, program string) (*server, error) {
	port, err := aloft.FreePort()
	if err != nil {
		return nil, err
	}
	s := &server{lab: l, data: l.path(name), address: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), ended: make(chan struct{})}
	log, err := os.Create(l.path(name + ".log"))
	if err != nil {
		return nil, err
	}
	s.token = api.NewToken()
	tokenFile := l.path(name + ".token")
	if err := os.WriteFile(tokenFile, []byte(s.token+"\n"), 0o600); err != nil {
		return nil, err
	}
	s.command = l.command(context.WithoutCancel(ctx), "", nil, program, "serve", "--data", s.data, "--listen", s.address, "--token-file", tokenFile)
	s.command.Stdout, s.command.Stderr = log, log
	if err := s.command.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = s.command.Wait()
		_ = log.Close()
		close(s.ended)
	}()
	if err := s.ready(ctx, log.Name()); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

func (s *server) ready(ctx context.Context, log string) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	ended, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		select {
		case <-s.ended:
			stop()
		case <-ended.Done():
		}
	}()
	if err := (visit{address: s.address, host: "localhost", path: "/healthz"}).await(ended); err != nil {
		text, _ := os.ReadFile(log)
		return fmt.Errorf("the server does not answer: %w\n%s", err, tail(string(text)))
	}
	return nil
}

// stop ends the server with all that it runs.
func (s *server) stop() {
	_ = s.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.ended:
	case <-time.After(stopTime):
		_ = s.command.Process.Kill()
		<-s.ended
	}
}

func (s *server) client() *api.Client {
	return api.NewClient(api.ClientOptions{URL: "http://" + s.address, Token: s.token})
}

// variables let children of the lab find the server.
func (s *server) variables() []string {
	_, port, _ := net.SplitHostPort(s.address)
	return []string{"ALOFT_TOKEN=" + s.token, "ALOFT_SERVER=http://localhost:" + port}
}

// aloft runs the command as a user of this server.
func (s *server) aloft(ctx context.Context, args ...string) (string, error) {
	return finish(s.lab.command(ctx, "", s.variables(), "aloft", args...))
}

// visit is a look at the app of an environment.
func (s *server) visit(project, environment, want string) visit {
	return visit{address: s.address, host: environment + "." + project + ".localhost", path: "/", want: want}
}

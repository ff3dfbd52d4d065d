package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/api"
	"github.com/aloft-dev/aloft/internal/git"
)

// inside is a door in plain HTTP for the server's own children, where the front
// door speaks TLS: they need not trust its certificate. It is on loopback, takes
// the tokens of runs and hooks only, and shows the apps to those who verify them.
type inside struct{ listener net.Listener }

func openInside() (*inside, error) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, aloft.Errorf(aloft.CodeUnavailable, "cannot listen on loopback for the server's own children: %w", err)
	}
	return &inside{listener}, nil
}

func (i *inside) address() string { return i.listener.Addr().String() }

// openDoors opens the addresses that the server answers at.
func (s *Server) openDoors(ctx context.Context) (err error) {
	if s.listener, err = listen(ctx, s.options); err != nil {
		return err
	}
	s.onStop(func() { _ = s.listener.Close() })
	s.options.Address = s.listener.Addr().String()
	if s.tls == nil {
		return nil
	}
	if s.inside, err = openInside(); err != nil {
		return err
	}
	s.onStop(func() { _ = s.inside.listener.Close() })
	return nil
}

// newHTTP returns a server with the limits that all doors have.
func (s *Server) newHTTP(base context.Context) *http.Server {
	return &http.Server{
		BaseContext:       func(net.Listener) context.Context { return base },
		ReadHeaderTimeout: headerTime, IdleTimeout: idleTime, MaxHeaderBytes: headerBytes,
		ErrorLog: slog.NewLogLogger(s.logger.Handler(), slog.LevelWarn),
	}
}

func (s *Server) serveFront() error {
	if s.tls == nil {
		return s.http.Serve(s.listener)
	}
	s.http.TLSConfig = s.tls.config()
	return s.http.ServeTLS(s.listener, "", "")
}

// doors are the handlers of the server.
type doors struct {
	apps, git, state, api http.Handler
}

// serve answers at the inside door.
func (i *inside) serve(server *http.Server, d doors, authenticate func(string) (api.Scope, bool), broken chan<- error) {
	own := http.NewServeMux()
	own.Handle(git.HookPath, d.git)
	own.Handle("/state/", runsOnly(authenticate, d.state))
	own.Handle("/api/", runsOnly(authenticate, d.api))
	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !ownHost(r.Host) {
			d.apps.ServeHTTP(w, r)
			return
		}
		own.ServeHTTP(w, r)
	})
	go func() {
		if err := server.Serve(i.listener); !errors.Is(err, http.ErrServerClosed) {
			broken <- fmt.Errorf("the server stopped to answer its children: %w", err)
		}
	}()
}

// runsOnly lets the bearers of a run's token in.
func runsOnly(authenticate func(string) (api.Scope, bool), next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if scope, ok := authenticate(api.Token(r)); !ok || scope.Admin {
			http.Error(w, "this address is for the server's own runs", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

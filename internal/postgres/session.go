package postgres

import (
	"context"
	"errors"
	"io"
	"net"

	"github.com/cenkalti/backoff/v5"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/puddle/v2"

	"github.com/aloft-dev/aloft"
)

// session is a connection of the administrator.
type session struct {
	*pgx.Conn
	port    int
	cluster string // identity of the server's data
}

// maxTries is how often work is begun again when the server dies under it.
const maxTries = 6

// administer lets work use the server, which it starts when it must. Work that
// loses its server is done again, so it has to bear that.
func (s *Server) administer(ctx context.Context, work func(session) error) error {
	attempt := func() (struct{}, error) {
		up, err := s.ready(ctx)
		if err != nil {
			return struct{}{}, backoff.Permanent(err)
		}
		err = up.administer(ctx, work)
		if err != nil && (ctx.Err() != nil || !lostServer(err)) {
			err = backoff.Permanent(err)
		}
		return struct{}{}, err
	}
	_, err := backoff.Retry(ctx, attempt, backoff.WithBackOff(pauses()), backoff.WithMaxTries(maxTries))
	return err
}

// exclusively is administer for work that changes the named database: no two
// such go on at a time.
func (s *Server) exclusively(ctx context.Context, identifier string, work func(session) error) error {
	return s.administer(ctx, func(conn session) error {
		if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock(hashtextextended($1, 0))", identifier); err != nil {
			return err
		}
		err := work(conn)
		free := context.WithoutCancel(ctx)
		if _, failed := conn.Exec(free, "SELECT pg_advisory_unlock_all()"); failed != nil {
			conn.Close(free)
		}
		return err
	})
}

func (up *instance) administer(ctx context.Context, work func(session) error) error {
	conn, err := up.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	return work(session{Conn: conn.Conn(), port: up.port, cluster: up.cluster})
}

// lostServer reports whether err means that the server went away.
func lostServer(err error) bool {
	if said, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch said.Code {
		case "57P01", "57P02", "57P03": // shut down, crashed, starting
			return true
		}
		return false
	}
	if _, ok := errors.AsType[*aloft.Error](err); ok {
		return false
	}
	_, connecting := errors.AsType[*pgconn.ConnectError](err)
	_, network := errors.AsType[*net.OpError](err)
	return connecting || network || pgconn.SafeToRetry(err) ||
		errors.Is(err, puddle.ErrClosedPool) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}

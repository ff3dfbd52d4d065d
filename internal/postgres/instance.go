package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os/exec"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/aloft-dev/aloft"
)

const host = "127.0.0.1"

// maxConnections is what all environments of a machine share; a role may take
// up to maxRoleConnections of them, so that one app cannot starve the others.
const (
	maxConnections     = 300
	maxRoleConnections = 100
)

// settings are the server's, besides the port. They are modest, because there
// may be many small databases and no big one, and safe: fsync stays on.
var settings = []string{
	"listen_addresses=" + host,
	"unix_socket_directories=", // the path of a socket can be too long for one
	"max_connections=" + strconv.Itoa(maxConnections),
	"superuser_reserved_connections=10",
	"shared_buffers=32MB",
	"password_encryption=scram-sha-256",
	"timezone=UTC",
	"log_timezone=UTC",
	"cluster_name=aloft",
	"log_min_messages=fatal",        // errors of an app's statements are told to the app
	"log_min_error_statement=panic", // statements may hold passwords
}

// instance is a server that runs and answers.
type instance struct {
	process *process
	port    int
	cluster string        // its identity
	pool    *pgxpool.Pool // the administrator's
}

// launch starts the server of the cluster and returns when it answers. The
// errors that trying again cannot help are of CodeUnavailable and CodeFailed.
func (c cluster) launch(ctx context.Context) (*instance, error) {
	if !c.fresh && !c.initialised() {
		return nil, aloft.Errorf(aloft.CodeConflict, "%s", dataGone)
	}
	password, err := c.password()
	if err != nil {
		return nil, err
	}
	if err := c.initialise(ctx); err != nil {
		return nil, err
	}
	identity, err := c.identity()
	if err != nil {
		return nil, err
	}
	if err := c.clearLeftover(ctx); err != nil {
		return nil, fmt.Errorf("cannot end the server left by an earlier run: %w", err)
	}
	port, err := c.port()
	if err != nil {
		return nil, err
	}
	p, err := c.start(port)
	if err != nil {
		return nil, err
	}
	pool, err := connect(port, password)
	if err != nil {
		p.stop()
		return nil, err
	}
	if err := c.await(ctx, p, pool); err != nil {
		p.stop()
		pool.Close()
		return nil, err
	}
	return &instance{process: p, port: port, cluster: identity, pool: pool}, nil
}

// start runs the server's process.
func (c cluster) start(port int) (*process, error) {
	log, err := openLog(c.logFile())
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := exec.Command(c.postgres(), "-D", c.data(), "-c", "port="+strconv.Itoa(port))
	for _, setting := range settings {
		cmd.Args = append(cmd.Args, "-c", setting)
	}
	cmd.Env = childEnvironment()
	cmd.Dir = c.dir
	cmd.Stdout, cmd.Stderr = log, log
	if err := confine(cmd); err != nil {
		return nil, err
	}
	p, err := spawn(cmd)
	if err != nil && isRefused(err) {
		return nil, refusal(err)
	}
	return p, err
}

// connect returns the administrator's connections, of which none is open yet.
func connect(port int, password string) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(connectionURL(administrator, password, port, "postgres"))
	if err != nil {
		return nil, errors.New("cannot make a connection URL of the PostgreSQL administrator's password")
	}
	config.MaxConns = 4
	config.ConnConfig.ConnectTimeout = 5 * time.Second
	return pgxpool.NewWithConfig(context.Background(), config)
}

// connectionURL has the scheme that every driver knows: SQLAlchemy refuses postgres://.
func connectionURL(user, password string, port int, database string) string {
	u := url.URL{
		Scheme:   "postgresql",
		User:     url.UserPassword(user, password),
		Host:     net.JoinHostPort(host, strconv.Itoa(port)),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

// await returns when the server answers, or cannot.
func (c cluster) await(ctx context.Context, p *process, pool *pgxpool.Pool) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := private(ctx, pool)
		if err == nil {
			return nil
		}
		if refused, ok := errors.AsType[*pgconn.PgError](err); ok && refused.Code == wrongPassword {
			return aloft.Errorf(aloft.CodeFailed, "the PostgreSQL server in %s has another password than %s says", c.dir, c.passwordFile).
				WithHint("restore that file, or remove %s and lose its databases", c.dir)
		}
		select {
		case <-p.exited:
			return fmt.Errorf("the server ended while starting, its log is %s: %w", c.logFile(), p.err)
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

const wrongPassword = "28P01"

// private keeps the roles of environments out of the databases that they share.
func private(ctx context.Context, pool *pgxpool.Pool) error {
	_, err := pool.Exec(ctx, "REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC")
	return err
}

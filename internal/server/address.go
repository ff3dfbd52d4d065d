package server

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/aloft-dev/aloft"
)

// URL is the server's address for people and git.
func (s *Server) URL() string {
	return s.scheme() + "://" + net.JoinHostPort(s.hostName(), fmt.Sprint(s.port()))
}

func (s *Server) scheme() string {
	if s.tls != nil {
		return "https"
	}
	return "http"
}

// hostName is the name that the server goes by. A certificate is rarely for
// localhost: then it is the first --host.
func (s *Server) hostName() string {
	if s.tls != nil && len(s.options.Hosts) > 0 {
		return s.options.Hosts[0]
	}
	return "localhost"
}

// loopbackURL is the server's address for its own children, which need no name
// service and no certificate for it.
func (s *Server) loopbackURL() string { return "http://" + s.loopback() }

// hookURL is where git's hook reaches the server; "" = where the push came in.
func (s *Server) hookURL() string {
	if s.inside == nil {
		return ""
	}
	return s.loopbackURL()
}

// loopback is the host and port at which this machine reaches the server in
// plain HTTP.
func (s *Server) loopback() string {
	if s.inside != nil {
		return s.inside.address()
	}
	return net.JoinHostPort(loopbackOf(s.listener.Addr()), fmt.Sprint(s.port()))
}

// wake lets the reconciler look at an environment of which something has died.
func (s *Server) wake(key aloft.EnvironmentKey) {
	go func() { s.logError("wake the reconciler", s.store.Wake(context.Background(), key)) }()
}

func loopbackOf(address net.Addr) string {
	host, _, _ := net.SplitHostPort(address.String())
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		return "127.0.0.1"
	}
	return host
}

// Address is where the server listens, host and port.
func (s *Server) Address() string { return s.options.Address }

// LoginURL is a link that logs a browser in, once.
func (s *Server) LoginURL() string { return s.URL() + s.api.LoginPath() }

// EnvironmentURL is where the app of an environment answers.
func (s *Server) EnvironmentURL(key aloft.EnvironmentKey) string {
	return fmt.Sprintf("%s://%s.%s.localhost:%d", s.scheme(), key.Environment, key.Project, s.port())
}

// where tells where an environment and its databases are now, for the run room.
func (s *Server) where(ctx context.Context, key aloft.EnvironmentKey) (string, error) {
	url := s.EnvironmentURL(key)
	databases, err := s.store.Databases(ctx, key)
	if err != nil || len(databases) == 0 {
		return url, err
	}
	address, err := s.postgres.Address(ctx)
	return url + " with PostgreSQL at " + address, err
}

// HasPostgreSQL reports whether databases can be made here.
func (s *Server) HasPostgreSQL() bool {
	_, _, err := s.postgres.Available()
	return err == nil
}

func (s *Server) port() int {
	if address, ok := s.listener.Addr().(*net.TCPAddr); ok {
		return address.Port
	}
	return 0
}

// Welcome says where everything is.
func (s *Server) Welcome(w io.Writer) error {
	login := "aloft login"
	if s.URL() != DefaultURL {
		login += " --server " + s.URL()
	}
	if s.options.TokenFile != "" {
		login += " < " + s.options.TokenFile
	}
	lines := append([]string{fmt.Sprintf(`Aloft serves at %s
  data       %s
  page       %s   (logs your browser in, once)
  log in     %s
  then       git remote add aloft %s/<project>.git
             git push aloft HEAD:env-<name>
Ctrl-C stops it.`, s.URL(), s.options.Data, s.LoginURL(), login, s.URL())}, s.unusual()...)
	_, err := io.WriteString(w, strings.Join(lines, "\n")+"\n") // at once: whoever reads one of it can read all
	ShowToken(w, "Its token is %s\nIt is not shown again. Your aloft knows it; other machines need it: aloft login\n", s.fresh)
	return err
}

// unusual says what of this start is not as at others.
func (s *Server) unusual() []string {
	var lines []string
	if s.begun {
		lines = append(lines, fmt.Sprintf("A new data folder is made: nothing of a server was in %s. If there should be, stop this and name the right folder with --data.", s.options.Data))
	}
	if s.aside {
		lines = append(lines, fmt.Sprintf("Your aloft knew another server's token for %s. It is kept, and counts again when that server starts there.", s.URL()))
	}
	if s.forgotten {
		lines = append(lines, fmt.Sprintf("Your aloft does not know this server's token: log in with it, or make another with: aloft token reset --data %s", s.options.Data))
	}
	if s.tls != nil && !s.tls.names(s.hostName()) {
		lines = append(lines, fmt.Sprintf("The certificate is not for %s: name the host that it is for with --host.", s.hostName()))
	}
	return lines
}

// Broken receives what ends the server before its time.
func (s *Server) Broken() <-chan error { return s.broken }

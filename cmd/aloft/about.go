package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/proxy"
)

// URL is the server's address for people and git.
func (s *server) URL() string {
	return s.scheme() + "://" + net.JoinHostPort(s.hostName(), fmt.Sprint(s.port()))
}

func (s *server) scheme() string {
	if s.tls != nil {
		return "https"
	}
	return "http"
}

// hostName is the name that the server goes by. A certificate is rarely for
// localhost: then it is the first --host.
func (s *server) hostName() string {
	if s.tls != nil && len(s.options.Hosts) > 0 {
		return s.options.Hosts[0]
	}
	return "localhost"
}

// loopbackURL is the server's address for its own children, which need no name
// service and no certificate for it.
func (s *server) loopbackURL() string { return "http://" + s.loopback() }

// hookURL is where git's hook reaches the server; "" = where the push came in.
func (s *server) hookURL() string {
	if s.inside == nil {
		return ""
	}
	return s.loopbackURL()
}

// loopback is the host and port at which this machine reaches the server in
// plain HTTP.
func (s *server) loopback() string {
	if s.inside != nil {
		return s.inside.address()
	}
	return net.JoinHostPort(loopbackOf(s.listener.Addr()), fmt.Sprint(s.port()))
}

// wake lets the reconciler look at an environment of which something has died.
func (s *server) wake(key aloft.EnvironmentKey) {
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
func (s *server) Address() string { return s.options.Address }

// LoginURL is a link that logs a browser in, once.
func (s *server) LoginURL() string { return s.URL() + s.api.LoginPath() }

// EnvironmentURL is where the app of an environment answers.
func (s *server) EnvironmentURL(key aloft.EnvironmentKey) string {
	return fmt.Sprintf("%s://%s.%s.localhost:%d", s.scheme(), key.Environment, key.Project, s.port())
}

// HasPostgreSQL reports whether databases can be made here.
func (s *server) HasPostgreSQL() bool {
	_, _, err := s.postgres.Available()
	return err == nil
}

func (s *server) port() int {
	if address, ok := s.listener.Addr().(*net.TCPAddr); ok {
		return address.Port
	}
	return 0
}

// welcome says where everything is.
func (s *server) welcome(w io.Writer) error {
	login := "aloft login"
	if s.URL() != defaultServer {
		login += " --server " + s.URL()
	}
	if s.options.TokenFile != "" {
		login += " < " + s.options.TokenFile
	}
	_, err := fmt.Fprintf(w, `Aloft serves at %s
  data       %s
  page       %s   (logs your browser in, once)
  log in     %s
  then       git remote add aloft %s/<project>.git
             git push aloft HEAD:env-<name>
Ctrl-C stops it.
`, s.URL(), s.options.Data, s.LoginURL(), login, s.URL())
	showToken(w, "Its token is %s\nIt is not shown again. Your aloft knows it; other machines need it: aloft login\n", s.fresh)
	if s.tls != nil && !s.tls.names(s.hostName()) {
		_, err = fmt.Fprintf(w, "The certificate is not for %s: name the host that it is for with --host.\n", s.hostName())
	}
	return err
}

// Remains lists what is left of an environment anywhere on this server.
func (s *server) Remains(ctx context.Context, key aloft.EnvironmentKey) ([]string, error) {
	left, err := target{s.local, s.postgres}.Remains(ctx, key)
	if err != nil {
		return nil, err
	}
	for _, pid := range s.supervisor.Leftovers(key) {
		left = append(left, fmt.Sprintf("process %d", pid))
	}
	versions, err := s.store.StateVersions(ctx, key)
	if err != nil && aloft.ErrorCode(err) != aloft.CodeNotFound {
		return nil, err
	}
	if len(versions) > 0 {
		left = append(left, fmt.Sprintf("%d versions of the state", len(versions)))
	}
	if _, err := s.store.StateLock(ctx, key); err == nil {
		left = append(left, "the lock of the state")
	}
	releases, err := s.store.Releases(ctx, key)
	if err != nil {
		return nil, err
	}
	if len(releases) > 0 {
		left = append(left, fmt.Sprintf("%d releases", len(releases)))
	}
	for _, folder := range []string{"environments", "processes"} {
		path := s.path(folder) + "/" + key.String()
		if _, err := os.Stat(path); err == nil {
			left = append(left, "the folder "+path)
		}
	}
	return left, nil
}

// sweep looks at everything, then tidies up what nothing needs any more.
func (s *server) sweep(ctx context.Context) error {
	projects, err := s.store.Projects(ctx)
	if err != nil {
		return err
	}
	for _, project := range projects {
		err = errors.Join(err, s.completeProject(ctx, project))
	}
	err = errors.Join(err, s.reconciler.Sweep(ctx))
	for _, project := range projects {
		err = errors.Join(err, s.collect(ctx, project.Name))
	}
	return errors.Join(err, s.store.PruneStates(ctx), s.remote.Maintain(ctx))
}

// completeProject makes the repository of a project whose creation was cut off. One
// that is gone later is not made again.
func (s *server) completeProject(ctx context.Context, project aloft.Project) error {
	environments, err := s.store.Environments(ctx, aloft.EnvironmentFilter{Project: project.Name})
	if err != nil || project.Repository != "" || len(environments) > 0 {
		return err
	}
	return s.remote.CreateRepository(ctx, project.Name)
}

// releasesKept is how many releases of each environment keep their artifacts.
const releasesKept = 10

// collect removes the artifacts that no release needs. A build under way keeps
// its own.
func (s *server) collect(ctx context.Context, project string) error {
	active, err := s.store.Runs(ctx, aloft.RunFilter{Project: project, Statuses: []aloft.RunStatus{aloft.RunRunning}, Limit: 1})
	if err != nil || len(active) > 0 {
		return err // what it builds is no release yet
	}
	environments, err := s.store.Environments(ctx, aloft.EnvironmentFilter{Project: project})
	if err != nil {
		return err
	}
	keep := map[string]bool{}
	for _, environment := range environments {
		releases, err := s.store.Releases(ctx, environment.EnvironmentKey)
		if err != nil {
			return err
		}
		for i, release := range releases {
			if i < releasesKept || release.Status == aloft.ReleaseActive {
				keep[release.Artifact.ID] = true
			}
		}
	}
	freed, err := s.builder.Collect(ctx, project, keep)
	if freed > 0 {
		s.logger.Info("removed old artifacts", "project", project, "bytes", freed)
	}
	return err
}

// page tells what there is at a host that has no route.
func (s *server) page(ctx context.Context, host string) proxy.Page {
	key, ok := keyOfHost(host)
	if !ok {
		return unknownPage(host)
	}
	environment, err := s.store.Environment(ctx, key)
	if err != nil {
		return unknownPage(host)
	}
	page := proxy.Page{Link: s.URL() + "/environments/" + key.String()}
	switch environment.Status {
	case aloft.EnvironmentCreating, aloft.EnvironmentUpdating:
		page.Status, page.Refresh, page.RetryAfter = http.StatusServiceUnavailable, true, 2*time.Second
		page.Title = key.Branch() + " is on its way"
		page.Message = "It is being provisioned, built and deployed. This page turns into the app when it is ready."
	case aloft.EnvironmentDestroying, aloft.EnvironmentDestroyed:
		page.Status = http.StatusGone
		page.Title = key.Branch() + " is destroyed"
		page.Message = "Its branch was deleted, or its time was up. Push the branch again and it comes back, empty."
	case aloft.EnvironmentFailed:
		page.Status = http.StatusBadGateway
		page.Title = key.Branch() + " could not be made"
		page.Message, page.Detail = "Nothing serves here yet. The log of the run tells why.", environment.Reason
	default:
		page.Status, page.Refresh, page.RetryAfter = http.StatusServiceUnavailable, true, 2*time.Second
		page.Title = key.Branch() + " is starting"
		page.Message, page.Detail = "Its app is not answering at the moment.", environment.Reason
	}
	return page
}

func unknownPage(host string) proxy.Page {
	return proxy.Page{
		Status: http.StatusNotFound, Title: "There is no environment here",
		Message: "No environment answers at " + host + ". Make one with: git push aloft HEAD:env-<name>",
	}
}

// keyOfHost reads <env>.<project>.localhost and <app>.<env>.<project>.localhost.
func keyOfHost(host string) (aloft.EnvironmentKey, bool) {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	labels := strings.Split(strings.TrimSuffix(strings.ToLower(name), ".localhost"), ".")
	if len(labels) < 2 || len(labels) > 3 {
		return aloft.EnvironmentKey{}, false
	}
	key := aloft.EnvironmentKey{Project: labels[len(labels)-1], Environment: labels[len(labels)-2]}
	return key, key.Validate() == nil
}

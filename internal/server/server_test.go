package server

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/authority"
)

const testToken = "aloft_the_token_of_the_test"

// secureServer is a real server that speaks TLS, and a client that trusts it.
func secureServer(t *testing.T, o Options) (*Server, *http.Client) {
	t.Helper()
	dir := t.TempDir()
	pair, err := authority.Issue(time.Now().Add(-time.Minute), nil, "localhost")
	if err != nil {
		t.Fatal(err)
	}
	if err := pair.Write(filepath.Join(dir, "server")); err != nil {
		t.Fatal(err)
	}
	o.Data, o.Address, o.Out = filepath.Join(dir, "data"), "127.0.0.1:0", io.Discard
	o.TLSCert, o.TLSKey = filepath.Join(dir, "server.pem"), filepath.Join(dir, "server.key")
	s, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	roots := x509.NewCertPool()
	roots.AddCert(pair.Certificate)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return s, &http.Client{Transport: transport}
}

// status is what a URL is answered with, for the bearer of a token.
func status(t *testing.T, client *http.Client, url, token string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		request.SetBasicAuth("aloft", token)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// TestTokenOfARun: it is good for its own environment, and while the run lasts;
// the door for the server's children takes no other.
func TestTokenOfARun(t *testing.T) {
	t.Parallel()
	s, client := secureServer(t, Options{Token: testToken})
	alice := aloft.EnvironmentKey{Project: "shop", Environment: "alice"}
	session, err := s.session(t.Context(), aloft.Run{ID: 7, EnvironmentKey: alice}, aloft.ConfigurationSummary{})
	if err != nil {
		t.Fatal(err)
	}
	token, front, children := session.Backend.Password, s.URL(), s.loopbackURL()
	if strings.HasPrefix(children, "https:") || !strings.HasPrefix(session.Backend.Address, children) || strings.Contains(session.Backend.Address, token) {
		t.Errorf("children are sent to %s", session.Backend.Address)
	}
	const environments = "/api/v1/projects/shop/environments/"
	for _, c := range []struct {
		path              string
		outside, children int // for the token of the run
		nobody, admin     int // at the children's door
	}{
		{"/state/shop/alice", 404, 404, 403, 403},
		{"/state/shop/bob", 401, 401, 403, 403},
		{environments + "alice/local/group", 404, 404, 403, 403},
		{environments + "bob/local/group", 403, 403, 403, 403},
		{environments + "alice", 403, 403, 403, 403},
		{environments + "alice/states/0", 403, 403, 403, 403},
		{"/api/v1/runs", 403, 403, 403, 403},
		{"/api/v1/runs/7/log", 403, 403, 403, 403},
		{"/shop.git/info/refs?service=git-upload-pack", 401, 404, 404, 404},
		{"/login", 303, 404, 404, 404},
		{"/", 401, 404, 404, 404},
	} {
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		got := []int{
			status(t, client, front+c.path, token), status(t, client, children+c.path, token),
			status(t, client, children+c.path, ""), status(t, client, children+c.path, testToken),
		}
		want := []int{c.outside, c.children, c.nobody, c.admin}
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("%s is answered %v, want %v", c.path, got, want)
				break
			}
		}
	}
	session.Close()
	if got := status(t, client, front+"/state/shop/alice", token); got != http.StatusUnauthorized {
		t.Errorf("after the run its token is answered %d", got)
	}
}

func TestTokenFileIsReadAgain(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(testToken+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, client := secureServer(t, Options{TokenFile: file})
	version := s.URL() + "/api/v1/version"
	if got := status(t, client, version, testToken); got != http.StatusOK {
		t.Fatalf("the token is answered %d", got)
	}
	for _, c := range []struct{ content, good, bad string }{
		{"aloft_another_long_token", "aloft_another_long_token", testToken},
		{"short", "aloft_another_long_token", "short"},
	} {
		if err := aloft.ReplaceFile(file, []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		if good, bad := status(t, client, version, c.good), status(t, client, version, c.bad); good != http.StatusOK || bad != http.StatusUnauthorized {
			t.Errorf("with %q in the file, %q is answered %d and %q %d", c.content, c.good, good, c.bad, bad)
		}
	}
	if _, err := os.Stat(s.path(digestFile)); err == nil {
		t.Error("the token of the file was kept")
	}
}

// TestAppsAreNotTheServer: no name below localhost leads to the server itself.
func TestAppsAreNotTheServer(t *testing.T) {
	t.Parallel()
	for host, own := range map[string]bool{
		"localhost": true, "localhost:8090": true, "127.0.0.1:8090": true, "[::1]:8090": true, "aloft.example": true,
		"alice.shop.localhost": false, "alice.shop.localhost:8090": false, "ALICE.shop.LOCALHOST:8090": false,
		"alice.shop.localhost.": false, "alice.shop.localhost.:8090": false, "x.localhost": false,
	} {
		if ownHost(host) != own {
			t.Errorf("%s leads to the server: %v", host, !own)
		}
	}
}

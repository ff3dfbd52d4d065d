package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/aloft-dev/aloft/internal/api"
	"github.com/aloft-dev/aloft/internal/server"
)

// ownConfig gives a test a configuration of its own.
func ownConfig(t *testing.T) {
	t.Helper()
	t.Setenv("HOME", t.TempDir())
	t.Setenv("XDG_CONFIG_HOME", "")
	t.Setenv("ALOFT_TOKEN", "")
}

// Servers with several data folders take turns at one address, and each is known.
func TestNoTokenTakesThePlaceOfAnotherServers(t *testing.T) {
	ownConfig(t)
	const url = "http://localhost:8090"
	for i := range 3 {
		aside, err := keyring{}.Keep(server.Place{URL: url, Data: fmt.Sprint("/data", i)}, fmt.Sprint("token", i), api.Digest{})
		if err != nil || aside != (i > 0) {
			t.Errorf("server %d: one is kept aside: %v, %v", i, aside, err)
		}
	}
	for _, i := range []int{0, 2, 1, 1} {
		want := fmt.Sprint("token", i)
		known, err := keyring{}.Recall(server.Place{URL: url, Data: fmt.Sprint("/data", i)}, api.DigestOf(want))
		if got, _ := token(url); got != want || !known || err != nil {
			t.Errorf("when server %d is there its token is %q, known: %v, %v", i, got, known, err)
		}
	}
}

// A server that the user knows by one URL is known by the next as well; a token that
// is not known leaves none that would be wrong.
func TestRecall(t *testing.T) {
	ownConfig(t)
	const url, other = "http://localhost:8090", "http://localhost:9000"
	if err := remember(url, "token", "/ca.pem"); err != nil {
		t.Fatal(err)
	}
	for _, at := range []string{other, url} {
		if known, err := (keyring{}).Recall(server.Place{URL: at, Data: "/data"}, api.DigestOf("token")); !known || err != nil {
			t.Errorf("at %s it is known: %v, %v", at, known, err)
		}
		if got, err := token(at); got != "token" {
			t.Errorf("at %s the token is %q, %v", at, got, err)
		}
	}
	if known, err := (keyring{}).Recall(server.Place{URL: url, Data: "/data"}, api.DigestOf("unknown")); known || err != nil {
		t.Errorf("one that nobody knows is known: %v, %v", known, err)
	}
	if got, err := token(url); err == nil {
		t.Errorf("the token of another server is used: %q", got)
	}
	if authority, err := authorityOf(url); authority != "/ca.pem" || err != nil {
		t.Errorf("the authority is %q, %v", authority, err)
	}
}

// A token that is worthless is known nowhere any more.
func TestANewTokenTakesThePlaceOfItsOwn(t *testing.T) {
	ownConfig(t)
	const url, name = "http://localhost:8090", "http://127.0.0.1:8090"
	for _, at := range []string{url, name} {
		for _, secret := range []string{"other", "before"} {
			if err := remember(at, secret, ""); err != nil {
				t.Fatal(err)
			}
		}
	}
	if aside, err := (keyring{}).Keep(server.Place{URL: url, Data: "/data"}, "after", api.DigestOf("before")); aside || err != nil {
		t.Errorf("one is kept aside: %v, %v", aside, err)
	}
	known, err := readLogins()
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []string{url, name} {
		if got := fmt.Sprint(known.Servers[at].tokens()); got != "[after other]" {
			t.Errorf("for %s the tokens are %s", at, got)
		}
	}
}

// The tokens that are kept aside do not grow without end.
func TestFewTokensAreKeptAside(t *testing.T) {
	var l login
	for i := range 3 * maxOthers {
		l.count(fmt.Sprint(i))
	}
	if len(l.Others) != maxOthers || l.Others[0] != fmt.Sprint(3*maxOthers-2) {
		t.Errorf("kept aside are %q", l.Others)
	}
}

// The hint names the folder where this machine knows it.
func TestLostTokenNamesTheFolder(t *testing.T) {
	ownConfig(t)
	data := t.TempDir()
	const url = "http://localhost:8090"
	const local, far = "if it is lost, make another: aloft token reset --data DIR, with the data folder of the server",
		"if it is lost, make another on the machine of the server: aloft token reset --data DIR"
	if _, err := (keyring{}).Recall(server.Place{URL: url, Data: data}, api.Digest{}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ file, url, want string }{
		{"", url, local},
		{"seal.key", url, "if it is lost, make another: aloft token reset --data " + data},
		{"", "http://127.0.0.1:9000", local},
		{"", "https://aloft.example", far},
	} {
		if c.file != "" {
			if err := os.WriteFile(filepath.Join(data, c.file), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if got := lostToken(c.url); got != c.want {
			t.Errorf("of %s: %q, want %q", c.url, got, c.want)
		}
	}
}

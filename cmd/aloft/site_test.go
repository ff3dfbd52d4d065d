package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/aloft-dev/aloft/internal/api"
	"github.com/aloft-dev/aloft/internal/server"
)

// serverFolder makes what tells a data folder of a server, with a note of its URL.
func serverFolder(t *testing.T, url string) string {
	t.Helper()
	data := t.TempDir()
	for name, content := range map[string]string{"seal.key": "", "address": url + "\n"} {
		if err := os.WriteFile(filepath.Join(data, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return data
}

// Doctor looks at the server that it is told of, or at the project's on this machine.
func TestSiteOf(t *testing.T) {
	ownConfig(t)
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	t.Setenv("ALOFT_SERVER", "")
	usual := filepath.Join(os.Getenv("XDG_DATA_HOME"), "aloft")
	started, named := serverFolder(t, "http://localhost:9001"), serverFolder(t, "https://aloft.example:9002")
	if _, err := (keyring{}).Recall(server.Place{URL: "http://localhost:9001", Data: started}, api.Digest{}); err != nil {
		t.Fatal(err)
	}
	project := t.TempDir()
	t.Chdir(project)
	for _, args := range [][]string{{"init", "-q"}, {"remote", "add", "aloft", "http://localhost:8090/shop.git"}} {
		if output, err := exec.CommandContext(t.Context(), "git", args...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, output)
		}
	}
	for name, c := range map[string]struct {
		remote, data, address string
		want                  site
	}{
		"nothing is told":            {"http://localhost:8090/shop.git", "", "", site{"http://localhost:8090", "127.0.0.1:8090", usual, ""}},
		"the project's":              {"http://localhost:9001/shop.git", "", "", site{"http://localhost:9001", "127.0.0.1:9001", started, ""}},
		"the project's is elsewhere": {"https://elsewhere.example/shop.git", "", "", site{server.DefaultURL, server.DefaultAddress, usual, ""}},
		"a folder":                   {"http://localhost:9001/shop.git", named, "", site{"https://aloft.example:9002", "127.0.0.1:9002", named, "https://aloft.example:9002"}},
		"a folder to be":             {"http://localhost:9001/shop.git", project, "", site{"http://localhost:9001", "127.0.0.1:9001", project, ""}},
		"an address":                 {"http://localhost:9001/shop.git", "", "127.0.0.1:7000", site{"http://127.0.0.1:7000", "127.0.0.1:7000", started, ""}},
	} {
		t.Run(name, func(t *testing.T) {
			if output, err := exec.CommandContext(t.Context(), "git", "remote", "set-url", "aloft", c.remote).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, output)
			}
			if got, err := (&options{}).siteOf(t.Context(), c.data, c.address); got != c.want || err != nil {
				t.Errorf("%+v, %v; want %+v", got, err, c.want)
			}
		})
	}
}

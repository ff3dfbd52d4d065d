package proxy_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/aloft-dev/aloft/internal/proxy"
)

// folder writes files into a new folder.
func folder(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func site(t testing.TB) string {
	t.Helper()
	outside := filepath.Join(folder(t, map[string]string{"secret": "secret"}), "secret")
	dir := folder(t, map[string]string{
		"index.html": "home", "about.html": "about", "docs/index.html": "docs", "empty/x.txt": "x", "app.js": "let x",
		".env": "secret", ".git/config": "secret", "docs/.aloft/key": "secret", ".well-known/security.txt": "public",
	})
	if err := os.Symlink(outside, filepath.Join(dir, "out")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("about.html", filepath.Join(dir, "in")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestStatic(t *testing.T) {
	t.Parallel()
	w := newWorld(t, proxy.Options{})
	w.installTarget(t, proxy.Target{Static: site(t)})
	for _, test := range []struct {
		rule, method, path string
		status             int
		body               string // part of it
	}{
		{"a file", "GET", "/about.html", 200, "about"},
		{"a folder's page", "GET", "/", 200, "home"},
		{"a deeper folder's page", "GET", "/docs/", 200, "docs"},
		{"a page by its name", "GET", "/docs/index.html", 200, "docs"},
		{"a link inside", "GET", "/in", 200, "about"},
		{"dots that stay inside", "GET", "/docs/./index.html", 200, "docs"},
		{"well-known files", "GET", "/.well-known/security.txt", 200, "public"},
		{"no body for HEAD", "HEAD", "/about.html", 200, ""},
		{"a folder without its slash", "GET", "/docs?a=b", 301, ""},
		{"no file", "GET", "/nothing", 404, "There is no file /nothing here"},
		{"clean URLs are off", "GET", "/about", 404, ""},
		{"no list of files", "GET", "/empty/", 404, ""},
		{"a file is no folder", "GET", "/about.html/", 404, ""},
		{"no environment file", "GET", "/.env", 404, ""},
		{"no git folder", "GET", "/.git/config", 404, ""},
		{"no hidden folder below", "GET", "/docs/.aloft/key", 404, ""},
		{"no hidden file behind an escape", "GET", "/%2eenv", 404, ""},
		{"no way up", "GET", "/docs/../../secret", 404, ""},
		{"no escaped way up", "GET", "/docs/..%2f..%2fsecret", 404, ""},
		{"no way up with backslashes", "GET", `/docs/..%5c..%5csecret`, 404, ""},
		{"no link outside", "GET", "/out", 404, ""},
		{"no pipe", "GET", "/pipe", 404, ""},
		{"no NUL", "GET", "/about.html%00", 404, ""},
		{"no writing", "POST", "/about.html", 405, "only GET and HEAD"},
		{"no deleting", "DELETE", "/about.html", 405, ""},
	} {
		t.Run(test.rule, func(t *testing.T) {
			res, body := w.do(t, w.request(t, test.method, test.path, nil))
			if res.StatusCode != test.status || !strings.Contains(body, test.body) || strings.Contains(body, "secret\n") || body == "secret" {
				t.Errorf("%s %q, want %d %q", res.Status, body, test.status, test.body)
			}
			if location := res.Header.Get("Location"); test.status == 301 && location != "/docs/?a=b" {
				t.Errorf("location %q", location)
			}
			if allow := res.Header.Get("Allow"); test.status == 405 && allow != "GET, HEAD" {
				t.Errorf("allow %q", allow)
			}
		})
	}
}

func TestStaticHasItsOwnPageForWhatIsNotThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, proxy.Options{})
	w.installTarget(t, proxy.Target{Static: folder(t, map[string]string{"404.html": "lost?"})})
	res, body := w.get(t, "/nothing")
	if res.StatusCode != 404 || body != "lost?" || res.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("%s %q %v", res.Status, body, res.Header)
	}
}

func TestStaticIsAskedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, proxy.Options{})
	first, second := site(t), site(t)
	w.installTarget(t, proxy.Target{Static: first})
	res, _ := w.get(t, "/app.js")
	tag := res.Header.Get("Etag")
	if tag == "" || res.Header.Get("Last-Modified") == "" || res.Header.Get("Cache-Control") != "no-cache" ||
		!strings.HasPrefix(res.Header.Get("Content-Type"), "text/javascript") {
		t.Errorf("header %v", res.Header)
	}
	again := func() int {
		request := w.request(t, http.MethodGet, "/app.js", nil)
		request.Header.Set("If-None-Match", tag)
		res, _ := w.do(t, request)
		return res.StatusCode
	}
	if status := again(); status != http.StatusNotModified {
		t.Errorf("the same file again: %d", status)
	}
	info, err := os.Stat(filepath.Join(first, "app.js"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(filepath.Join(second, "app.js"), info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	w.installTarget(t, proxy.Target{Static: second})
	if status := again(); status != http.StatusOK {
		t.Errorf("a file of the same size and time in another release: %d", status)
	}
	request := w.request(t, http.MethodGet, "/app.js", nil)
	request.Header.Set("Range", "bytes=0-2")
	if res, body := w.do(t, request); res.StatusCode != http.StatusPartialContent || body != "let" {
		t.Errorf("%s %q", res.Status, body)
	}
}

func FuzzStatic(f *testing.F) {
	w := newWorld(f, proxy.Options{})
	w.installTarget(f, proxy.Target{Static: site(f)})
	for _, seed := range []string{"/", "/docs", "/docs/../.env", "//.git//config", "/..", "/%00", "/\\..\\x", "/docs/.aloft/key", "/./.env"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		request := w.request(t, http.MethodGet, "/", nil)
		request.URL.Path = path
		res, err := w.client.Do(request)
		if err != nil {
			t.Skip("the client does not send it")
		}
		defer res.Body.Close()
		body := make([]byte, 6)
		n, _ := res.Body.Read(body)
		if string(body[:n]) == "secret" {
			t.Errorf("%q gives a secret away", path)
		}
	})
}

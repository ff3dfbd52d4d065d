package git_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	aloft "github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/git"
)

func TestAccess(t *testing.T) {
	t.Parallel()
	s := serve(t, func(o *git.Options) {
		o.Create = func(_ context.Context, project string) error {
			if project == "closed" {
				return aloft.Errorf(aloft.CodeConflict, "known already")
			}
			if project == "full" {
				return aloft.Errorf(aloft.CodeUnavailable, "the disk is full").WithHint("make room")
			}
			return nil
		}
	})
	c := newClone(t, s, "shop")
	for _, test := range []struct {
		rule  string
		args  []string
		code  int
		shown []string
	}{
		{"a wrong password is asked for again", []string{"push", strings.Replace(s.url("shop"), password, "wrong", 1), "HEAD:env-a"}, 128,
			[]string{"a token is needed for project shop", "remote: aloft login", "Authentication failed"}},
		{"without a password nothing is told", []string{"ls-remote", s.Server.URL + "/shop.git"}, 128, []string{"could not read Username"}},
		{"a project that is not there cannot be fetched", []string{"ls-remote", s.url("none")}, 128,
			[]string{`there is no repository of project "none"`, "aloft project create none"}},
		{"a bad project name is explained", []string{"push", s.url("My_Shop"), "HEAD:env-a"}, 128,
			[]string{`project name "My_Shop" is not valid`, "the nearest valid name is my-shop"}},
		{"an address without .git is corrected", []string{"ls-remote", strings.TrimSuffix(s.url("shop"), ".git")}, 128,
			[]string{"the address of a project ends in .git", "/shop.git"}},
		{"an address with folders is explained", []string{"ls-remote", s.url("team/shop")}, 128, []string{"/<project>.git"}},
		{"a project that is known already is made here", []string{"push", s.url("closed"), "HEAD:env-a"}, 0, []string{"[new branch]"}},
		{"a project that cannot be made says why", []string{"push", s.url("full"), "HEAD:env-a"}, 128, []string{"the disk is full", "make room"}},
	} {
		t.Run(test.rule, func(t *testing.T) {
			code, out := c.try(test.args...)
			if code != test.code {
				t.Errorf("exit code %d", code)
			}
			has(t, out, test.shown...)
		})
	}
}

func TestLargePush(t *testing.T) {
	t.Parallel()
	noise := make([]byte, 6<<20)
	random := rand.NewChaCha8([32]byte{1})
	random.Read(noise)
	for _, size := range []int{100 << 10, len(noise)} {
		t.Run(fmt.Sprintf("%d bytes over the limit are refused in words", size), func(t *testing.T) {
			t.Parallel()
			s := serve(t, func(o *git.Options) { o.MaxPush = 50 << 10 })
			s.receive = func(context.Context, aloft.Push, io.Writer) []aloft.RefResult {
				t.Error("the receiver was asked")
				return nil
			}
			c := newClone(t, s, "shop")
			c.commit("large", string(noise[:size]))
			code, out := c.try("push", "aloft", "HEAD:env-a")
			if code != 1 {
				t.Errorf("exit code %d", code)
			}
			has(t, out, " !     the push is larger than the limit push-size, 50 KiB", "aloft serve --limit push-size=250KiB", "[remote rejected]")
			s.clean(t, "shop")
			s.at(t, "shop", "env-a", "")
		})
	}
}

func TestRequests(t *testing.T) {
	t.Parallel()
	s := serve(t, nil)
	c := newClone(t, s, "shop")
	c.git("push", "--quiet", "aloft", "HEAD:env-a")
	packed := func(text string) string {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		io.WriteString(w, text)
		w.Close()
		return b.String()
	}
	const receive, upload = "/shop.git/git-receive-pack", "/shop.git/git-upload-pack"
	for _, test := range []struct {
		rule, method, path, body string
		header                   http.Header
		status                   int
	}{
		{"git's probe is answered", "POST", receive, "0000", request("receive"), 200},
		{"a packed probe is answered", "POST", receive, packed("0000"), with(request("receive"), "Content-Encoding", "gzip"), 200},
		{"a client may wait to be asked for the body", "POST", receive, "0000", with(request("receive"), "Expect", "100-continue"), 200},
		{"a body that is not packed as it says", "POST", receive, "0000", with(request("receive"), "Content-Encoding", "gzip"), 400},
		{"a packing that is not known", "POST", receive, "0000", with(request("receive"), "Content-Encoding", "br"), 400},
		{"another site's form", "POST", receive, "0000", http.Header{"Content-Type": {"text/plain"}}, 400},
		{"the request of another service", "POST", receive, "0000", request("upload"), 400},
		{"noise instead of a fetch", "POST", upload, "zzzz", request("upload"), 500},
		{"the old protocol", "GET", "/shop.git/info/refs", "", nil, 400},
		{"a service that is not served", "GET", "/shop.git/info/refs?service=git-upload-archive", "", nil, 400},
		{"a file of the repository", "GET", "/shop.git/HEAD", "", nil, 404},
		{"a path out of the folder", "GET", "/..%2fshop.git/info/refs?service=git-upload-pack", "", nil, 400},
		{"a push to a project that is not there", "POST", "/none.git/git-receive-pack", "0000", request("receive"), 404},
		{"the hook's door without a token", "POST", git.HookPath, "{}", nil, 403},
		{"the hook's door with a wrong token", "POST", git.HookPath, "{}", http.Header{"Authorization": {"Bearer AAAA"}}, 403},
	} {
		t.Run(test.rule, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), test.method, s.Server.URL+test.path, strings.NewReader(test.body))
			if err != nil {
				t.Fatal(err)
			}
			for name, values := range test.header {
				req.Header[name] = values
			}
			if req.Header.Get("Authorization") == "" && test.path != git.HookPath {
				req.SetBasicAuth("alice", password)
			}
			resp, err := s.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if resp.StatusCode != test.status {
				text, _ := io.ReadAll(resp.Body)
				t.Errorf("%s: %s", resp.Status, text)
			}
		})
	}
}

func request(service string) http.Header {
	return http.Header{"Content-Type": {"application/x-git-" + service + "-pack-request"}}
}

func with(header http.Header, name, value string) http.Header {
	header.Set(name, value)
	return header
}

func TestOpenNeedsGit(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := git.Open(git.Options{Dir: t.TempDir(), Hook: []string{"x"}, Authorize: authorize, Receiver: receiver(nil)})
	if aloft.ErrorCode(err) != aloft.CodeUnavailable {
		t.Error(err)
	}
}

package proxy_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aloft-dev/aloft/internal/proxy"
)

func TestPagesTellTheState(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		rule       string
		page       proxy.Page
		status     int
		retryAfter string
		contains   []string
		without    string
	}{
		{
			"building: come back, the page does so itself",
			proxy.Page{Status: 503, Title: "env-alice is on its way", Message: "It is being built.", RetryAfter: 1500 * time.Millisecond, Refresh: true},
			503, "2", []string{"<h1>env-alice is on its way</h1>", `http-equiv="refresh" content="2"`, `role="progressbar"`}, "<pre>",
		},
		{
			"failed: what the program said, and where more is told",
			proxy.Page{Status: 502, Title: "It failed", Detail: "panic: <nil> & more\nline 2", Link: "http://localhost:8090/runs/7"},
			502, "", []string{"<pre>panic: &lt;nil&gt; &amp; more\nline 2</pre>", `<a href="http://localhost:8090/runs/7">`}, "http-equiv",
		},
		{"destroyed", proxy.Page{Status: 410, Title: "env-alice is destroyed"}, 410, "", []string{"<h1>env-alice is destroyed</h1>"}, "http-equiv"},
		{"a page without a status is not found", proxy.Page{Title: "What?"}, 404, "", []string{"404"}, "http-equiv"},
		{"a link that is a script is not one", proxy.Page{Title: "x", Link: "javascript:alert(1)"}, 404, "", []string{"#ZgotmplZ"}, `href="javascript`},
	} {
		t.Run(test.rule, func(t *testing.T) {
			w := newWorld(t, proxy.Options{Page: func(_ context.Context, asked string) proxy.Page {
				if asked != host {
					t.Errorf("asked for %q", asked)
				}
				return test.page
			}})
			request := w.request(t, http.MethodGet, "/some/path", nil)
			request.Header.Set("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
			res, body := w.do(t, request)
			if res.StatusCode != test.status || res.Header.Get("Retry-After") != test.retryAfter {
				t.Errorf("%s, Retry-After %q", res.Status, res.Header.Get("Retry-After"))
			}
			if res.Header.Get("Cache-Control") != "no-store" || res.Header.Get(proxy.PageHeader) != proxy.PageState {
				t.Errorf("header %v", res.Header)
			}
			for _, text := range test.contains {
				if !strings.Contains(body, text) {
					t.Errorf("the page lacks %q:\n%s", text, body)
				}
			}
			if strings.Contains(body, test.without) || strings.Contains(body, "src=") {
				t.Errorf("the page has %q, or loads something:\n%s", test.without, body)
			}
		})
	}
}

func TestPageTakesTheFormThatIsAsked(t *testing.T) {
	t.Parallel()
	page := proxy.Page{Status: 503, Title: "Building", Message: "Soon.", Detail: "step 2\n", Link: "http://localhost/"}
	const text = "503 Building\n\nSoon.\n\nstep 2\n\nhttp://localhost/\n"
	w := newWorld(t, proxy.Options{Page: func(context.Context, string) proxy.Page { return page }})
	for _, test := range []struct{ rule, accept, kind string }{
		{"anything is text", "*/*", "text/plain; charset=utf-8"},
		{"nothing is text", "", "text/plain; charset=utf-8"},
		{"an image is not text, but better than nothing", "image/avif", "text/plain; charset=utf-8"},
		{"a browser's is a page", "text/html,*/*;q=0.8", "text/html; charset=utf-8"},
		{"a program's is JSON", "application/json", "application/problem+json"},
		{"the better one wins", "text/html;q=0.5, application/json;q=0.9", "application/problem+json"},
		{"what is refused is not sent", "text/html;q=0, text/plain", "text/plain; charset=utf-8"},
		{"nonsense is no wish", "text/html;q=high,;;,", "text/plain; charset=utf-8"},
	} {
		t.Run(test.rule, func(t *testing.T) {
			request := w.request(t, http.MethodGet, "/", nil)
			request.Header.Set("Accept", test.accept)
			res, body := w.do(t, request)
			if res.Header.Get("Content-Type") != test.kind {
				t.Errorf("%s, want %s", res.Header.Get("Content-Type"), test.kind)
			}
			if strings.HasPrefix(test.kind, "text/plain") && body != text {
				t.Errorf("%q, want %q", body, text)
			}
			if strings.HasSuffix(test.kind, "json") {
				var problem struct {
					Status int
					Title  string
				}
				if err := json.Unmarshal([]byte(body), &problem); err != nil || problem.Status != 503 || problem.Title != "Building" {
					t.Errorf("%v %q", err, body)
				}
			}
		})
	}
	t.Run("HEAD has no body", func(t *testing.T) {
		if res, body := w.do(t, w.request(t, http.MethodHead, "/", nil)); body != "" || res.ContentLength != int64(len(text)) {
			t.Errorf("%q, length %d", body, res.ContentLength)
		}
	})
}

func FuzzPage(f *testing.F) {
	f.Add("text/html;q=0.5,*/*", "alice.shop.localhost:80")
	f.Add("application/json;q=NaN;;=,;", "[::1")
	f.Add(";q=1e309", "A.:x:")
	p := proxy.New(proxy.Options{})
	f.Fuzz(func(t *testing.T, accept, host string) {
		request := httptest.NewRequest(http.MethodGet, "/", nil)
		request.Host = host
		request.Header.Set("Accept", accept)
		recorder := httptest.NewRecorder()
		p.ServeHTTP(recorder, request)
		if recorder.Code != http.StatusNotFound || recorder.Body.Len() == 0 {
			t.Errorf("status %d, %q", recorder.Code, recorder.Body)
		}
	})
}

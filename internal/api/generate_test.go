package api_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/api"
)

func TestArchives(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		method, path, body string
		want               api.GenerateRequest
		mediaType          string
	}{
		{"GET", "/generate/shop.zip?runtime=go&add-on=redis&add-on=key-vault", "",
			api.GenerateRequest{Name: "shop", Format: "zip", Query: url.Values{"runtime": {"go"}, "add-on": {"redis", "key-vault"}}}, "application/zip"},
		{"POST", "/generate/shop.tgz", `{"region":"westeurope"}`,
			api.GenerateRequest{Name: "shop", Format: "tgz", Query: url.Values{}, Body: []byte(`{"region":"westeurope"}`)}, "application/gzip"},
		{"GET", "/my.shop.tgz?database=MYSQL", "",
			api.GenerateRequest{Name: "my.shop", Format: "tgz", NubesGen: true, Query: url.Values{"database": {"MYSQL"}}}, "application/gzip"},
		{"POST", "/demo.zip?x=1", `{"gitops":"true"}`,
			api.GenerateRequest{Name: "demo", Format: "zip", NubesGen: true, Query: url.Values{"x": {"1"}}, Body: []byte(`{"gitops":"true"}`)}, "application/zip"},
	} {
		t.Run(test.method+" "+test.path, func(t *testing.T) {
			h := newHouse(t)
			h.generator.notices = []string{"one", "two"}
			request, _ := http.NewRequest(test.method, h.url+test.path, strings.NewReader(test.body))
			response := do(t, request)
			if body := text(t, response.Body); response.StatusCode != 200 || body != "archive of "+test.want.Name {
				t.Fatalf("%d %s", response.StatusCode, body)
			}
			if !reflect.DeepEqual(h.generator.asked, []api.GenerateRequest{test.want}) {
				t.Errorf("asked for %+v", h.generator.asked)
			}
			file := fmt.Sprintf("attachment; filename=%q", test.want.Name+"."+test.want.Format)
			if got := response.Header; got.Get("Content-Type") != test.mediaType || got.Get("Content-Disposition") != file ||
				!reflect.DeepEqual(got["Aloft-Notice"], []string{"one", "two"}) {
				t.Errorf("headers %v", got)
			}
		})
	}
}

// TestArchivesByHeadAndByAnyType: HEAD answers what GET does, less the archive; a
// body is JSON whatever it is called, as curl -d calls it a form.
func TestArchivesByHeadAndByAnyType(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, path := range []string{"/generate/shop.zip?runtime=go", "/shop.tgz", api.Base + "/options"} {
		get, _ := http.NewRequest(http.MethodGet, h.url+path, nil)
		head, _ := http.NewRequest(http.MethodHead, h.url+path, nil)
		want, got := do(t, get), do(t, head)
		if body := text(t, got.Body); got.StatusCode != 200 || body != "" || got.Header.Get("Content-Type") != want.Header.Get("Content-Type") || got.ContentLength != want.ContentLength {
			t.Errorf("%s: %d with %q, headers %v", path, got.StatusCode, body, got.Header)
		}
	}
	for _, mediaType := range []string{"", "application/x-www-form-urlencoded", "text/plain", "application/json; charset=utf-8"} {
		request, _ := http.NewRequest(http.MethodPost, h.url+"/generate/shop.zip", strings.NewReader("{}"))
		request.Header.Set("Content-Type", mediaType)
		if response := do(t, request); response.StatusCode != 200 || string(h.generator.asked[len(h.generator.asked)-1].Body) != "{}" {
			t.Errorf("%q is answered %d", mediaType, response.StatusCode)
		}
	}
}

func TestArchivesAreRefused(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, method, path, body string
		status                   int
		detail                   string
	}{
		{"another format", "GET", "/generate/shop.rar", "", 404, "there is no /generate/shop.rar here"},
		{"no format", "GET", "/generate/shop", "", 404, "there is no /generate/shop here"},
		{"a path below", "GET", "/generate/a/b.zip", "", 404, "there is no /generate/a/b.zip here"},
		{"another method", "PUT", "/generate/shop.zip", "", 405, "does not take PUT"},
		{"another page", "GET", "/nothing", "", 404, "there is no /nothing here"},
		{"a broken query", "GET", "/generate/shop.zip?a=%zz", "", 422, "cannot be read"},
		{"a query beside a body", "POST", "/generate/shop.zip?runtime=go", "{}", 422, "beside a body"},
		{"a long body", "POST", "/demo.tgz", strings.Repeat(" ", 65<<10), 413, "more than 65536 bytes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newHouse(t)
			response, p := h.request(t, test.method, test.path, test.body)
			if response.StatusCode != test.status || !strings.Contains(p.Detail, test.detail) {
				t.Errorf("%d %q, want %d %q", response.StatusCode, p.Detail, test.status, test.detail)
			}
			if len(h.generator.asked) > 0 {
				t.Error("something was generated")
			}
		})
	}
}

func TestProblemsNameFields(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	want := api.FieldErrors{{Field: "region", Value: "mars", Rule: "is not known", Allowed: []string{"westeurope"}}}
	h.generator.fail = aloft.Errorf(aloft.CodeInvalid, "%w", want)
	for _, path := range []string{"/generate/shop.zip", "/demo.tgz", api.Base + "/options"} {
		response, p := h.request(t, "GET", path, "")
		if response.StatusCode != 422 || !reflect.DeepEqual(p.Errors, want) || p.Detail != `region: "mars" is not known` {
			t.Errorf("%s: %d %+v", path, response.StatusCode, p)
		}
	}
	h.generator.fail = errors.New("the secret reason")
	if response, p := h.request(t, "GET", "/generate/shop.zip", ""); response.StatusCode != 500 || strings.Contains(p.Detail, "secret") {
		t.Errorf("%d %s", response.StatusCode, p.Detail)
	}
}

// TestGeneratingTakesTurns: whoever asks for archives or for what can be chosen
// can take no more than the processors.
func TestGeneratingTakesTurns(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.generator.busy = make(chan struct{})
	processors, done := runtime.GOMAXPROCS(0), make(chan int)
	for i := range processors + 3 {
		go func() {
			path := []string{"/generate/shop.zip", api.Base + "/options"}[i%2]
			response, err := http.Get(h.url + path)
			if err != nil {
				done <- 0
				return
			}
			response.Body.Close()
			done <- response.StatusCode
		}()
	}
	asked := func() int {
		h.generator.mu.Lock()
		defer h.generator.mu.Unlock()
		return len(h.generator.asked)
	}
	for begin := time.Now(); asked() < processors && time.Since(begin) < time.Minute; {
		time.Sleep(time.Millisecond)
	}
	if version, _ := h.request(t, "GET", api.Base+"/version", ""); version.StatusCode != 200 || asked() != processors {
		t.Errorf("%d are generated at once, want %d; the rest of the API answers %d", asked(), processors, version.StatusCode)
	}
	close(h.generator.busy)
	for range processors + 3 {
		if status := <-done; status != 200 {
			t.Errorf("answered %d", status)
		}
	}
}

// Who waits no more is not generated for.
func TestATurnIsGivenUp(t *testing.T) {
	t.Parallel()
	s := api.New(api.Options{})
	var ends []func()
	for range runtime.GOMAXPROCS(0) {
		end, err := s.Turn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ends = append(ends, end)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := s.Turn(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("a turn beyond the processors, for nobody: %v", err)
	}
	ends[0]()
	if _, err := s.Turn(t.Context()); err != nil {
		t.Errorf("a turn that was given up: %v", err)
	}
}

func TestServesArchive(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{
		"/demo.zip": true, "/a.b.tgz": true, "/.zip": true,
		"/": false, "/new": false, "/demo.git": false, "/runs/1.zip": false, "demo.zip": false, "/assets/a.css": false,
	} {
		if api.ServesArchive(path) != want {
			t.Errorf("%s: %v", path, !want)
		}
	}
}

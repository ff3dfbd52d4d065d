package api_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/api"
)

func (h *house) request(t *testing.T, method, path, body string) (*http.Response, api.Problem) {
	t.Helper()
	request, err := http.NewRequest(method, h.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+adminToken)
	response := do(t, request)
	var p api.Problem
	if response.Header.Get("Content-Type") == "application/problem+json" {
		if err := json.NewDecoder(response.Body).Decode(&p); err != nil {
			t.Fatal(err)
		}
	}
	return response, p
}

func TestErrorsBecomeProblems(t *testing.T) {
	t.Parallel()
	for code, status := range map[aloft.Code]int{
		aloft.CodeInvalid: 422, aloft.CodeNotFound: 404, aloft.CodeConflict: 409, aloft.CodeForbidden: 403,
		aloft.CodeCanceled: 409, aloft.CodeFailed: 502, aloft.CodeUnavailable: 503,
	} {
		t.Run(string(code), func(t *testing.T) {
			h := newHouse(t)
			h.store.broken = aloft.Errorf(code, "cannot do it: %w", errors.New("a cause")).WithHint("try this")
			response, p := h.request(t, "GET", api.Base+"/projects", "")
			want := api.Problem{Title: http.StatusText(status), Status: status, Detail: "cannot do it: a cause", Code: code, Hint: "try this"}
			if response.StatusCode != status || !reflect.DeepEqual(p, want) {
				t.Errorf("%d %+v, want %+v", response.StatusCode, p, want)
			}
			_, err := h.client().Projects(t.Context())
			if aloft.ErrorCode(err) != code || aloft.ErrorHint(err) != "try this" || err.Error() != "cannot do it: a cause" {
				t.Errorf("the client says %v (%s, %s)", err, aloft.ErrorCode(err), aloft.ErrorHint(err))
			}
		})
	}
}

func TestInternalErrorsAreLoggedNotTold(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"without a code":   errors.New("the secret reason"),
		"marked as a bug":  aloft.Errorf(aloft.CodeInternal, "the secret reason").WithHint("the secret hint"),
		"with a wild code": aloft.Errorf("wild", "the secret reason"),
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			h.store.broken = err
			_, p := h.request(t, "GET", api.Base+"/projects", "")
			if p.Status != 500 || p.Code != aloft.CodeInternal || strings.Contains(p.Detail+p.Hint, "secret") {
				t.Errorf("told %+v", p)
			}
			if !strings.Contains(h.logged.String(), "the secret reason") {
				t.Errorf("logged %q", h.logged)
			}
		})
	}
}

func TestBadRequests(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	environment := api.Base + "/projects/shop/environments/alice"
	cases := []struct {
		name, method, path, body string
		status                   int
		detail                   string
	}{
		{"no such path", "GET", api.Base + "/nothing", "", 404, "there is no /api/v1/nothing here"},
		{"no such method", "PUT", api.Base + "/projects", "", 405, "/api/v1/projects does not take PUT"},
		{"not JSON", "POST", api.Base + "/projects", "{", 400, "unexpected end of JSON input"},
		{"an unknown field", "POST", api.Base + "/projects", `{"name":"a","wrong":1}`, 422, "body.wrong: unexpected property"},
		{"a field is missing", "POST", api.Base + "/projects", `{}`, 422, "expected required property name to be present"},
		{"a wrong name", "POST", api.Base + "/projects", `{"name":"A!"}`, 422, `project name "A!" is not valid`},
		{"an unknown parameter", "GET", api.Base + "/runs?stat=failed", "", 422, "query.stat: unknown query parameter"},
		{"an unknown status", "GET", api.Base + "/runs?status=done", "", 422, "query.status"},
		{"a wrong number", "GET", api.Base + "/runs/x", "", 422, "path.run: invalid integer"},
		{"a wrong project in the path", "GET", api.Base + "/projects/A", "", 422, `project name "A" is not valid`},
		{"a wrong environment in the path", "GET", api.Base + "/projects/shop/environments/-x", "", 422, `environment name "env--x" is not valid`},
		{"a wrong app in the path", "GET", environment + "/local/apps/W", "", 422, `app name "W" is not valid`},
		{"a wrong database in the path", "GET", environment + "/local/databases/a%2F..%2Fb", "", 422, `app name "a/../b" is not valid`},
		{"a wrong app in the query", "GET", environment + "/logs?app=..", "", 422, `app name ".." is not valid`},
		{"no such environment", "GET", api.Base + "/projects/shop/environments/carol", "", 404, "there is no environment shop/carol"},
		{"logs of no environment", "GET", api.Base + "/projects/shop/environments/carol/logs", "", 404, "there is no environment"},
		{"log of no run", "GET", api.Base + "/runs/99/log?follow=true", "", 404, "there is no run 99"},
		{"a wrong time to live", "PATCH", environment, `{"ttl":"soon"}`, 422, `"soon" is not a time to live`},
		{"a negative time to live", "PATCH", environment, `{"ttl":"-1h"}`, 422, "at least 1m0s"},
		{"a command without arguments", "POST", environment + "/run", `{"args":[]}`, 422, "body.args"},
		{"an approval of nothing", "POST", api.Base + "/runs/1/approve", `{"digest":""}`, 422, "body.digest"},
		{"to restore the newest state", "POST", environment + "/states/0/restore", "", 422, "the newest state already"},
		{"too large", "POST", api.Base + "/projects", `{"name":"` + strings.Repeat("a", 2<<20) + `"}`, 413, "request body is too large"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			response, p := h.request(t, c.method, c.path, c.body)
			if response.StatusCode != c.status || !strings.Contains(p.Detail, c.detail) || p.Code == "" {
				t.Errorf("%d %+v, want %d %q", response.StatusCode, p, c.status, c.detail)
			}
		})
	}
}

func TestStrangersAreToldHowToLogIn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, err := api.NewClient(api.ClientOptions{URL: h.url, Token: "wrong"}).Projects(t.Context())
	if aloft.ErrorCode(err) != aloft.CodeForbidden || !strings.Contains(aloft.ErrorHint(err), "aloft login") {
		t.Errorf("%v, hint %q", err, aloft.ErrorHint(err))
	}
}

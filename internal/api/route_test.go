package api_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/aloft-dev/aloft/internal/api"
)

// documented is an operation as the description of the API tells it.
type documented struct {
	method, path string // the path on the server
	ID           string `yaml:"operationId"`
	Access       string `yaml:"x-access"`
}

// documentedPath is a path as the description tells it.
type documentedPath struct {
	Servers                       []struct{ URL string }
	Get, Post, Put, Patch, Delete *documented
}

func (p documentedPath) methods() map[string]*documented {
	return map[string]*documented{"GET": p.Get, "POST": p.Post, "PUT": p.Put, "PATCH": p.Patch, "DELETE": p.Delete}
}

func operations(t *testing.T) []documented {
	t.Helper()
	var document struct {
		Paths map[string]documentedPath `yaml:"paths"`
	}
	if err := yaml.Unmarshal(api.OpenAPI(), &document); err != nil {
		t.Fatal(err)
	}
	var list []documented
	for path, item := range document.Paths {
		base := api.Base
		for _, server := range item.Servers {
			base = strings.TrimSuffix(server.URL, "/")
		}
		for method, op := range item.methods() {
			if op != nil {
				op.method, op.path = method, base+path
				list = append(list, *op)
			}
		}
	}
	if len(list) < 30 {
		t.Fatalf("only %d operations are documented", len(list))
	}
	return list
}

// calls tells for every operation who may call it, how, and what an allowed
// caller is answered.
var calls = map[string]struct {
	access string
	body   string
	status int
}{
	"version":             {"admin", "", 200},
	"events":              {"admin", "", 200},
	"backup":              {"admin", "", 200},
	"create-login":        {"admin", "", 200},
	"list-projects":       {"admin", "", 200},
	"create-project":      {"admin", `{"name":"new"}`, 200},
	"get-project":         {"admin", "", 200},
	"delete-project":      {"admin", "", 204},
	"list-environments":   {"admin", "", 200},
	"list-unrecorded":     {"admin", "", 200},
	"get-environment":     {"admin", "", 200},
	"set-ttl":             {"admin", `{"ttl":"72h"}`, 200},
	"destroy-environment": {"admin", "", 200},
	"rollback":            {"admin", `{}`, 200},
	"create-run":          {"admin", `{"operation":"up","revision":"0123456789012345678901234567890123456789"}`, 200},
	"accept-environment":  {"admin", "", 200},
	"retry":               {"admin", "", 200},
	"app-logs":            {"admin", "", 200},
	"run-command":         {"admin", `{"args":["true"]}`, 200},
	"get-holdings":        {"admin", "", 200},
	"list-states":         {"admin", "", 200},
	"list-states-aside":   {"admin", "", 200},
	"get-state-lock":      {"admin", "", 200},
	"get-state":           {"admin", "", 200},
	"restore-state":       {"admin", "", 200},
	"list-runs":           {"admin", "", 200},
	"get-run":             {"admin", "", 200},
	"run-log":             {"admin", "", 200},
	"run-plan":            {"admin", "", 200},
	"run-trace":           {"admin", "", 200},
	"cancel-run":          {"admin", "", 204},
	"approve-run":         {"admin", `{"digest":"d1"}`, 204},
	"put-group":           {"environment", "", 200},
	"get-group":           {"environment", "", 200},
	"delete-group":        {"environment", "", 204},
	"put-slot":            {"environment", `{}`, 200},
	"get-slot":            {"environment", "", 404},
	"delete-slot":         {"environment", "", 204},
	"put-database":        {"environment", "", 200},
	"get-database":        {"environment", "", 200},
	"delete-database":     {"environment", "", 204},
	"generate":            {"anyone", "", 200},
	"generate-json":       {"anyone", `{}`, 200},
	"nubesgen":            {"anyone", "", 200},
	"nubesgen-json":       {"anyone", `{}`, 200},
	"options":             {"anyone", "", 200},
}

var parameters = strings.NewReplacer("{project}", "shop", "{environment}", "alice", "{app}", "web", "{name}", "db", "{run}", "1", "{version}", "1", "{format}", "zip")

func TestAccess(t *testing.T) {
	t.Parallel()
	list := operations(t)
	if len(list) != len(calls) {
		t.Errorf("%d operations, but %d rows in the table", len(list), len(calls))
	}
	for _, op := range list {
		call, ok := calls[op.ID]
		if !ok {
			t.Errorf("%s %s (%s) is not in the table: who may call it?", op.method, op.path, op.ID)
			continue
		}
		t.Run(op.ID, func(t *testing.T) {
			t.Parallel()
			if op.Access != call.access {
				t.Errorf("access is %q, want %q", op.Access, call.access)
			}
			for _, who := range callers(call.access, call.status) {
				h := newHouse(t)
				h.server.LoginPath()
				close(h.events)
				request, _ := http.NewRequest(op.method, h.url+parameters.Replace(op.path), strings.NewReader(call.body))
				who.authorise(h, request)
				if status := do(t, request).StatusCode; status != who.status {
					t.Errorf("%s is answered %d, want %d", who.name, status, who.status)
				}
			}
		})
	}
}

type callerCase struct {
	name      string
	status    int
	authorise func(*house, *http.Request)
}

func callers(access string, allowed int) []callerCase {
	own, stranger, other := http.StatusForbidden, http.StatusUnauthorized, http.StatusForbidden
	switch access {
	case "environment":
		own = allowed
	case "anyone":
		own, stranger, other = allowed, allowed, allowed
	}
	bearer := func(token func(*house) string) func(*house, *http.Request) {
		return func(h *house, r *http.Request) { r.Header.Set("Authorization", "Bearer "+token(h)) }
	}
	return []callerCase{
		{"nobody", stranger, func(*house, *http.Request) {}},
		{"a wrong token", stranger, bearer(func(*house) string { return "wrong" })},
		{"an empty token", stranger, bearer(func(*house) string { return "" })},
		{"a revoked token", stranger, bearer(func(h *house) string {
			token := h.tokens.Issue(alice, 1)
			h.tokens.Revoke(token)
			return token
		})},
		{"a run of another environment", other, bearer(func(h *house) string { return h.tokens.Issue(bob, 2) })},
		{"a run of the environment", own, bearer(func(h *house) string { return h.tokens.Issue(alice, 1) })},
		{"the administrator", allowed, bearer(func(*house) string { return adminToken })},
		{"git of the administrator", allowed, func(_ *house, r *http.Request) { r.SetBasicAuth("x", adminToken) }},
		{"a browser that is logged in", allowed, func(h *house, r *http.Request) { r.AddCookie(login(h)) }},
	}
}

func do(t *testing.T, request *http.Request) *http.Response {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	return response
}

func text(t *testing.T, r io.Reader) string {
	t.Helper()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestPasswordsAppearInDatabaseAnswersOnly(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	close(h.events)
	for _, op := range operations(t) {
		request, _ := http.NewRequest(op.method, h.url+parameters.Replace(op.path), strings.NewReader(calls[op.ID].body))
		request.Header.Set("Authorization", "Bearer "+adminToken)
		told := strings.Contains(text(t, do(t, request).Body), "database-password")
		if want := op.ID == "put-database" || op.ID == "get-database"; told != want {
			t.Errorf("%s tells a password: %v", op.ID, told)
		}
	}
}

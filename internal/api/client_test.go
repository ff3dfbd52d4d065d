package api_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/api"
)

// must returns a function that fails the test on an error and else passes the value on.
func must[T any](t *testing.T) func(T, error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func equal(t *testing.T, name string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: %+v, want %+v", name, got, want)
	}
}

func TestClientProjects(t *testing.T) {
	t.Parallel()
	h, ctx := newHouse(t), t.Context()
	c := h.client()
	equal(t, "version", must[api.Version](t)(c.ServerVersion(ctx)), api.Version{Version: "1.2.3"})
	shop := aloft.Project{Name: "shop", CreatedAt: start}
	equal(t, "list", must[[]aloft.Project](t)(c.Projects(ctx)), []aloft.Project{shop})
	equal(t, "get", must[aloft.Project](t)(c.Project(ctx, "shop")), shop)
	equal(t, "create", must[aloft.Project](t)(c.CreateProject(ctx, "new")), aloft.Project{Name: "new", CreatedAt: start})
	if _, err := c.CreateProject(ctx, "shop"); aloft.ErrorCode(err) != aloft.CodeConflict {
		t.Errorf("creating it again: %v", err)
	}
	if err := c.DeleteProject(ctx, "shop"); err != nil {
		t.Error(err)
	}
	equal(t, "asked", h.runs.asked, []string{"delete project shop"})
}

func TestClientEnvironments(t *testing.T) {
	t.Parallel()
	h, ctx := newHouse(t), t.Context()
	c := h.client()
	count := func(f aloft.EnvironmentFilter) int { return len(must[[]aloft.Environment](t)(c.Environments(ctx, f))) }
	equal(t, "all", count(aloft.EnvironmentFilter{}), 2)
	equal(t, "with destroyed ones", count(aloft.EnvironmentFilter{Project: "shop", Destroyed: true}), 3)
	equal(t, "of another project", count(aloft.EnvironmentFilter{Project: "other"}), 0)

	details := must[api.EnvironmentDetails](t)(c.Environment(ctx, alice))
	equal(t, "environment", details.Environment, h.store.environments[alice])
	equal(t, "lengths", []int{len(details.Releases), len(details.Processes), len(details.Runs)}, []int{3, 1, 2})

	changed := must[aloft.Environment](t)(c.SetTTL(ctx, alice, 72*time.Hour))
	equal(t, "expiry", changed.ExpiresAt, start.Add(72*time.Hour))
	changed = must[aloft.Environment](t)(c.SetTTL(ctx, alice, 0))
	equal(t, "never", changed.ExpiresAt.IsZero() && changed.TTL == 0, true)

	must[aloft.Run](t)(c.DestroyEnvironment(ctx, alice, false))
	must[aloft.Run](t)(c.Rollback(ctx, alice, api.RollbackRequest{App: "web", Release: 2}))
	must[aloft.Run](t)(c.Retry(ctx, alice))
	equal(t, "asked", h.runs.asked, []string{
		`accept destroy shop/alice revision="" release=0 by api/Ann Example`,
		`accept rollback shop/alice revision="commit 2" release=2 by api/Ann Example`,
		`accept up shop/alice revision="c0ffee" release=0 by api/Ann Example`,
	})
}

func TestDestroyedEnvironmentsStayDestroyed(t *testing.T) {
	t.Parallel()
	h, ctx := newHouse(t), t.Context()
	c := h.client()
	_, destroy := c.DestroyEnvironment(ctx, gone, false)
	_, rollback := c.Rollback(ctx, gone, api.RollbackRequest{})
	_, ttl := c.SetTTL(ctx, gone, time.Hour)
	for name, err := range map[string]error{"destroy": destroy, "rollback": rollback, "ttl": ttl} {
		if aloft.ErrorCode(err) != aloft.CodeConflict || !strings.Contains(aloft.ErrorHint(err), "git push aloft HEAD:env-gone") {
			t.Errorf("%s: %v, hint %q", name, err, aloft.ErrorHint(err))
		}
	}
	equal(t, "asked", len(h.runs.asked), 0)
}

func TestClientStates(t *testing.T) {
	t.Parallel()
	h, ctx := newHouse(t), t.Context()
	c := h.client()
	equal(t, "newest", must[[]aloft.StateVersion](t)(c.StateVersions(ctx, alice))[0].Version, int64(2))
	equal(t, "aside", must[[]aloft.StateVersion](t)(c.StatesAside(ctx, alice))[0].Aside, "not newer")
	equal(t, "lock", must[aloft.Lock](t)(c.StateLock(ctx, alice)), aloft.Lock{ID: "l-1", Who: "run 7", Created: start, RunID: 7})
	equal(t, "read", string(must[[]byte](t)(c.State(ctx, alice, 2))), `{"version":4,"serial":2}`)
	equal(t, "restored", must[aloft.StateVersion](t)(c.RestoreState(ctx, alice, 1)).Version, int64(2))
}

func TestClientRuns(t *testing.T) {
	t.Parallel()
	h, ctx := newHouse(t), t.Context()
	c := h.client()
	count := func(f aloft.RunFilter) int { return len(must[[]aloft.Run](t)(c.Runs(ctx, f))) }
	equal(t, "all", count(aloft.RunFilter{}), 2)
	equal(t, "failed or running", count(aloft.RunFilter{Project: "shop", Environment: "alice", Statuses: []aloft.RunStatus{aloft.RunFailed, aloft.RunRunning}}), 1)
	equal(t, "one", count(aloft.RunFilter{Limit: 1}), 1)
	run := must[api.RunDetails](t)(c.Run(ctx, 1))
	equal(t, "run", run.Run, h.store.runs[1])
	equal(t, "step", run.Steps[0].Name, "checkout")
	equal(t, "plan", must[aloft.Plan](t)(c.Plan(ctx, 1)).Digest, "d1")
	trace := must[aloft.Trace](t)(c.Trace(ctx, 1))
	equal(t, "trace", trace.Spans[0].Parts[0].Name, "web")
	equal(t, "duration", trace.Duration, time.Second)
	if err := c.ApproveRun(ctx, 1, "d1"); err != nil {
		t.Error(err)
	}
	if err := c.CancelRun(ctx, 1); err != nil {
		t.Error(err)
	}
	equal(t, "asked", h.runs.asked, []string{"approve 1 d1 by Ann Example", "cancel 1 by Ann Example"})
}

// TestClientLocalTarget runs with the token of a run, as the provider does.
func TestClientLocalTarget(t *testing.T) {
	t.Parallel()
	h, ctx := newHouse(t), t.Context()
	c := api.NewClient(api.ClientOptions{URL: h.url + "/", Token: h.tokens.Issue(alice, 1)})
	url, claim := "http://alice.shop.localhost:8090", aloft.Claim{Creation: "new", Over: "old"}
	equal(t, "put group", must[aloft.Group](t)(c.PutGroup(ctx, alice, claim)), aloft.Group{URL: url, Creation: "newold"})
	equal(t, "group", must[aloft.Group](t)(c.Group(ctx, alice)), aloft.Group{URL: url})

	slot := aloft.Slot{
		EnvironmentKey: alice, App: "web", Command: "./web", Variables: map[string]string{"A": "b"},
		Instances: 2, HealthPath: "/healthz", MemoryLimit: 64 << 20, URL: url, Creation: "newold",
	}
	equal(t, "put slot", must[aloft.Slot](t)(c.PutSlot(ctx, slot, claim)), slot)
	equal(t, "slot", must[aloft.Slot](t)(c.Slot(ctx, alice, "web")), slot)
	equal(t, "instances of a slot that does not say", must[aloft.Slot](t)(c.PutSlot(ctx, aloft.Slot{EnvironmentKey: alice, App: "one"}, aloft.Claim{})).Instances, 1)

	database := aloft.Database{EnvironmentKey: alice, Name: "db", Password: "database-password"}
	equal(t, "put database", must[aloft.Database](t)(c.PutDatabase(ctx, alice, "db", aloft.Claim{})), database)
	equal(t, "the creation of a database", must[aloft.Database](t)(c.PutDatabase(ctx, alice, "db", claim)).Creation, "newold")
	equal(t, "database", must[aloft.Database](t)(c.Database(ctx, alice, "db")), database)

	for name, err := range map[string]error{
		"database": c.DeleteDatabase(ctx, alice, "db", "mine"), "slot": c.DeleteSlot(ctx, alice, "web", "mine"), "group": c.DeleteGroup(ctx, alice, "mine"),
	} {
		if err != nil {
			t.Errorf("delete %s: %v", name, err)
		}
	}
	if _, err := c.Slot(ctx, alice, "web"); aloft.ErrorCode(err) != aloft.CodeNotFound {
		t.Errorf("a deleted slot: %v", err)
	}
	if _, err := c.PutGroup(ctx, bob, aloft.Claim{}); aloft.ErrorCode(err) != aloft.CodeForbidden {
		t.Errorf("the group of another environment: %v", err)
	}
}

func TestClientWithoutServer(t *testing.T) {
	t.Parallel()
	t.Run("nobody listens", func(t *testing.T) {
		url := fmt.Sprintf("http://127.0.0.1:%d", must[int](t)(aloft.FreePort()))
		_, err := api.NewClient(api.ClientOptions{URL: url}).Projects(t.Context())
		if aloft.ErrorCode(err) != aloft.CodeUnavailable || err.Error() != "no Aloft server answers at "+url ||
			aloft.ErrorHint(err) != "start it with: aloft serve" {
			t.Errorf("%v, hint %q", err, aloft.ErrorHint(err))
		}
	})
	t.Run("the caller gave up", func(t *testing.T) {
		h := newHouse(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := h.client().Projects(ctx); aloft.ErrorCode(err) != aloft.CodeCanceled {
			t.Errorf("%v", err)
		}
	})
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		code   aloft.Code
	}{
		"another program answers": {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>", 404) }, aloft.CodeNotFound},
		"a redirect":              {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/x", http.StatusFound) }, aloft.CodeInternal},
		"not JSON":                {func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("hello")) }, aloft.CodeUnavailable},
		"a cut answer":            {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, aloft.CodeUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			web := httptest.NewServer(c.answer)
			defer web.Close()
			if _, err := api.NewClient(api.ClientOptions{URL: web.URL}).Projects(t.Context()); aloft.ErrorCode(err) != c.code {
				t.Errorf("%v is %s, want %s", err, aloft.ErrorCode(err), c.code)
			}
		})
	}
}

package api_test

import (
	"testing"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/api"
)

func TestRetryRepeatsTheLastRun(t *testing.T) {
	t.Parallel()
	run := func(operation aloft.Operation, status aloft.RunStatus, revision string) aloft.Run {
		return aloft.Run{ID: 5, EnvironmentKey: alice, Operation: operation, Status: status, Revision: revision, Release: 4}
	}
	up := run(aloft.OperationUp, aloft.RunFailed, "abc")
	cases := []struct {
		name string
		runs []aloft.Run // newest first
		want string
		code aloft.Code
	}{
		{"a failed push", []aloft.Run{up}, `accept up shop/alice revision="abc" release=4 by api/Ann Example`, ""},
		{"not a plan", []aloft.Run{run(aloft.OperationPlan, aloft.RunFailed, "x"), up}, `accept up shop/alice revision="abc" release=4 by api/Ann Example`, ""},
		{"not a superseded run", []aloft.Run{run(aloft.OperationUp, aloft.RunSuperseded, "x"), up}, `accept up shop/alice revision="abc" release=4 by api/Ann Example`, ""},
		{"a failed destroy", []aloft.Run{run(aloft.OperationDestroy, aloft.RunFailed, ""), up}, `accept destroy shop/alice revision="" release=4 by api/Ann Example`, ""},
		{"a repair, at what runs", []aloft.Run{run(aloft.OperationRepair, aloft.RunFailed, "")}, `accept repair shop/alice revision="c0ffee" release=4 by api/Ann Example`, ""},
		{"a rollback", []aloft.Run{run(aloft.OperationRollback, aloft.RunCanceled, "abc")}, `accept rollback shop/alice revision="abc" release=4 by api/Ann Example`, ""},
		{"not one under way", []aloft.Run{run(aloft.OperationUp, aloft.RunWaiting, "abc")}, "", aloft.CodeConflict},
		{"not a finished destroy", []aloft.Run{run(aloft.OperationDestroy, aloft.RunSucceeded, "")}, "", aloft.CodeConflict},
		{"not nothing", nil, "", aloft.CodeConflict},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t)
			h.store.runs = c.runs
			_, err := h.client().Retry(t.Context(), alice)
			equal(t, "code", aloft.ErrorCode(err), c.code)
			if c.want != "" {
				equal(t, "asked", h.runs.asked, []string{c.want})
			}
		})
	}
}

func TestRollbackNeedsAnEarlierRelease(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name string
		to   api.RollbackRequest
		code aloft.Code
	}{
		{"the one before", api.RollbackRequest{}, ""},
		{"by number", api.RollbackRequest{Release: 1}, ""},
		{"the active one again", api.RollbackRequest{Release: 3}, ""},
		{"of an app", api.RollbackRequest{App: "web"}, ""},
		{"of an unknown app", api.RollbackRequest{App: "other"}, aloft.CodeConflict},
		{"an unknown number", api.RollbackRequest{Release: 9}, aloft.CodeNotFound},
		{"one that never ran", api.RollbackRequest{Release: 4}, aloft.CodeConflict},
		{"a negative number", api.RollbackRequest{Release: -1}, aloft.CodeInvalid},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t)
			h.store.releases = append(h.store.releases, aloft.Release{EnvironmentKey: alice, App: "web", Number: 4, Status: aloft.ReleaseFailed})
			_, err := h.client().Rollback(t.Context(), alice, c.to)
			equal(t, "code", aloft.ErrorCode(err), c.code)
			equal(t, "accepted runs", len(h.runs.asked), map[bool]int{true: 1}[c.code == ""])
		})
	}
}

func TestActor(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ actor, want string }{
		"a name":             {"Ann Example", "Ann Example"},
		"none":               {"", "api"},
		"control characters": {"Ann\x1b[31m\r\nEvil: x", "Ann[31mEvil: x"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			client := api.NewClient(api.ClientOptions{URL: h.url, Token: adminToken, Actor: c.actor})
			if err := client.CancelRun(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
			equal(t, "asked", h.runs.asked, []string{"cancel 1 by " + c.want})
		})
	}
}

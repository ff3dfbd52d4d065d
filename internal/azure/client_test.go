package azure_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aloft-dev/aloft"
)

// All of these are told by deleting the group of an environment: one change, and
// one operation.
func groupCloud() *azureFake {
	z := newAzure()
	there := true
	z.hosts[manager] = func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodDelete:
			there = false
			reply(w, http.StatusAccepted, nil, "Location", "https://"+manager+"/operation", "Retry-After", "15")
		case r.URL.Path == "/operation":
			reply(w, http.StatusOK, nil)
		case strings.HasSuffix(r.URL.Path, "/resourcegroups"):
			value := []any{}
			if there {
				value = append(value,
					object{"id": group, "name": "rg-shop-alice", "tags": object{"project": "shop", "environment": "alice", "managed-by": "aloft"}},
					object{"id": group + "x", "name": "rg-other", "tags": object{"project": "other", "environment": "alice", "managed-by": "aloft"}})
			}
			reply(w, http.StatusOK, object{"value": value})
		case strings.HasSuffix(r.URL.Path, "/resources"):
			reply(w, http.StatusOK, object{"value": []any{
				object{"name": "psql-shop", "type": "Microsoft.DBforPostgreSQL/flexibleServers"},
				object{"name": "ca-web", "type": "Microsoft.App/containerApps"},
			}})
		}
	}
	return z
}

var shop = aloft.EnvironmentKey{Project: "shop", Environment: "alice"}

func TestAnEnvironmentIsItsTaggedResourceGroup(t *testing.T) {
	z := groupCloud()
	target := z.target(t)
	holding, err := target.Holding(t.Context(), shop)
	if err != nil || fmt.Sprint(holding) != "[Microsoft.DBforPostgreSQL/flexibleServers psql-shop]" {
		t.Errorf("holding %v, %v", holding, err)
	}
	if err := target.Remove(t.Context(), shop); err != nil {
		t.Fatal(err)
	}
	if z.count("DELETE") != 1 {
		t.Errorf("%d groups were deleted", z.count("DELETE"))
	}
	if remains, err := target.Remains(t.Context(), shop); err != nil || len(remains) > 0 {
		t.Errorf("remains %v, %v", remains, err)
	}
}

func TestAChangeIsFollowedToItsEnd(t *testing.T) {
	running := func(headers ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			reply(w, http.StatusOK, object{"status": "InProgress"}, headers...)
		}
	}
	accepted := func(headers ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusAccepted, nil, headers...) }
	}
	async := accepted("Azure-AsyncOperation", "https://"+manager+"/operation", "Retry-After", "3")
	failed := func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, object{"status": "Failed", "error": object{"code": "ScopeLocked", "message": "a lock is there"}})
	}
	tests := []struct {
		name    string
		answers []http.HandlerFunc // of the DELETE, then of the operation
		code    aloft.Code
		message string
		waited  time.Duration
	}{
		{"at once", []http.HandlerFunc{func(w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusNoContent, nil) }}, "", "", 0},
		{"what is gone already", []http.HandlerFunc{refuse(http.StatusNotFound, "ResourceGroupNotFound", "gone")}, "", "", 0},
		{"by Azure-AsyncOperation, as slowly as Azure says", []http.HandlerFunc{async, running("Retry-After", "7"), running(), func(w http.ResponseWriter, _ *http.Request) {
			reply(w, http.StatusOK, object{"status": "Succeeded"})
		}}, "", "", 15 * time.Second},
		{"by Location", []http.HandlerFunc{accepted("Location", "https://"+manager+"/operation"), accepted("Retry-After", "2"), func(w http.ResponseWriter, _ *http.Request) {
			reply(w, http.StatusOK, nil)
		}}, "", "", 7 * time.Second},
		{"one that vanishes has deleted", []http.HandlerFunc{async, running(), refuse(http.StatusNotFound, "NotFound", "no operation")}, "", "", 8 * time.Second},
		{"one that fails has status 200", []http.HandlerFunc{async, failed}, aloft.CodeForbidden, "a lock is there (ScopeLocked, request 1111", 3 * time.Second},
		{"Azure is busy", []http.HandlerFunc{refuse(http.StatusConflict, "AnotherOperationInProgress", "busy", "Retry-After", "20"), async, func(w http.ResponseWriter, _ *http.Request) {
			reply(w, http.StatusOK, object{"status": "Succeeded"})
		}}, "", "", 23 * time.Second},
		{"a conflict that does not pass", []http.HandlerFunc{refuse(http.StatusConflict, "Conflict", "the name is used")}, aloft.CodeConflict, "the name is used (Conflict, status 409", 0},
		{"throttled", []http.HandlerFunc{refuse(http.StatusTooManyRequests, "TooManyRequests", "slow", "x-ms-retry-after-ms", "1"), async, func(w http.ResponseWriter, _ *http.Request) {
			reply(w, http.StatusOK, object{"status": "Succeeded"})
		}}, "", "", 3 * time.Second},
		{"an operation at another host gets no token", []http.HandlerFunc{accepted("Azure-AsyncOperation", "https://evil.example/operation"), refuse(http.StatusNotFound, "ResourceGroupNotFound", "gone")}, "", "", 5 * time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			z := groupCloud()
			began := z.Now()
			normal := z.hosts[manager]
			z.hosts[manager] = func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodDelete || r.URL.Path == "/operation" || r.URL.Path == group {
					answer := test.answers[0]
					test.answers = test.answers[1:]
					answer(w, r)
					return
				}
				normal(w, r)
			}
			err := z.target(t).Remove(t.Context(), shop)
			if aloft.ErrorCode(err) != test.code || test.message != "" && !strings.Contains(err.Error(), test.message) {
				t.Errorf("error %v (%s)", err, aloft.ErrorCode(err))
			}
			if err != nil && aloft.ErrorHint(err) == "" {
				t.Error("there is no hint")
			}
			if waited := z.Now().Sub(began); waited != test.waited {
				t.Errorf("it waited %s, want %s", waited, test.waited)
			}
			if len(test.answers) > 0 {
				t.Errorf("%d answers are left", len(test.answers))
			}
			if z.count("evil.example") > 0 {
				t.Error("another host was asked")
			}
		})
	}
}

func TestBusyEndsAfterItsBound(t *testing.T) {
	z := groupCloud()
	normal := z.hosts[manager]
	z.hosts[manager] = func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodDelete {
			refuse(http.StatusConflict, "ContainerAppOperationInProgress", "busy", "Retry-After", "60")(w, r)
			return
		}
		normal(w, r)
	}
	began := z.Now()
	err := z.target(t).Remove(t.Context(), shop)
	if aloft.ErrorCode(err) != aloft.CodeConflict || z.Now().Sub(began) != 16*time.Minute {
		t.Errorf("after %s: %v", z.Now().Sub(began), err)
	}
}

// What goes wrong names its cause, Azure's code, the request and the remedy.
func TestEachRefusalHasARemedy(t *testing.T) {
	tests := []struct {
		status  int
		code    string
		message string
		want    aloft.Code
		hint    string
	}{
		{403, "AuthorizationFailed", "The client does not have authorization", aloft.CodeForbidden, "role"},
		{401, "InvalidAuthenticationTokenTenant", "The access token is from the wrong issuer", aloft.CodeForbidden, "az login"},
		{404, "SubscriptionNotFound", "The subscription could not be found", aloft.CodeNotFound, "az account list"},
		{409, "MissingSubscriptionRegistration", "not registered to use namespace Microsoft.App", aloft.CodeForbidden, "az provider register"},
		{403, "RequestDisallowedByPolicy", "Resource was disallowed by policy", aloft.CodeForbidden, "exemption"},
		{409, "OperationNotAllowed", "exceeding approved Total Regional Cores quota", aloft.CodeForbidden, "Quotas"},
		{400, "QuotaExceeded", "no more", aloft.CodeUnavailable, "Quotas"},
		{400, "LocationNotAvailableForResourceType", "not available in location", aloft.CodeInvalid, "another region"},
		{409, "StorageAccountAlreadyTaken", "The name is already taken", aloft.CodeConflict, "unique in all of Azure"},
		{409, "ConflictError", "A vault with the same name already exists in deleted state", aloft.CodeConflict, "az keyvault purge"},
		{403, "ScopeLocked", "The scope is locked", aloft.CodeForbidden, "lock"},
		{413, "", "too large", aloft.CodeInvalid, "too large"},
		{500, "", "<html>oops</html>", aloft.CodeUnavailable, "try again later"},
		{418, "Teapot", "something else", aloft.CodeFailed, ""},
	}
	for _, test := range tests {
		t.Run(fmt.Sprint(test.status, test.code), func(t *testing.T) {
			z := groupCloud()
			z.hosts[manager] = func(w http.ResponseWriter, r *http.Request) {
				refuse(test.status, test.code, test.message, "x-ms-retry-after-ms", "1")(w, r)
			}
			_, err := z.target(t).Remains(t.Context(), shop)
			if aloft.ErrorCode(err) != test.want || !strings.Contains(aloft.ErrorHint(err), test.hint) {
				t.Errorf("%s: %v\n→ %s", aloft.ErrorCode(err), err, aloft.ErrorHint(err))
			}
			for _, part := range []string{test.code, "request 11111111-2222"} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q lacks %q", err, part)
				}
			}
		})
	}
}

func TestEveryRequestHasAnIDOfItsOwn(t *testing.T) {
	z, seen := groupCloud(), map[string]bool{}
	normal := z.hosts[manager]
	z.hosts[manager] = func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get("x-ms-client-request-id")
		if id == "" || seen[id] {
			t.Errorf("request id %q", id)
		}
		seen[id] = true
		normal(w, r)
	}
	if err := z.target(t).Remove(t.Context(), shop); err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsStoppedIsCanceled(t *testing.T) {
	z := groupCloud()
	ctx, cancel := context.WithCancel(t.Context())
	z.clock.tick = cancel
	if err := z.target(t).Remove(ctx, shop); aloft.ErrorCode(err) != aloft.CodeCanceled {
		t.Errorf("error %v", err)
	}
}

package cloud_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft/tools/azure/cloud"
)

func TestResourceManagerSaysNo(t *testing.T) {
	w := start(t, cloud.Options{Unregistered: []string{"Microsoft.App"}})
	group := w.group("rg-shop")
	for _, test := range []struct {
		name, method, path string
		body               any
		status             int
		code               string
	}{
		{"without a version", http.MethodGet, group + "?api-version=", nil, 400, "MissingApiVersionParameter"},
		{"with a version that is no date", http.MethodGet, group + "?api-version=newest", nil, 400, "InvalidApiVersionParameter"},
		{"with a version that its type has not", http.MethodGet, group + "/providers/Microsoft.Web/sites/x?api-version=2025-07-01", nil, 400, "NoRegisteredProviderFound"},
		{"in another subscription", http.MethodGet, "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/x", nil, 404, "SubscriptionNotFound"},
		{"in a group that is not there", http.MethodPut, w.subscription() + "/resourceGroups/no/providers/Microsoft.ManagedIdentity/userAssignedIdentities/x", object{}, 404, "ResourceGroupNotFound"},
		{"about a resource that is not there", http.MethodGet, group + "/providers/Microsoft.Web/sites/x", nil, 404, "ResourceNotFound"},
		{"about a group that is not there", http.MethodDelete, w.subscription() + "/resourceGroups/no", nil, 404, "ResourceGroupNotFound"},
		{"of a provider that is not registered", http.MethodPut, group + "/providers/Microsoft.App/managedEnvironments/x", object{}, 409, "MissingSubscriptionRegistration"},
		{"below a resource that is not there", http.MethodPut, group + "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/no/federatedIdentityCredentials/x", object{}, 404, "ParentResourceNotFound"},
		{"to a group without a place", http.MethodPut, w.subscription() + "/resourceGroups/x", object{}, 400, "LocationRequired"},
		{"to a role for nobody", http.MethodPut, group + "/providers/Microsoft.Authorization/roleAssignments/x", object{"properties": object{"principalId": "nobody"}}, 400, "PrincipalNotFound"},
	} {
		t.Run(test.name, func(t *testing.T) {
			response, err := w.send(test.method, test.path, test.body)
			if code(err) != test.code || response.StatusCode != test.status {
				t.Errorf("it says %d %s, want %d %s", response.StatusCode, code(err), test.status, test.code)
			}
			if response.Header.Get("X-Ms-Request-Id") == "" {
				t.Error("there is no request id")
			}
		})
	}
}

func TestAProviderIsRegistered(t *testing.T) {
	w := start(t, cloud.Options{Unregistered: []string{"Microsoft.App"}})
	provider := w.subscription() + "/providers/Microsoft.App"
	if got := w.get(provider)["registrationState"]; got != "NotRegistered" {
		t.Errorf("it is %v", got)
	}
	w.must(http.MethodPost, provider+"/register", nil)
	if got := w.get(provider)["registrationState"]; got != "Registered" {
		t.Errorf("it is %v", got)
	}
}

func TestIdsAreTheSameInAnyCase(t *testing.T) {
	w := start(t, cloud.Options{})
	identity := w.identity(w.group("rg-shop"), "id-shop")
	id := identity["id"].(string)
	if got := w.get(strings.ToUpper(id))["id"]; got != id {
		t.Errorf("it is %v, want %v", got, id)
	}
	again := w.must(http.MethodPut, strings.ToLower(id), object{"location": "westeurope"})
	if again["id"] != id || at(again, "properties.clientId") != at(identity, "properties.clientId") {
		t.Errorf("a second write makes another identity: %v", again)
	}
}

func TestAPatchMerges(t *testing.T) {
	w := start(t, cloud.Options{})
	group := w.group("rg-shop")
	got := w.must(http.MethodPatch, group, object{"tags": object{"environment": "alice", "project": nil}})
	if at(got, "tags.environment") != "alice" || at(got, "tags.project") != nil || got["location"] != "westeurope" {
		t.Errorf("it became %v", got)
	}
}

func TestAGroupGoesWithAllThatIsInIt(t *testing.T) {
	w := start(t, cloud.Options{})
	group, other := w.group("rg-shop"), w.group("rg-shop-2")
	identity := w.identity(group, "id-shop")
	w.identity(other, "id-other")
	if err := w.give("Contributor", group, at(identity, "properties.principalId")); err != nil {
		t.Fatal(err)
	}
	w.must(http.MethodDelete, group, nil)
	if got := w.Resources(); len(got) != 2 || slices.ContainsFunc(got, func(id string) bool { return !strings.HasPrefix(id, other) }) {
		t.Errorf("what is left: %q", got)
	}
}

func TestALockKeepsAGroup(t *testing.T) {
	w := start(t, cloud.Options{})
	group := w.group("rg-state")
	lock := group + "/providers/Microsoft.Authorization/locks/keep"
	w.must(http.MethodPut, lock, object{"properties": object{"level": "CanNotDelete"}})
	if _, err := w.ask(http.MethodDelete, group, nil); code(err) != "ScopeLocked" {
		t.Errorf("it says %q", code(err))
	}
	w.must(http.MethodDelete, lock, nil)
	w.must(http.MethodDelete, group, nil)
}

func TestResourcesAreFoundByTheirTags(t *testing.T) {
	w := start(t, cloud.Options{})
	w.group("rg-shop")
	w.must(http.MethodPut, w.subscription()+"/resourceGroups/rg-other", object{"location": "westeurope"})
	found := w.get(w.subscription() + "/resourceGroups?api-version=2025-04-01&%24filter=tagName%20eq%20%27project%27%20and%20tagValue%20eq%20%27shop%27")
	if values := found["value"].([]any); len(values) != 1 || values[0].(object)["name"] != "rg-shop" {
		t.Errorf("it finds %v", values)
	}
}

func TestARoleIsGivenOnce(t *testing.T) {
	w := start(t, cloud.Options{})
	group := w.group("rg-shop")
	who := at(w.identity(group, "id-shop"), "properties.principalId")
	if err := w.give("AcrPull", group, who); err != nil {
		t.Fatal(err)
	}
	if err := w.give("AcrPull", group, who); code(err) != "RoleAssignmentExists" {
		t.Errorf("a second time: %q", code(err))
	}
}

func TestAnIdentityMayDoWhatItsRolesSay(t *testing.T) {
	w := start(t, cloud.Options{Principals: []cloud.Principal{
		{Client: cloud.DefaultClient, Secret: cloud.DefaultSecret, Role: "Reader"},
	}})
	if _, err := w.send(http.MethodGet, w.subscription()+"/resourceGroups", nil); err != nil {
		t.Errorf("reading: %v", err)
	}
	if _, err := w.send(http.MethodPut, w.subscription()+"/resourceGroups/x", object{"location": "westeurope"}); code(err) != "AuthorizationFailed" {
		t.Errorf("writing: %q", code(err))
	}
}

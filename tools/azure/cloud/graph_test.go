package cloud_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/aloft-dev/aloft/tools/azure/cloud"
)

// graph asks Microsoft Graph and returns status, code of an error, and body.
func (w *world) graph(method, path string, body any) (int, string, object) {
	w.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		w.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(w.t.Context(), method, "https://graph.microsoft.com"+path, bytes.NewReader(text))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+w.token("https://graph.microsoft.com"))
	response, err := w.client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	var answer object
	if said := read(w.t, response); said != "" {
		if err := json.Unmarshal([]byte(said), &answer); err != nil {
			w.t.Fatalf("%q: %v", said, err)
		}
	}
	problem, _ := at(answer, "error.code").(string)
	return response.StatusCode, problem, answer
}

func TestAnApplicationLogsInByItsCredential(t *testing.T) {
	w := start(t, cloud.Options{Principals: []cloud.Principal{
		{Client: cloud.DefaultClient, Secret: cloud.DefaultSecret, Role: "Owner", Directory: true},
	}})
	_, _, app := w.graph(http.MethodPost, "/v1.0/applications", object{"displayName": "aloft-shop"})
	client := app["appId"].(string)
	if status, _, _ := w.graph(http.MethodPost, "/v1.0/servicePrincipals", object{"appId": client}); status != http.StatusCreated {
		t.Fatalf("the service principal: %d", status)
	}
	credential := object{
		"name": "github", "issuer": cloud.GitHubIssuer, "audiences": []string{exchangeAudience},
		"claimsMatchingExpression": object{"languageVersion": 1, "value": "claims['sub'] matches 'repo:acme/shop:environment:env-*'"},
	}
	path := "/applications(appId='" + client + "')/federatedIdentityCredentials"
	if status, _, _ := w.graph(http.MethodPost, "/beta"+path, credential); status != http.StatusBadRequest {
		t.Errorf("a subject alone: %d", status)
	}
	credential["claimsMatchingExpression"].(object)["value"] = "claims['sub'] matches 'repo:acme/shop:environment:env-*' and claims['repository_id'] eq '2'"
	if status, _, _ := w.graph(http.MethodPost, "/v1.0"+path, credential); status != http.StatusBadRequest {
		t.Errorf("an expression without the beta: %d", status)
	}
	if status, code, _ := w.graph(http.MethodPost, "/beta"+path, credential); status != http.StatusCreated {
		t.Fatalf("it says %d %s", status, code)
	}
	if err := w.loginAs(client, map[string]any{"sub": "repo:acme/shop:environment:env-alice", "repository_id": "2"}, exchangeAudience); err != nil {
		t.Error(err)
	}
}

func TestNotEverybodyRegistersApplications(t *testing.T) {
	w := start(t, cloud.Options{})
	if status, code, _ := w.graph(http.MethodPost, "/v1.0/applications", object{"displayName": "x"}); status != http.StatusForbidden || code != "Authorization_RequestDenied" {
		t.Errorf("it says %d %s", status, code)
	}
}

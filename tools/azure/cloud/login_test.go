package cloud_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/aloft-dev/aloft/tools/azure/cloud"
)

const exchangeAudience = "api://AzureADTokenExchange"

func TestASecretLogsIn(t *testing.T) {
	w := start(t, cloud.Options{})
	if got := at(w.get(w.subscription()), "subscriptionId"); got != w.Subscription() {
		t.Errorf("the subscription is %v", got)
	}
	wrong, err := azidentity.NewClientSecretCredential(w.Tenant(), cloud.DefaultClient, "another",
		&azidentity.ClientSecretCredentialOptions{ClientOptions: w.clientOptions()})
	if err != nil {
		t.Fatal(err)
	}
	_, err = wrong.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{"https://management.azure.com/.default"}})
	if err == nil || !strings.Contains(err.Error(), "AADSTS7000215") {
		t.Errorf("a wrong secret: %v", err)
	}
}

// federated makes an identity with a credential and returns its client id.
func (w *world) federated(properties object) (client string, err error) {
	w.t.Helper()
	identity := w.identity(w.group("rg-setup"), "id-deployer")
	_, err = w.send(http.MethodPut, identity["id"].(string)+"/federatedIdentityCredentials/github?api-version=2025-01-31-preview",
		object{"properties": properties})
	return at(identity, "properties.clientId").(string), err
}

func (w *world) loginAs(client string, claims map[string]any, audience string) error {
	w.t.Helper()
	login, err := azidentity.NewClientAssertionCredential(w.Tenant(), client,
		func(context.Context) (string, error) { return w.GitHubToken(claims, audience), nil },
		&azidentity.ClientAssertionCredentialOptions{ClientOptions: w.clientOptions()})
	if err != nil {
		w.t.Fatal(err)
	}
	_, err = login.GetToken(w.t.Context(), policy.TokenRequestOptions{Scopes: []string{"https://management.azure.com/.default"}})
	return err
}

func TestAJobLogsInByItsToken(t *testing.T) {
	subject := "repo:acme@1/shop@2:environment:env-alice"
	claims := map[string]any{"sub": subject, "repository_id": "2", "repository_owner_id": "1"}
	flexible := func(expression string) object {
		return object{"claimsMatchingExpression": object{"languageVersion": 1, "value": expression}}
	}
	for _, test := range []struct {
		name       string
		credential object
		claims     map[string]any
		audience   string
		refused    string // of the login
	}{
		{"with its exact subject", object{"subject": subject}, claims, exchangeAudience, ""},
		{"with another subject", object{"subject": "repo:acme@1/shop@2:environment:env-bob"}, claims, exchangeAudience, "AADSTS700213"},
		{"with a subject in another case", object{"subject": "repo:Acme@1/shop@2:environment:env-alice"}, claims, exchangeAudience, "AADSTS700213"},
		{"for another audience", object{"subject": subject}, claims, "https://github.com/acme", "AADSTS700212"},
		{"by an expression", flexible("claims['sub'] matches 'repo:acme@1/shop@2:environment:env-*' and claims['repository_id'] eq '2'"), claims, exchangeAudience, ""},
		{"by an expression of another repository", flexible("claims['sub'] matches 'repo:acme@1/shop@2:environment:env-*' and claims['repository_id'] eq '3'"), claims, exchangeAudience, "AADSTS700213"},
		{"by an expression whose pattern ends earlier", flexible("claims['sub'] matches 'repo:acme@1/shop@2:environment:env-?' and claims['repository_id'] eq '2'"), claims, exchangeAudience, "AADSTS700213"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := start(t, cloud.Options{})
			test.credential["issuer"], test.credential["audiences"] = cloud.GitHubIssuer, []string{exchangeAudience}
			client, err := w.federated(test.credential)
			if err != nil {
				t.Fatal(err)
			}
			err = w.loginAs(client, test.claims, test.audience)
			if test.refused == "" && err != nil || test.refused != "" && (err == nil || !strings.Contains(err.Error(), test.refused)) {
				t.Errorf("the login says %v, want %q", err, test.refused)
			}
		})
	}
}

func TestExpressionsAreHeldToEntrasRules(t *testing.T) {
	w := start(t, cloud.Options{})
	const invalid = "InvalidFederatedIdentityCredentialValue"
	for _, test := range []struct{ name, issuer, expression, want string }{
		{"a subject alone", cloud.GitHubIssuer, "claims['sub'] matches 'repo:acme/shop:*'", invalid},
		{"a repository id", cloud.GitHubIssuer, "claims['sub'] matches 'repo:acme/shop:*' and claims['repository_id'] eq '2'", ""},
		{"an owner id", cloud.GitHubIssuer, "claims['repository_owner_id'] eq '2' and claims['sub'] eq 'repo:acme/shop:ref:refs/heads/main'", ""},
		{"a workflow", cloud.GitHubIssuer, "claims['repository_id'] eq '2' and claims['job_workflow_ref'] matches 'acme/shop/.github/workflows/aloft.yml@*'", ""},
		{"an id that is matched", cloud.GitHubIssuer, "claims['repository_id'] matches '2'", invalid},
		{"a claim of its own", cloud.GitHubIssuer, "claims['repository_id'] eq '2' and claims['actor'] eq 'alice'", invalid},
		{"no sentence", cloud.GitHubIssuer, "sub is alice", invalid},
		{"another issuer", "https://github.example.com", "claims['repository_id'] eq '2'", invalid},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := w.federated(object{
				"issuer": test.issuer, "audiences": []string{exchangeAudience},
				"claimsMatchingExpression": object{"languageVersion": 1, "value": test.expression},
			})
			if code(err) != test.want {
				t.Errorf("it says %q, want %q", code(err), test.want)
			}
		})
	}
}

func TestAForgedTokenIsRefused(t *testing.T) {
	w, other := start(t, cloud.Options{}), start(t, cloud.Options{})
	client, err := w.federated(object{"issuer": cloud.GitHubIssuer, "audiences": []string{exchangeAudience}, "subject": "me"})
	if err != nil {
		t.Fatal(err)
	}
	login, err := azidentity.NewClientAssertionCredential(w.Tenant(), client,
		func(context.Context) (string, error) {
			return other.GitHubToken(map[string]any{"sub": "me"}, exchangeAudience), nil
		},
		&azidentity.ClientAssertionCredentialOptions{ClientOptions: w.clientOptions()})
	if err != nil {
		t.Fatal(err)
	}
	_, err = login.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{"https://management.azure.com/.default"}})
	if err == nil || !strings.Contains(err.Error(), "AADSTS5000819") {
		t.Errorf("it says %v", err)
	}
}

func TestAJobAsksForItsToken(t *testing.T) {
	w := start(t, cloud.Options{})
	client, err := w.federated(object{"issuer": cloud.GitHubIssuer, "audiences": []string{exchangeAudience}, "subject": "me"})
	if err != nil {
		t.Fatal(err)
	}
	job := map[string]string{}
	for _, variable := range w.GitHubJob(map[string]any{"sub": "me"}) {
		name, value, _ := strings.Cut(variable, "=")
		job[name] = value
	}
	login, err := azidentity.NewClientAssertionCredential(w.Tenant(), client,
		func(context.Context) (string, error) { return w.jobToken(job) },
		&azidentity.ClientAssertionCredentialOptions{ClientOptions: w.clientOptions()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := login.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{"https://management.azure.com/.default"}}); err != nil {
		t.Error(err)
	}
	job["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = "another"
	if token, err := w.jobToken(job); err == nil {
		t.Errorf("another job is given %q", token)
	}
}

func (w *world) jobToken(job map[string]string) (string, error) {
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, job["ACTIONS_ID_TOKEN_REQUEST_URL"]+"&audience="+exchangeAudience, nil)
	if err != nil {
		return "", err
	}
	r.Header.Set("Authorization", "Bearer "+job["ACTIONS_ID_TOKEN_REQUEST_TOKEN"])
	response, err := w.client.Do(r)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	var body struct{ Value string }
	err = json.NewDecoder(response.Body).Decode(&body)
	return body.Value, err
}

func TestAMachineLogsInByItsIdentity(t *testing.T) {
	w := start(t, cloud.Options{})
	group := w.group("rg-server")
	identity := w.identity(group, "id-server")
	if err := w.give("Contributor", group, at(identity, "properties.principalId")); err != nil {
		t.Fatal(err)
	}
	login, err := azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{
		ClientOptions: w.clientOptions(), ID: azidentity.ClientID(at(identity, "properties.clientId").(string)),
	})
	if err != nil {
		t.Fatal(err)
	}
	w.use(login)
	if got := w.get(group)["name"]; got != "rg-server" {
		t.Errorf("it reads %v", got)
	}
	if _, err := w.send(http.MethodPut, w.subscription()+"/resourceGroups/x", object{"location": "westeurope"}); code(err) != "AuthorizationFailed" {
		t.Errorf("outside of its group: %q", code(err))
	}
}

package azure_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/azure"
)

const (
	tenant = "00000000-0000-4000-8000-0000000000aa"
	client = "00000000-0000-4000-8000-0000000000bb"
)

func TestOneWayToLogInIsChosen(t *testing.T) {
	tests := []struct {
		name    string
		environ map[string]string
		server  bool
		way     azure.Way
		hint    string // of the error, when there is none
	}{
		{"a laptop", nil, false, azure.WayCLI, ""},
		{"a laptop with the variables of Terraform", map[string]string{"ARM_CLIENT_ID": client, "ARM_TENANT_ID": tenant}, false, azure.WayCLI, ""},
		{"a job in GitHub", map[string]string{"GITHUB_ACTIONS": "true", "ACTIONS_ID_TOKEN_REQUEST_URL": "https://token.example/?v=1", "ARM_CLIENT_ID": client, "ARM_TENANT_ID": tenant}, false, azure.WayGitHub, ""},
		{"a job with the other names", map[string]string{"GITHUB_ACTIONS": "true", "ACTIONS_ID_TOKEN_REQUEST_URL": "https://token.example/", "AZURE_CLIENT_ID": client, "AZURE_TENANT_ID": tenant}, false, azure.WayGitHub, ""},
		{"a job after az login", map[string]string{"GITHUB_ACTIONS": "true"}, false, azure.WayCLI, ""},
		{"a job without the permission", map[string]string{"GITHUB_ACTIONS": "true", "ARM_CLIENT_ID": client, "ARM_TENANT_ID": tenant}, false, "", "id-token: write"},
		{"a job without a tenant", map[string]string{"ACTIONS_ID_TOKEN_REQUEST_URL": "https://token.example/", "ARM_CLIENT_ID": client}, false, "", "AZURE_TENANT_ID"},
		{"a server", nil, true, azure.WayManaged, ""},
		{"a server with an identity of several", map[string]string{"AZURE_CLIENT_ID": client}, true, azure.WayManaged, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			credential, way, err := azure.Login(azure.LoginOptions{Environ: func(name string) string { return test.environ[name] }, Server: test.server})
			if way != test.way || (credential == nil) != (test.hint != "") {
				t.Errorf("way %q, %v", way, err)
			}
			if test.hint != "" && (aloft.ErrorCode(err) != aloft.CodeInvalid || !strings.Contains(aloft.ErrorHint(err), test.hint)) {
				t.Errorf("%v → %s", err, aloft.ErrorHint(err))
			}
		})
	}
}

func gitHubJob(z *azureFake) azure.LoginOptions {
	environ := map[string]string{
		"ACTIONS_ID_TOKEN_REQUEST_URL": "https://token.example/?v=1", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "request-token",
		"ARM_CLIENT_ID": client, "ARM_TENANT_ID": tenant,
	}
	z.hosts["token.example"] = func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer request-token" || r.URL.Query().Get("audience") != "api://AzureADTokenExchange" || r.URL.Query().Get("v") != "1" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		reply(w, http.StatusOK, object{"value": "github-token"})
	}
	return azure.LoginOptions{Environ: func(name string) string { return environ[name] }, Transport: z, Private: true}
}

func TestAJobsTokenIsExchangedForOneOfAzures(t *testing.T) {
	z := newAzure()
	z.hosts["login.microsoftonline.com"] = func(w http.ResponseWriter, r *http.Request) {
		base := "https://login.microsoftonline.com/" + tenant
		if strings.HasSuffix(r.URL.Path, "/openid-configuration") {
			reply(w, http.StatusOK, object{"token_endpoint": base + "/oauth2/v2.0/token", "authorization_endpoint": base + "/authorize", "issuer": base + "/v2.0"})
			return
		}
		reply(w, http.StatusOK, object{"token_type": "Bearer", "expires_in": 3600, "access_token": "azure-token"})
	}
	credential, _, err := azure.Login(gitHubJob(z))
	if err != nil {
		t.Fatal(err)
	}
	got, err := credential.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{"https://management.azure.com/.default"}})
	if err != nil || got.Token != "azure-token" {
		t.Fatalf("token %q, %v", got.Token, err)
	}
	form, _ := url.ParseQuery(z.sent("/oauth2/v2.0/token"))
	if form.Get("client_assertion") != "github-token" || form.Get("client_id") != client {
		t.Errorf("sent %v", form)
	}
}

func TestARefusedLoginNamesEntrasCodeAndTheRemedy(t *testing.T) {
	z := newAzure()
	z.hosts["login.microsoftonline.com"] = func(w http.ResponseWriter, r *http.Request) {
		base := "https://login.microsoftonline.com/" + tenant
		if strings.HasSuffix(r.URL.Path, "/openid-configuration") {
			reply(w, http.StatusOK, object{"token_endpoint": base + "/oauth2/v2.0/token", "authorization_endpoint": base + "/authorize", "issuer": base + "/v2.0"})
			return
		}
		reply(w, http.StatusBadRequest, object{"error": "invalid_client", "trace_id": "trace-1",
			"error_description": "AADSTS700213: No matching federated identity record found for presented assertion subject 'repo:acme/shop:environment:env-alice'. Trace ID: trace-1"})
	}
	credential, _, err := azure.Login(gitHubJob(z))
	if err != nil {
		t.Fatal(err)
	}
	target, err := azure.New(azure.Options{Credential: credential, Subscription: subscription, Transport: z, Clock: z.clock})
	if err != nil {
		t.Fatal(err)
	}
	_, err = target.Remains(t.Context(), shop)
	if aloft.ErrorCode(err) != aloft.CodeForbidden || !strings.Contains(aloft.ErrorHint(err), "federated credential") {
		t.Errorf("%s: %v → %s", aloft.ErrorCode(err), err, aloft.ErrorHint(err))
	}
	for _, part := range []string{"AADSTS700213", "trace-1", "environment:env-alice"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q lacks %q", err, part)
		}
	}
}

type nobody struct{ error }

func (n nobody) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{}, n.error
}

func TestNoLoginSaysSo(t *testing.T) {
	z := newAzure()
	target, err := azure.New(azure.Options{Credential: nobody{errors.New("AzureCLICredential: Please run 'az login'")}, Subscription: subscription, Transport: z, Clock: z.clock})
	if err != nil {
		t.Fatal(err)
	}
	_, err = target.Remains(t.Context(), shop)
	if aloft.ErrorCode(err) != aloft.CodeForbidden || !strings.Contains(aloft.ErrorHint(err), "az login") || len(z.requests) > 0 {
		t.Errorf("%s: %v", aloft.ErrorCode(err), err)
	}
	t.Run("without a subscription nothing is asked", func(t *testing.T) {
		target, _ := azure.New(azure.Options{Credential: token{}, Transport: z, Clock: z.clock})
		if _, err := target.Remains(t.Context(), shop); aloft.ErrorCode(err) != aloft.CodeInvalid || len(z.requests) > 0 {
			t.Errorf("error %v", err)
		}
	})
}

package azure

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/aloft-dev/aloft"
)

// Way is how Aloft logs in to Azure.
type Way string

// The ways, in the order in which they are preferred. What finds a login by
// trying all of them surprises, so the first one that is asked for is taken.
const (
	WayGitHub  Way = "github"           // the token of a job in GitHub, exchanged for one of Azure's
	WayManaged Way = "managed-identity" // the identity of the machine that a server runs on
	WayCLI     Way = "az"               // who is logged in with `az login`
)

// LoginOptions say who logs in, and where.
type LoginOptions struct {
	Environ   func(name string) string // looks up the environment; nil is not allowed
	Server    bool                     // a server: it has an identity of its own, and nobody runs `az login`
	Cloud     cloud.Configuration      // zero = Azure's public cloud
	Transport http.RoundTripper        // nil = http.DefaultTransport
	// Private says that the authority is not known to Microsoft, so that its
	// metadata is not asked for it: an emulator, or a closed cloud.
	Private bool
}

// choose returns the way to log in and, for GitHub and a managed identity, as
// whom. The variables are those of the Terraform provider and of azure/login, so
// that one set of them does for all.
func (o LoginOptions) choose() (way Way, client, tenant string, err error) {
	client = cmp.Or(o.Environ("ARM_CLIENT_ID"), o.Environ("AZURE_CLIENT_ID"))
	tenant = cmp.Or(o.Environ("ARM_TENANT_ID"), o.Environ("AZURE_TENANT_ID"))
	switch {
	case o.Environ("ACTIONS_ID_TOKEN_REQUEST_URL") != "" && client != "":
		if tenant == "" {
			return "", "", "", aloft.Errorf(aloft.CodeInvalid, "cannot log in to Azure: the job names a client id and no tenant").
				WithHint("set AZURE_TENANT_ID as a variable of the repository, and hand it to the job as ARM_TENANT_ID")
		}
		return WayGitHub, client, tenant, nil
	case o.Environ("GITHUB_ACTIONS") == "true" && client != "":
		return "", "", "", aloft.Errorf(aloft.CodeInvalid, "cannot log in to Azure: the job may not ask for a token of its own").
			WithHint("give the job `permissions: {id-token: write}`; a pull request from a fork never gets it")
	case o.Server:
		return WayManaged, client, tenant, nil
	}
	return WayCLI, "", tenant, nil
}

// Login chooses how to log in and returns that way and its credential, of which
// a process needs one. Nothing is asked before a token is needed. What is missing
// is CodeInvalid.
func Login(o LoginOptions) (azcore.TokenCredential, Way, error) {
	way, client, tenant, err := o.choose()
	if err != nil {
		return nil, "", err
	}
	if o.Transport == nil {
		o.Transport = http.DefaultTransport
	}
	options := policy.ClientOptions{Cloud: o.Cloud, Transport: &http.Client{Transport: o.Transport}}
	var credential azcore.TokenCredential
	switch way {
	case WayGitHub:
		credential, err = azidentity.NewClientAssertionCredential(tenant, client, o.assertion,
			&azidentity.ClientAssertionCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: o.Private})
	case WayManaged:
		managed := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: options}
		if client != "" {
			managed.ID = azidentity.ClientID(client)
		}
		credential, err = azidentity.NewManagedIdentityCredential(managed)
	default:
		credential, err = azidentity.NewAzureCLICredential(&azidentity.AzureCLICredentialOptions{TenantID: tenant})
	}
	if err != nil {
		return nil, "", aloft.Errorf(aloft.CodeInvalid, "cannot log in to Azure: %w", err)
	}
	return credential, way, nil
}

// assertion asks GitHub for a token that says which job this is. It is good for
// minutes, so each login of Azure's gets a fresh one.
func (o LoginOptions) assertion(ctx context.Context) (string, error) {
	address, err := url.Parse(o.Environ("ACTIONS_ID_TOKEN_REQUEST_URL"))
	if err != nil || address.Scheme != "https" {
		return "", errors.New("ACTIONS_ID_TOKEN_REQUEST_URL is no https URL")
	}
	query := address.Query()
	query.Set("audience", "api://AzureADTokenExchange")
	address.RawQuery = query.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return "", err
	}
	request.Header.Set("Authorization", "Bearer "+o.Environ("ACTIONS_ID_TOKEN_REQUEST_TOKEN"))
	client := &http.Client{Transport: o.Transport, Timeout: time.Minute, CheckRedirect: stay}
	response, err := client.Do(request)
	if err != nil {
		return "", fmt.Errorf("GitHub gives no token: %w", err)
	}
	defer response.Body.Close()
	var answer struct {
		Value string `json:"value"`
	}
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("GitHub gives no token: status %d", response.StatusCode)
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, 1<<20)).Decode(&answer); err != nil || answer.Value == "" {
		return "", errors.New("GitHub gives no token: its answer has none")
	}
	return answer.Value, nil
}

// loginError says that there is no token: no login, or a refused one.
type loginError struct{ cause error }

func (e *loginError) Error() string { return e.cause.Error() }
func (e *loginError) Unwrap() error { return e.cause }

// NonRetriable tells azcore that asking again does not help.
func (e *loginError) NonRetriable() {}

// explain names the code of Entra's and what to do about it.
func (e *loginError) explain(doing string) error {
	text := e.Error()
	code := entra.FindString(text)
	if code == "" {
		return aloft.Errorf(aloft.CodeForbidden, "cannot %s: there is no login for Azure: %s", doing, plain(text)).
			WithHint("run `az login`; in a job, name the client in ARM_CLIENT_ID and give the permission `id-token: write`")
	}
	var answer struct {
		Description string `json:"error_description"`
		Trace       string `json:"trace_id"`
	}
	if begin := strings.Index(text, "{"); begin >= 0 {
		_ = json.NewDecoder(strings.NewReader(text[begin:])).Decode(&answer)
	}
	description, _, _ := strings.Cut(cmp.Or(answer.Description, text), " Trace ID")
	failed := aloft.Errorf(aloft.CodeForbidden, "cannot %s: Azure refuses the login: %s (%s, request %s)",
		doing, plain(description), code, cmp.Or(answer.Trace, "unknown"))
	return failed.WithHint("%s", cmp.Or(logins[code], "`az login` again, or compare client and tenant of the job with those of the identity"))
}

// loggedIn makes the errors of a credential known as such.
type loggedIn struct{ azcore.TokenCredential }

func (l loggedIn) GetToken(ctx context.Context, options policy.TokenRequestOptions) (azcore.AccessToken, error) {
	token, err := l.TokenCredential.GetToken(ctx, options)
	if err != nil && ctx.Err() == nil {
		return token, &loginError{cause: err}
	}
	return token, err
}

package image

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"

	"github.com/aloft-dev/aloft"
)

// TokenSource returns an access token of Entra for a scope.
type TokenSource func(ctx context.Context, scope string) (string, error)

// ACR says how to log in to Azure's registries.
type ACR struct {
	Token     TokenSource
	Tenant    string            // id of the directory; "" = the registry finds it in the token
	Scopes    []string          // of the token, in the order to try; nil = AzureScopes
	Transport http.RoundTripper // nil = http.DefaultTransport
}

// AzureScopes are those of Azure's public cloud: the registries' own, then that of
// Azure Resource Manager. A registry with the policy azureADAuthenticationAsArmPolicy
// switched off takes the first only (not yet seen on a real one).
var AzureScopes = []string{"https://containerregistry.azure.net/.default", "https://management.azure.com/.default"}

// tokenUser is the user name that goes with a refresh token of a registry
// (learn.microsoft.com/azure/container-registry/container-registry-authentication).
const tokenUser = "00000000-0000-0000-0000-000000000000"

// Login exchanges a token of Entra for one of the registry (POST /oauth2/exchange;
// github.com/Azure/acr/blob/main/docs/AAD-OAuth.md), which the registry's own token
// service takes as a password. It is asked anew for each try of a push, since a
// token may tell what its owner could do when it was given.
func (a ACR) Login(ctx context.Context, repository string) (authn.Authenticator, error) {
	target, err := name.NewRepository(repository)
	if err != nil {
		return nil, aloft.Errorf(aloft.CodeInvalid, "cannot log in to %q: it is no name of a repository: %w", repository, err)
	}
	scopes := a.Scopes
	if scopes == nil {
		scopes = AzureScopes
	}
	var first error
	for _, scope := range scopes {
		token, err := a.Token(ctx, scope)
		if err != nil {
			err = noToken(target.RegistryStr(), err)
		} else {
			token, err = a.exchange(ctx, target.RegistryStr(), token)
		}
		if err == nil {
			return authn.FromConfig(authn.AuthConfig{Username: tokenUser, Password: token}), nil
		}
		if first == nil {
			first = err
		}
		if aloft.ErrorCode(err) == aloft.CodeUnavailable {
			break
		}
	}
	return nil, first
}

// noToken keeps the code of an error that has one: whether to try again is known
// to the source of tokens only.
func noToken(registry string, err error) error {
	if _, ok := errors.AsType[*aloft.Error](err); ok {
		return err
	}
	return aloft.Errorf(aloft.CodeFailed, "cannot log in to %s: there is no token of Entra: %w", registry, err)
}

// exchange returns the registry's refresh token.
func (a ACR) exchange(ctx context.Context, registry, token string) (string, error) {
	form := url.Values{"grant_type": {"access_token"}, "service": {registry}, "access_token": {token}}
	if a.Tenant != "" {
		form.Set("tenant", a.Tenant)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+registry+"/oauth2/exchange", strings.NewReader(form.Encode()))
	if err != nil {
		return "", fmt.Errorf("cannot log in to %s: %w", registry, err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answers := &answers{next: a.transport()}
	client := http.Client{Transport: answers, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		return "", aloft.Errorf(aloft.CodeUnavailable, "cannot log in to %s: %w", registry, withoutURL(err)).
			WithHint("check the registry's name, and that this machine reaches it")
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return "", aloft.Errorf(aloft.CodeUnavailable, "cannot log in to %s: %w", registry, err)
	}
	return readExchange(registry, response.StatusCode, body, answers.request())
}

// readExchange reads the answer to an exchange.
func readExchange(registry string, status int, body []byte, request string) (string, error) {
	var answer struct {
		RefreshToken string `json:"refresh_token"`
		Errors       []struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"errors"`
	}
	err := json.Unmarshal(body, &answer)
	if status == http.StatusOK && err == nil && answer.RefreshToken != "" {
		return answer.RefreshToken, nil
	}
	said := fmt.Sprintf("status %d", status)
	for _, e := range answer.Errors {
		said += fmt.Sprintf(", %s: %s", e.Code, e.Message)
	}
	if request != "" {
		said += fmt.Sprintf(" (request %s)", request)
	}
	code := aloft.CodeFailed
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		code = aloft.CodeForbidden
	case status == http.StatusTooManyRequests, status >= 500:
		code = aloft.CodeUnavailable
	}
	return "", aloft.Errorf(code, "cannot log in to %s: it does not take the token of Entra: %s", registry, said).
		WithHint("who pushes needs the role AcrPush on the registry, or Container Registry Repository Writer where its roles are per repository; a role that was just given takes minutes to count")
}

func (a ACR) transport() http.RoundTripper {
	if a.Transport == nil {
		return http.DefaultTransport
	}
	return a.Transport
}

// withoutURL leaves out the address, which is said already.
func withoutURL(err error) error {
	if failed, ok := errors.AsType[*url.Error](err); ok {
		return failed.Err
	}
	return err
}

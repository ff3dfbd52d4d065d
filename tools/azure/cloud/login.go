package cloud

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// tokenLife is how long an access token is good; Entra's is 60 to 90 minutes
// (doc, "Access token lifetime").
const tokenLife = time.Hour

// refusal is why Entra gives no token. Its codes are those of the documentation
// ("Microsoft Entra authentication and authorization error codes").
type refusal struct {
	status int
	kind   string // OAuth's word, such as "invalid_client"
	code   int    // the number behind AADSTS
	text   string
}

func invalidClient(code int, format string, args ...any) *refusal {
	return &refusal{http.StatusUnauthorized, "invalid_client", code, fmt.Sprintf(format, args...)}
}

// login answers for login.microsoftonline.com.
func (c *Cloud) login(w http.ResponseWriter, r *http.Request) {
	tenant, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch {
	case r.URL.Path == "/common/discovery/instance":
		c.describeInstance(w)
	case !strings.EqualFold(tenant, c.options.Tenant) && tenant != "organizations" && tenant != "common":
		c.refuse(w, &refusal{http.StatusBadRequest, "invalid_request", 90002, "Tenant '" + tenant + "' not found."})
	case rest == "v2.0/.well-known/openid-configuration" || rest == ".well-known/openid-configuration":
		c.describeLogin(w)
	case rest == "discovery/v2.0/keys" || rest == "discovery/keys":
		answerJSON(w, http.StatusOK, c.signer.keys())
	case (rest == "oauth2/v2.0/token" || rest == "oauth2/token") && r.Method == http.MethodPost:
		c.giveToken(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (c *Cloud) describeInstance(w http.ResponseWriter) {
	answerJSON(w, http.StatusOK, map[string]any{
		"tenant_discovery_endpoint": "https://" + loginHost + "/" + c.options.Tenant + "/v2.0/.well-known/openid-configuration",
		"api-version":               "1.1",
		"metadata": []any{map[string]any{
			"preferred_network": loginHost, "preferred_cache": "login.windows.net", "aliases": []string{loginHost, "login.windows.net"},
		}},
	})
}

func (c *Cloud) describeLogin(w http.ResponseWriter) {
	base := "https://" + loginHost + "/" + c.options.Tenant
	answerJSON(w, http.StatusOK, map[string]any{
		"issuer": base + "/v2.0", "token_endpoint": base + "/oauth2/v2.0/token",
		"authorization_endpoint": base + "/oauth2/v2.0/authorize", "jwks_uri": base + "/discovery/v2.0/keys",
		"response_types_supported": []string{"code", "id_token"}, "subject_types_supported": []string{"pairwise"},
		"id_token_signing_alg_values_supported": []string{"RS256"}, "tenant_region_scope": "EU",
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "private_key_jwt", "client_secret_basic"},
	})
}

func (c *Cloud) giveToken(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		c.refuse(w, &refusal{http.StatusBadRequest, "invalid_request", 900144, "The request body could not be read."})
		return
	}
	p, refused := c.authenticate(r)
	if refused != nil {
		c.refuse(w, refused)
		return
	}
	audience, refused := audienceOf(r.Form.Get("scope"), r.Form.Get("resource"))
	if refused != nil {
		c.refuse(w, refused)
		return
	}
	answer := map[string]any{
		"token_type": "Bearer", "expires_in": int(tokenLife.Seconds()), "ext_expires_in": int(tokenLife.Seconds()),
		"access_token": c.accessToken(p, audience),
	}
	if r.Form.Get("grant_type") == "refresh_token" {
		answer["refresh_token"] = r.Form.Get("refresh_token")
	}
	answerJSON(w, http.StatusOK, answer)
}

// accessToken signs a token of Entra's second version, but for the audience,
// which is a URL as in the first: it is what ARM's own tokens have (guess).
func (c *Cloud) accessToken(p *principal, audience string) string {
	now := time.Now()
	return c.signer.sign(map[string]any{
		"iss": "https://sts.windows.net/" + c.options.Tenant + "/", "aud": audience, "tid": c.options.Tenant,
		"appid": p.client, "azp": p.client, "oid": p.object, "sub": p.object, "idtyp": "app", "ver": "1.0",
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(tokenLife).Unix(), "uti": newID(),
	})
}

// audienceOf reads what a token is asked for: "https://management.azure.com/.default",
// with other scopes that mean nothing here, or the older resource.
func audienceOf(scope, resource string) (string, *refusal) {
	if resource != "" {
		return strings.TrimSuffix(resource, "/"), nil
	}
	for one := range strings.FieldsSeq(scope) {
		if audience, ok := strings.CutSuffix(one, "/.default"); ok {
			return strings.TrimSuffix(audience, "/"), nil
		}
	}
	return "", &refusal{http.StatusBadRequest, "invalid_scope", 70011, "The provided value for the input parameter 'scope' is not valid."}
}

// authenticate finds out who asks for a token.
func (c *Cloud) authenticate(r *http.Request) (*principal, *refusal) {
	client, secret := r.Form.Get("client_id"), r.Form.Get("client_secret")
	if user, password, ok := r.BasicAuth(); ok {
		client, secret = user, password
	}
	c.mu.Lock()
	p := c.principals[strings.ToLower(client)]
	c.mu.Unlock()
	if p == nil {
		return nil, &refusal{http.StatusBadRequest, "unauthorized_client", 700016, "Application with identifier '" + client + "' was not found in the directory '" + c.options.Tenant + "'."}
	}
	switch grant := r.Form.Get("grant_type"); {
	case grant == "refresh_token":
		claims, err := readToken(r.Form.Get("refresh_token"), c.signer.keys())
		if err != nil || claim(claims, "refresh_of") != p.object {
			return nil, &refusal{http.StatusBadRequest, "invalid_grant", 9002313, "Invalid request. Request is malformed or invalid."}
		}
		return p, nil
	case grant != "client_credentials":
		return nil, &refusal{http.StatusBadRequest, "unsupported_grant_type", 70003, "The app requested an unsupported grant type '" + grant + "'."}
	case r.Form.Get("client_assertion") != "":
		return p, c.checkAssertion(r.Context(), p, r.Form.Get("client_assertion"))
	case secret == "" || p.secret == "" || subtle.ConstantTimeCompare([]byte(secret), []byte(p.secret)) == 0:
		return nil, invalidClient(7000215, "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '%s'.", client)
	}
	return p, nil
}

// RefreshToken returns a refresh token of a principal, as `az login` keeps one.
func (c *Cloud) RefreshToken(client string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.principals[strings.ToLower(client)]
	if p == nil {
		return "", fmt.Errorf("there is no principal %s", client)
	}
	return c.signer.sign(map[string]any{"refresh_of": p.object, "exp": time.Now().Add(24 * time.Hour).Unix()}), nil
}

// refuse tells why there is no token, as Entra does.
func (c *Cloud) refuse(w http.ResponseWriter, why *refusal) {
	trace, now := newID(), time.Now().UTC().Format("2006-01-02 15:04:05Z")
	answerJSON(w, why.status, map[string]any{
		"error":             why.kind,
		"error_description": fmt.Sprintf("AADSTS%d: %s Trace ID: %s Correlation ID: %s Timestamp: %s", why.code, why.text, trace, trace, now),
		"error_codes":       []int{why.code}, "timestamp": now, "trace_id": trace, "correlation_id": trace,
		"error_uri": fmt.Sprintf("https://%s/error?code=%d", loginHost, why.code),
	})
}

// issuerKeys asks an issuer for its keys, as OpenID Connect Discovery says.
func (c *Cloud) issuerKeys(ctx context.Context, issuer string) (keys keySet, err error) {
	text, err := c.inside(ctx, strings.TrimSuffix(issuer, "/")+"/.well-known/openid-configuration")
	if err != nil {
		return keys, err
	}
	var document struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	if err := json.Unmarshal(text, &document); err != nil {
		return keys, err
	}
	if document.Issuer != issuer {
		return keys, errors.New("the issuer says that it is " + document.Issuer)
	}
	if text, err = c.inside(ctx, document.Keys); err != nil {
		return keys, err
	}
	return keys, json.Unmarshal(text, &keys)
}

package cloud

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
)

// federatedKind is the type of the credentials of a managed identity.
const federatedKind = "microsoft.managedidentity/userassignedidentities/federatedidentitycredentials"

// credential is a federated credential: which tokens of others are taken for
// a login of ours.
type credential struct {
	issuer     string
	audiences  []string
	subject    string     // exactly, "" = expression
	expression expression // of a flexible credential
}

// checkAssertion takes a token of another issuer for a login, if one of the
// credentials of the identity says so. The codes are those of the documentation.
func (c *Cloud) checkAssertion(ctx context.Context, p *principal, assertion string) *refusal {
	unsigned, err := unverified(assertion)
	if err != nil {
		return invalidClient(50027, "JWT token is invalid or malformed.")
	}
	issuer := claim(unsigned, "iss")
	credentials := c.credentialsOf(p)
	credentials = slices.DeleteFunc(credentials, func(one credential) bool { return one.issuer != issuer })
	if len(credentials) == 0 {
		return invalidClient(700211, "No matching federated identity record found for presented assertion issuer '%s'.", issuer)
	}
	keys, err := c.issuerKeys(ctx, issuer)
	if err != nil {
		return invalidClient(50166, "Request to External OIDC endpoint failed: %s", err)
	}
	claims, err := readToken(assertion, keys)
	if errors.Is(err, errExpired) {
		return invalidClient(700024, "Client assertion is not within its valid time range.")
	}
	if err != nil {
		return invalidClient(5000819, "Client assertion failed signature validation.")
	}
	return matchCredentials(credentials, claims)
}

func matchCredentials(credentials []credential, claims map[string]any) *refusal {
	audience, subject := false, claim(claims, "sub")
	for _, one := range credentials {
		if !slices.ContainsFunc(one.audiences, func(a string) bool { return hasAudience(claims, a) }) {
			continue
		}
		audience = true
		if one.expression == nil && one.subject == subject || one.expression != nil && one.expression.holds(claims) {
			return nil
		}
	}
	if !audience {
		return invalidClient(700212, "No matching federated identity record found for presented assertion audience '%v'.", claims["aud"])
	}
	return invalidClient(700213, "No matching federated identity record found for presented assertion subject '%s'. Check your federated identity credential Subject, Audience and Issuer against the presented assertion.", subject)
}

// unverified reads the claims of a token that nobody has checked.
func unverified(text string) (map[string]any, error) {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return nil, errors.New("it is no JSON Web Token")
	}
	return decodePart[map[string]any](parts[1])
}

// credentialsOf returns the credentials of a principal that count by now.
func (c *Cloud) credentialsOf(p *principal) []credential {
	c.mu.Lock()
	defer c.mu.Unlock()
	var found []credential
	counts := func(written time.Time) bool { return time.Now().After(written.Add(c.faults.RoleDelay)) }
	for _, r := range c.children(p.resource, federatedKind) {
		if p.resource != "" && counts(r.created) {
			found = append(found, credentialOf(r.properties()))
		}
	}
	if app := c.applications[p.client]; app != nil {
		for i, one := range app.credentials {
			if counts(app.written[i]) {
				found = append(found, credentialOf(one))
			}
		}
	}
	return found
}

func credentialOf(properties map[string]any) credential {
	one := credential{issuer: text(properties, "issuer"), subject: text(properties, "subject")}
	for _, audience := range list(properties, "audiences") {
		if a, ok := audience.(string); ok {
			one.audiences = append(one.audiences, a)
		}
	}
	if value := text(object(properties, "claimsMatchingExpression"), "value"); value != "" {
		one.expression, _ = parseExpression(value) // it was checked when it was written
	}
	return one
}

// flexibleVersion is the only version that knows expressions (doc, 18 Sep 2026);
// others do not see them (guess).
const flexibleVersion = "2025-01-31-preview"

// completeFederated checks a credential of a managed identity.
func completeFederated(c *Cloud, r *resource) *failure {
	others := c.children(r.parent(), federatedKind)
	others = slices.DeleteFunc(others, func(o *resource) bool { return strings.EqualFold(o.id, r.id) })
	if r.version != flexibleVersion {
		delete(r.properties(), "claimsMatchingExpression")
	}
	return checkCredential(r.properties(), len(others))
}

// checkCredential holds a credential that is being written beside others to
// Entra's rules: one of subject and expression, those of expressions, at most 20
// (doc, "Important considerations and restrictions for federated identity
// credentials").
func checkCredential(properties map[string]any, others int) *failure {
	const code = "InvalidFederatedIdentityCredentialValue"
	value := text(object(properties, "claimsMatchingExpression"), "value")
	subject, issuer := text(properties, "subject"), text(properties, "issuer")
	switch {
	case issuer == "" || len(list(properties, "audiences")) == 0:
		return badRequest(code, "Issuer and audiences are required.")
	case (value == "") == (subject == ""):
		return badRequest(code, "Exactly one of subject and claimsMatchingExpression must be given.")
	case others >= 20:
		return badRequest("TooManyFederatedIdentityCredentials", "Too many Federated Identity Credentials: at most 20.")
	case value == "":
		return nil
	case issuer != GitHubIssuer:
		return badRequest(code, "Claims matching expressions are not supported for the issuer '%s'.", issuer)
	}
	e, err := parseExpression(value)
	if err == nil {
		err = e.check()
	}
	if err != nil {
		return badRequest(code, "The value of the claims matching expression is invalid: %s.", err)
	}
	return nil
}

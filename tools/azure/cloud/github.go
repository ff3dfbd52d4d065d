package cloud

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"
)

// GitHubIssuer is the issuer of the tokens that GitHub gives to jobs.
const GitHubIssuer = "https://" + githubHost

// github stands for GitHub's issuer: it publishes keys, and gives a job its
// token when the job asks with the token that it was started with (doc, GitHub:
// "About security hardening with OpenID Connect").
type github struct {
	signer *signer

	mu   sync.Mutex
	jobs map[string]map[string]any // claims of each job, by the token that it asks with
}

func newGitHub() (*github, error) {
	signer, err := newSigner()
	return &github{signer: signer, jobs: map[string]map[string]any{}}, err
}

const tokenRequestPath = "/job/idtoken"

// ServeHTTP answers for token.actions.githubusercontent.com.
func (g *github) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		answerJSON(w, http.StatusOK, map[string]any{
			"issuer": GitHubIssuer, "jwks_uri": GitHubIssuer + "/.well-known/jwks",
			"id_token_signing_alg_values_supported": []string{"RS256"},
		})
	case "/.well-known/jwks":
		answerJSON(w, http.StatusOK, g.signer.keys())
	case tokenRequestPath:
		g.mu.Lock()
		claims, ok := g.jobs[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
		g.mu.Unlock()
		if !ok {
			http.Error(w, "unauthorized", http.StatusUnauthorized)
			return
		}
		answerJSON(w, http.StatusOK, map[string]any{"value": g.token(claims, r.URL.Query().Get("audience"))})
	default:
		http.NotFound(w, r)
	}
}

// githubTokenLife is how long a token of a job is good: five minutes, and azure/login
// users see it end within ten (issue azure/login#180).
const githubTokenLife = 5 * time.Minute

func (g *github) token(claims map[string]any, audience string) string {
	now := time.Now()
	full := maps.Clone(claims)
	full["iss"], full["aud"] = GitHubIssuer, audience
	full["iat"], full["nbf"], full["exp"] = now.Unix(), now.Unix(), now.Add(githubTokenLife).Unix()
	return g.signer.sign(full)
}

// GitHubToken returns a token as a job with these claims has it, such as "sub"
// and "repository_id". Usual audience: "api://AzureADTokenExchange".
func (c *Cloud) GitHubToken(claims map[string]any, audience string) string {
	return c.github.token(claims, audience)
}

// GitHubJob returns the variables of a job with these claims, with which it
// asks for its tokens: ACTIONS_ID_TOKEN_REQUEST_URL and _TOKEN. The URL has a
// query already, as GitHub's has, to which the job adds "&audience=".
func (c *Cloud) GitHubJob(claims map[string]any) []string {
	token := newID()
	c.github.mu.Lock()
	defer c.github.mu.Unlock()
	c.github.jobs[token] = maps.Clone(claims)
	return []string{
		"ACTIONS_ID_TOKEN_REQUEST_URL=" + GitHubIssuer + tokenRequestPath + "?api-version=2.0",
		"ACTIONS_ID_TOKEN_REQUEST_TOKEN=" + token,
	}
}

func answerJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // fails only when the client has gone
}

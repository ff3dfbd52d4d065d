package cloud

import (
	"net/http"
	"strings"
	"time"
)

// machineHost is where a machine in Azure asks for the tokens of its identities
// (doc, "How to use managed identities on a virtual machine to get a token").
const machineHost = "169.254.169.254"

// machine gives tokens to whoever asks as a machine of this cloud would: for the
// identity that it names, or for the only one there is.
func (c *Cloud) machine(w http.ResponseWriter, r *http.Request) {
	if !strings.EqualFold(r.Header.Get("Metadata"), "true") || r.URL.Path != "/metadata/identity/oauth2/token" {
		answerJSON(w, http.StatusBadRequest, map[string]any{"error": "invalid_request", "error_description": "Required metadata header not specified or not correct"})
		return
	}
	query := r.URL.Query()
	client, resource := query.Get("client_id"), query.Get("msi_res_id")
	if resource == "" {
		resource = query.Get("mi_res_id")
	}
	c.mu.Lock()
	var found []*principal
	for _, p := range c.principals {
		if p.resource != "" && (client == "" || strings.EqualFold(client, p.client)) && (resource == "" || strings.EqualFold(resource, p.resource)) {
			found = append(found, p)
		}
	}
	c.mu.Unlock()
	if len(found) != 1 {
		answerJSON(w, http.StatusBadRequest, map[string]any{"error": "invalid_request", "error_description": "Identity not found"})
		return
	}
	audience := strings.TrimSuffix(query.Get("resource"), "/")
	until := time.Now().Add(tokenLife).Unix()
	answerJSON(w, http.StatusOK, map[string]any{
		"access_token": c.accessToken(found[0], audience), "client_id": found[0].client, "token_type": "Bearer", "resource": audience,
		"expires_in": int(tokenLife.Seconds()), "expires_on": until,
	})
}

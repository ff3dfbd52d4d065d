package cloud

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
)

const (
	registryKind   = "microsoft.containerregistry/registries"
	registrySuffix = ".azurecr.io"
	// registryUser stands in a user's place beside a refresh token (doc, "Azure
	// Container Registry authentication with service principals").
	registryUser = "00000000-0000-0000-0000-000000000000"
)

// Roles that may pull, and those that may push, in a registry that is not in the
// mode of attributes.
var (
	pullRoles = []string{"AcrPull", "AcrPush", "Reader", "Contributor", "Owner"}
	pushRoles = []string{"AcrPush", "Contributor", "Owner"}
)

// completeRegistry fills in what the provider reads (prov, container_registry_resource.go).
func completeRegistry(c *Cloud, r *resource) *failure {
	if f := c.taken(r); f != nil {
		return f
	}
	if r.state == nil {
		folder := filepath.Join(c.options.Dir, "registries", strings.ToLower(r.name()))
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return &failure{status: http.StatusInternalServerError, code: "InternalServerError", message: err.Error()}
		}
		r.state = registry.New(registry.Logger(log.New(io.Discard, "", 0)), registry.WithBlobHandler(registry.NewDiskBlobHandler(folder)))
	}
	properties, sku := r.properties(), grow(r.body, "sku")
	properties["loginServer"] = strings.ToLower(r.name()) + registrySuffix
	sku["tier"] = sku["name"]
	for name, value := range map[string]any{
		"adminUserEnabled": false, "publicNetworkAccess": "Enabled", "zoneRedundancy": "Disabled", "anonymousPullEnabled": false,
		"dataEndpointEnabled": false, "dataEndpointHostNames": []any{}, "networkRuleBypassOptions": "AzureServices",
		"roleAssignmentMode": "LegacyRegistryPermissions", "networkRuleBypassAllowedForTasks": false,
		"creationDate": stamp(time.Now()), "encryption": map[string]any{"status": "disabled"},
	} {
		preset(properties, name, value)
	}
	policies := grow(properties, "policies")
	for name, value := range map[string]any{
		"quarantinePolicy": map[string]any{"status": "disabled"}, "trustPolicy": map[string]any{"type": "Notary", "status": "disabled"},
		"retentionPolicy": map[string]any{"days": 7, "status": "disabled"}, "exportPolicy": map[string]any{"status": "enabled"},
		"azureADAuthenticationAsArmPolicy": map[string]any{"status": "enabled"},
	} {
		preset(policies, name, value)
	}
	return nil
}

// registryOf returns the registry behind a host name. The caller holds the lock.
func (c *Cloud) registryOf(host string) *resource {
	for _, r := range c.all(func(r *resource) bool { return r.kind == registryKind }) {
		if text(object(r.body, "properties"), "loginServer") == host {
			return r
		}
	}
	return nil
}

// registryHost returns what answers for a registry, nil when there is none.
func (c *Cloud) registryHost(host string) http.Handler {
	if !strings.HasSuffix(host, registrySuffix) {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.registryOf(host)
	if r == nil {
		return nil
	}
	door := &registryDoor{cloud: c, host: host, id: r.id, inner: r.state.(http.Handler)}
	return http.HandlerFunc(door.serve)
}

// registryDoor is the login before a registry: a refresh token for an Entra
// token, and for that one access tokens of single repositories (doc, Azure/acr,
// "AAD-OAuth.md").
type registryDoor struct {
	cloud *Cloud
	host  string
	id    string
	inner http.Handler
}

func (d *registryDoor) serve(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/oauth2/exchange" && r.Method == http.MethodPost:
		d.exchange(w, r)
	case r.URL.Path == "/oauth2/token":
		d.token(w, r)
	case d.admits(r):
		d.inner.ServeHTTP(w, r)
	default:
		w.Header().Set("Www-Authenticate", d.challenge(r))
		w.Header().Set("Docker-Distribution-Api-Version", "registry/2.0")
		d.refuse(w, "authentication required, visit https://aka.ms/acr/authorization for more information.")
	}
}

func (d *registryDoor) refuse(w http.ResponseWriter, message string) {
	answerJSON(w, http.StatusUnauthorized, map[string]any{"errors": []any{map[string]any{"code": "UNAUTHORIZED", "message": message}}})
}

func (d *registryDoor) challenge(r *http.Request) string {
	challenge := fmt.Sprintf(`Bearer realm="https://%s/oauth2/token",service="%s"`, d.host, d.host)
	if repository, action := wanted(r); repository != "" {
		challenge += fmt.Sprintf(`,scope="repository:%s:%s"`, repository, action)
	}
	return challenge
}

// wanted returns the repository that a request is about, and what it does there.
func wanted(r *http.Request) (repository, action string) {
	action = "push"
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		action = "pull"
	}
	rest := strings.TrimPrefix(r.URL.Path, "/v2/")
	for _, part := range []string{"/manifests/", "/blobs/", "/tags/", "/referrers/"} {
		if i := strings.LastIndex(rest, part); i > 0 {
			return rest[:i], action
		}
	}
	return "", action
}

// exchange gives a refresh token for an Entra token. Nobody without a role that
// counts by now gets one.
func (d *registryDoor) exchange(w http.ResponseWriter, r *http.Request) {
	if r.FormValue("grant_type") != "access_token" || r.FormValue("service") != d.host {
		answerJSON(w, http.StatusBadRequest, map[string]any{"errors": []any{map[string]any{"code": "UNSUPPORTED", "message": "grant_type or service is wrong"}}})
		return
	}
	claims, err := readToken(r.FormValue("access_token"), d.cloud.signer.keys())
	audience := claim(claims, "aud")
	if err != nil || !isManagement(audience) && audience != "https://containerregistry.azure.net" {
		d.refuse(w, "the access token is not one for this registry")
		return
	}
	who := claim(claims, "oid")
	if len(d.actions(who)) == 0 {
		d.refuse(w, "the principal has no role in this registry")
		return
	}
	answerJSON(w, http.StatusOK, map[string]any{"refresh_token": d.refreshToken(who)})
}

// refreshToken is good for three hours (guess).
func (d *registryDoor) refreshToken(who string) string {
	return d.cloud.signer.sign(map[string]any{
		"sub": who, "aud": d.host, "grant_type": "refresh_token", "exp": time.Now().Add(3 * time.Hour).Unix(), "jti": newID(),
	})
}

// actions returns what somebody may do in the registry now.
func (d *registryDoor) actions(who string) []any {
	d.cloud.mu.Lock()
	defer d.cloud.mu.Unlock()
	var allowed []any
	if d.cloud.allows(who, d.id, pullRoles...) {
		allowed = append(allowed, "pull")
	}
	if d.cloud.allows(who, d.id, pushRoles...) {
		allowed = append(allowed, "push")
	}
	return allowed
}

// token gives an access token for repositories: asked for by POST with the
// refresh token, or by GET with it as a password.
func (d *registryDoor) token(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		d.refuse(w, "the request cannot be read")
		return
	}
	refresh := r.Form.Get("refresh_token")
	if user, password, ok := r.BasicAuth(); ok && user == registryUser {
		refresh = password
	}
	claims, err := readToken(refresh, d.cloud.signer.keys())
	if err != nil || claim(claims, "grant_type") != "refresh_token" || claim(claims, "aud") != d.host {
		d.refuse(w, "the refresh token is not one of this registry")
		return
	}
	allowed := d.actions(claim(claims, "sub"))
	access := []any{}
	for _, scope := range r.Form["scope"] {
		for one := range strings.FieldsSeq(scope) {
			parts := strings.Split(one, ":")
			if len(parts) == 3 && parts[0] == "repository" {
				access = append(access, map[string]any{"type": "repository", "name": parts[1], "actions": both(parts[2], allowed)})
			}
		}
	}
	answerJSON(w, http.StatusOK, map[string]any{"access_token": d.cloud.signer.sign(map[string]any{
		"sub": claim(claims, "sub"), "aud": d.host, "access": access, "exp": time.Now().Add(75 * time.Minute).Unix(), "jti": newID(),
	})})
}

// both returns what is asked and allowed.
func both(asked string, allowed []any) []any {
	granted := []any{}
	for action := range strings.SplitSeq(asked, ",") {
		for _, one := range allowed {
			if one == action {
				granted = append(granted, action)
			}
		}
	}
	return granted
}

// admits reports whether the access token of a request is good for it.
func (d *registryDoor) admits(r *http.Request) bool {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return false
	}
	claims, err := readToken(token, d.cloud.signer.keys())
	if err != nil || claim(claims, "aud") != d.host || claims["access"] == nil {
		return false
	}
	repository, action := wanted(r)
	if repository == "" {
		return true
	}
	for _, one := range list(claims, "access") {
		access, _ := one.(map[string]any)
		if text(access, "name") != repository {
			continue
		}
		for _, granted := range list(access, "actions") {
			if granted == action {
				return true
			}
		}
	}
	return false
}

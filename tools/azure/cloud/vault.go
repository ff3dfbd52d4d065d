package cloud

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	vaultKind        = "microsoft.keyvault/vaults"
	deletedVaultKind = "microsoft.keyvault/locations/deletedvaults"
	vaultSuffix      = ".vault.azure.net"
)

// vault keeps the secrets of a vault. It is guarded by the cloud's lock.
type vault struct {
	secrets map[string][]*secret // versions by name in lower case, oldest first
	deleted map[string][]*secret
}

type secret struct {
	name, version string
	body          map[string]any
}

// completeVault refuses the name of a vault that was deleted and not purged, as
// Azure does, unless it is to be recovered.
func completeVault(c *Cloud, r *resource) *failure {
	if f := c.taken(r); f != nil {
		return f
	}
	properties := r.properties()
	if old := c.deletedVaults[strings.ToLower(r.name())]; old != nil {
		if !strings.EqualFold(text(properties, "createMode"), "recover") {
			return conflict("ConflictError", "A vault with the same name already exists in deleted state. You need to either recover or purge existing key vault. Follow this link https://go.microsoft.com/fwlink/?linkid=2149745 for more information on soft delete.")
		}
		r.body, r.state = old.body, old.state
		properties = r.properties()
		delete(c.deletedVaults, strings.ToLower(r.name()))
	}
	delete(properties, "createMode")
	properties["vaultUri"] = "https://" + strings.ToLower(r.name()) + vaultSuffix + "/"
	for name, value := range map[string]any{
		"enableSoftDelete": true, "softDeleteRetentionInDays": 90, "enableRbacAuthorization": false, "accessPolicies": []any{},
		"enabledForDeployment": false, "enabledForDiskEncryption": false, "enabledForTemplateDeployment": false, "publicNetworkAccess": "Enabled",
	} {
		preset(properties, name, value)
	}
	if r.state == nil {
		r.state = &vault{secrets: map[string][]*secret{}, deleted: map[string][]*secret{}}
	}
	return nil
}

// removeVault keeps a vault that was deleted, for whoever recovers or purges it.
func removeVault(c *Cloud, r *resource) { c.deletedVaults[strings.ToLower(r.name())] = r }

// deletedVault answers for a vault that was deleted.
func deletedVault(q *request) *answer {
	r := q.cloud.deletedVaults[strings.ToLower(q.path.name())]
	if q.path.last != "" || r == nil {
		return notFound("DeletedVaultNotFound", "The specified deleted vault '%s' does not exist.", q.path.name()).answer()
	}
	return &answer{status: http.StatusOK, body: map[string]any{
		"id": q.path.id, "name": r.name(), "type": "Microsoft.KeyVault/deletedVaults", "properties": map[string]any{
			"vaultId": r.id, "location": text(r.body, "location"), "deletionDate": stamp(time.Now()),
			"scheduledPurgeDate": stamp(time.Now().Add(7 * 24 * time.Hour)), "tags": object(r.body, "tags"),
		},
	}}
}

func purgeVault(q *request) *answer {
	name := strings.ToLower(q.path.name())
	if q.cloud.deletedVaults[name] == nil {
		return notFound("DeletedVaultNotFound", "The specified deleted vault '%s' does not exist.", q.path.name()).answer()
	}
	delete(q.cloud.deletedVaults, name)
	op := &operation{id: newID(), resource: q.path.id, location: "global", writer: "Microsoft.KeyVault", started: time.Now(), ended: time.Now(), removal: true}
	q.cloud.operations[op.id] = op
	return q.accepted(&answer{status: http.StatusAccepted}, op, location)
}

// vaultHost returns what answers for a vault's secrets, nil when there is none.
func (c *Cloud) vaultHost(host string) http.Handler {
	name, ok := strings.CutSuffix(host, vaultSuffix)
	if !ok {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.all(func(r *resource) bool { return r.kind == vaultKind && strings.EqualFold(r.name(), name) }) {
		return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) { c.serveVault(r, w, q) })
	}
	return nil
}

func vaultRefusal(w http.ResponseWriter, status int, code, message string) {
	answerJSON(w, status, map[string]any{"error": map[string]any{"code": code, "message": message}})
}

// serveVault answers for secrets (doc, "Key Vault REST API", 7.4). Other kinds of
// content are not known.
func (c *Cloud) serveVault(r *resource, w http.ResponseWriter, q *http.Request) {
	token, _ := strings.CutPrefix(q.Header.Get("Authorization"), "Bearer ")
	claims, err := readToken(token, c.signer.keys())
	if err != nil || claim(claims, "aud") != "https://vault.azure.net" {
		w.Header().Set("Www-Authenticate", `Bearer authorization="https://`+loginHost+"/"+c.options.Tenant+`", resource="https://vault.azure.net"`)
		vaultRefusal(w, http.StatusUnauthorized, "Unauthorized", "AKV10000: Request is missing a Bearer or PoP token.")
		return
	}
	body := map[string]any{}
	if read, err := io.ReadAll(io.LimitReader(q.Body, 1<<20)); err == nil && len(read) > 0 {
		if json.Unmarshal(read, &body) != nil {
			vaultRefusal(w, http.StatusBadRequest, "BadParameter", "The request body cannot be read.")
			return
		}
	}
	roles := []string{"Key Vault Administrator", "Key Vault Secrets Officer"}
	if q.Method == http.MethodGet {
		roles = append(roles, "Key Vault Secrets User")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if rule := c.ruled(q, hostName(q.Host)); rule != nil && rule.Status != 0 {
		vaultRefusal(w, rule.Status, rule.Code, rule.Message)
		return
	}
	if !c.allows(claim(claims, "oid"), r.id, roles...) {
		vaultRefusal(w, http.StatusForbidden, "Forbidden", "Caller is not authorized to perform action on resource. If role assignments, deny assignments or role definitions were changed recently, please observe propagation time.")
		return
	}
	parts := strings.Split(strings.Trim(q.URL.Path, "/"), "/")
	status, answer := r.state.(*vault).serve(hostName(q.Host), q.Method, parts, body)
	if answer == nil {
		w.WriteHeader(status)
		return
	}
	answerJSON(w, status, answer)
}

// serve answers for …/secrets and …/deletedsecrets.
func (v *vault) serve(host, method string, parts []string, body map[string]any) (status int, answer any) {
	missing := func(name string) (int, any) {
		return http.StatusNotFound, map[string]any{"error": map[string]any{"code": "SecretNotFound", "message": "A secret with (name/id) " + name + " was not found in this key vault."}}
	}
	if len(parts) < 2 {
		values := []any{}
		for _, name := range slices.Sorted(maps.Keys(v.secrets)) {
			versions := v.secrets[name]
			values = append(values, without(versions[len(versions)-1].body, "value"))
		}
		return http.StatusOK, map[string]any{"value": values, "nextLink": nil}
	}
	name := strings.ToLower(parts[1])
	if parts[0] == "deletedsecrets" {
		return v.serveDeleted(host, method, parts, name, missing)
	}
	switch versions := v.secrets[name]; {
	case method == http.MethodPut:
		return v.write(host, parts[1], name, body)
	case len(versions) == 0:
		return missing(parts[1])
	case method == http.MethodDelete:
		v.deleted[name] = versions
		delete(v.secrets, name)
		return http.StatusOK, deletedSecret(host, versions[len(versions)-1])
	case len(parts) > 2 && parts[2] == "versions":
		values := []any{}
		for _, one := range versions {
			values = append(values, without(one.body, "value"))
		}
		return http.StatusOK, map[string]any{"value": values, "nextLink": nil}
	default:
		found := versions[len(versions)-1]
		if len(parts) > 2 && parts[2] != "" {
			i := slices.IndexFunc(versions, func(one *secret) bool { return one.version == parts[2] })
			if i < 0 {
				return missing(parts[1])
			}
			found = versions[i]
		}
		if method == http.MethodPatch {
			merge(found.body, body)
		}
		return http.StatusOK, found.body
	}
}

func (v *vault) write(host, written, name string, body map[string]any) (int, any) {
	if v.deleted[name] != nil {
		return http.StatusConflict, map[string]any{"error": map[string]any{"code": "Conflict", "message": "Secret " + written + " is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the secret can only be recovered or purged.", "innererror": map[string]any{"code": "ObjectIsDeletedButRecoverable"}}}
	}
	one := &secret{name: written, version: strings.ReplaceAll(newID(), "-", ""), body: body}
	attributes := grow(body, "attributes")
	preset(attributes, "enabled", true)
	attributes["created"], attributes["updated"] = time.Now().Unix(), time.Now().Unix()
	attributes["recoveryLevel"], attributes["recoverableDays"] = "CustomizedRecoverable+Purgeable", 7
	body["id"] = "https://" + host + "/secrets/" + written + "/" + one.version
	v.secrets[name] = append(v.secrets[name], one)
	return http.StatusOK, body
}

func (v *vault) serveDeleted(host, method string, parts []string, name string, missing func(string) (int, any)) (int, any) {
	versions := v.deleted[name]
	switch {
	case len(versions) == 0:
		return missing(parts[1])
	case len(parts) > 2 && parts[2] == "recover":
		v.secrets[name] = versions
		delete(v.deleted, name)
		return http.StatusOK, without(versions[len(versions)-1].body, "value")
	case method == http.MethodDelete:
		delete(v.deleted, name)
		return http.StatusNoContent, nil
	}
	return http.StatusOK, deletedSecret(host, versions[len(versions)-1])
}

func deletedSecret(host string, one *secret) map[string]any {
	body := without(one.body, "value")
	body["recoveryId"] = "https://" + host + "/deletedsecrets/" + one.name
	body["deletedDate"], body["scheduledPurgeDate"] = time.Now().Unix(), time.Now().Add(7*24*time.Hour).Unix()
	return body
}

func without(body map[string]any, name string) map[string]any {
	rest := maps.Clone(body)
	delete(rest, name)
	return rest
}

package cloud

import (
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

const graphHost = "graph.microsoft.com"

// application is one of the directory. It is guarded by the cloud's lock.
type application struct {
	object, client string
	body           map[string]any
	credentials    []map[string]any
	written        []time.Time // when each credential was
}

// graph answers for the part of Microsoft Graph that a deployer's identity is
// made by: applications, service principals, federated credentials (doc,
// "Microsoft Graph REST API"). Whoever may not register applications is refused,
// as in a tenant whose users may not: see Principal.Directory.
func (c *Cloud) graph(w http.ResponseWriter, r *http.Request) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	claims, err := readToken(token, c.signer.keys())
	if err != nil || claim(claims, "aud") != "https://"+graphHost {
		graphRefusal(w, http.StatusUnauthorized, "InvalidAuthenticationToken", "Access token is empty or not one for Microsoft Graph.")
		return
	}
	body := map[string]any{}
	if read, err := io.ReadAll(io.LimitReader(r.Body, 1<<20)); err == nil && len(read) > 0 && json.Unmarshal(read, &body) != nil {
		graphRefusal(w, http.StatusBadRequest, "BadRequest", "Unable to read JSON request payload.")
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if rule := c.ruled(r, graphHost); rule != nil && rule.Status != 0 {
		graphRefusal(w, rule.Status, rule.Code, rule.Message)
		return
	}
	caller := c.principals[strings.ToLower(claim(claims, "appid"))]
	if r.Method != http.MethodGet && (caller == nil || !caller.directory) {
		graphRefusal(w, http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
		return
	}
	status, answer := c.serveGraph(r, body)
	if answer == nil {
		w.WriteHeader(status)
		return
	}
	answerJSON(w, status, answer)
}

func graphRefusal(w http.ResponseWriter, status int, code, message string) {
	answerJSON(w, status, graphError(code, message))
}

func graphError(code, message string) map[string]any {
	return map[string]any{"error": map[string]any{"code": code, "message": message}}
}

// graphPattern reads …/applications(appId='x')/federatedIdentityCredentials/y.
var graphPattern = regexp.MustCompile(`^/(v1\.0|beta)/(applications|servicePrincipals)(?:\(appId='([^']+)'\)|/([^/]+))?(?:/(federatedIdentityCredentials)(?:/([^/]+))?)?$`)

// serveGraph answers a request. The caller holds the lock.
func (c *Cloud) serveGraph(r *http.Request, body map[string]any) (status int, answer any) {
	found := graphPattern.FindStringSubmatch(r.URL.Path)
	if found == nil {
		return http.StatusNotFound, graphError("Request_ResourceNotFound", "Resource not found for the segment.")
	}
	version, kind, client, id, below, name := found[1], found[2], found[3], found[4], found[5], found[6]
	if client == "" && id == "" {
		return c.serveDirectory(r, kind, body)
	}
	app := c.application(client, id)
	if app == nil {
		return http.StatusNotFound, graphError("Request_ResourceNotFound", "Resource '"+client+id+"' does not exist or one of its queried reference-property objects are not present.")
	}
	if below != "" {
		return c.serveCredentials(r, app, version, name, body)
	}
	switch r.Method {
	case http.MethodDelete:
		delete(c.principals, strings.ToLower(app.client))
		if kind == "applications" {
			delete(c.applications, app.client)
		}
		return http.StatusNoContent, nil
	case http.MethodPatch:
		merge(app.body, body)
		return http.StatusNoContent, nil
	}
	if kind == "servicePrincipals" {
		return http.StatusOK, c.servicePrincipal(app)
	}
	return http.StatusOK, app.body
}

// application finds one by its client id, its own object id or that of its
// service principal.
func (c *Cloud) application(client, object string) *application {
	for _, app := range c.applications {
		p := c.principals[strings.ToLower(app.client)]
		if app.client == client || app.object == object || object != "" && p != nil && p.object == object {
			return app
		}
	}
	return nil
}

func (c *Cloud) servicePrincipal(app *application) map[string]any {
	p := c.principals[strings.ToLower(app.client)]
	if p == nil {
		return nil
	}
	return map[string]any{"id": p.object, "appId": app.client, "displayName": app.body["displayName"], "servicePrincipalType": "Application"}
}

// serveDirectory makes and lists applications and service principals.
func (c *Cloud) serveDirectory(r *http.Request, kind string, body map[string]any) (int, any) {
	if r.Method == http.MethodPost && kind == "applications" {
		app := &application{object: newID(), client: newID(), body: body}
		body["id"], body["appId"] = app.object, app.client
		c.applications[app.client] = app
		return http.StatusCreated, body
	}
	if r.Method == http.MethodPost {
		app := c.applications[text(body, "appId")]
		switch {
		case app == nil:
			return http.StatusBadRequest, graphError("Request_BadRequest", "The appId '"+text(body, "appId")+"' does not reference a valid application object.")
		case c.principals[strings.ToLower(app.client)] != nil:
			return http.StatusConflict, graphError("Request_MultipleObjectsWithSameKeyValue", "The service principal cannot be created because the service principal name is already in use.")
		}
		c.principals[app.client] = &principal{client: app.client, object: newID(), since: time.Now()}
		return http.StatusCreated, c.servicePrincipal(app)
	}
	values := []any{}
	field, value, _ := strings.Cut(r.URL.Query().Get("$filter"), " eq ")
	for _, app := range c.applications {
		one := app.body
		if kind == "servicePrincipals" {
			one = c.servicePrincipal(app)
		}
		if one != nil && (field == "" || one[field] == strings.Trim(value, "'")) {
			values = append(values, one)
		}
	}
	return http.StatusOK, map[string]any{"value": values}
}

// serveCredentials keeps the federated credentials of an application; those with
// an expression are known to the beta alone (doc, 14 Aug 2026).
func (c *Cloud) serveCredentials(r *http.Request, app *application, version, name string, body map[string]any) (int, any) {
	i := slices.IndexFunc(app.credentials, func(one map[string]any) bool {
		return name != "" && (one["name"] == name || one["id"] == name) || name == "" && body["name"] != nil && one["name"] == body["name"]
	})
	switch {
	case r.Method == http.MethodPost && i >= 0:
		return http.StatusConflict, graphError("Request_MultipleObjectsWithSameKeyValue", "FederatedIdentityCredential with name "+text(body, "name")+" already exists.")
	case r.Method == http.MethodPost:
		if version != "beta" && body["claimsMatchingExpression"] != nil {
			return http.StatusBadRequest, graphError("Request_BadRequest", "Invalid property 'claimsMatchingExpression'.")
		}
		if f := checkCredential(body, len(app.credentials)); f != nil {
			return http.StatusBadRequest, graphError("Request_BadRequest", f.code+": "+f.message)
		}
		body["id"] = newID()
		app.credentials, app.written = append(app.credentials, body), append(app.written, time.Now())
		return http.StatusCreated, body
	case name == "":
		return http.StatusOK, map[string]any{"value": app.credentials}
	case i < 0:
		return http.StatusNotFound, graphError("Request_ResourceNotFound", "Resource '"+name+"' does not exist.")
	case r.Method == http.MethodDelete:
		app.credentials, app.written = slices.Delete(app.credentials, i, i+1), slices.Delete(app.written, i, i+1)
		return http.StatusNoContent, nil
	case r.Method == http.MethodPatch:
		merge(app.credentials[i], body)
		return http.StatusNoContent, nil
	}
	return http.StatusOK, app.credentials[i]
}

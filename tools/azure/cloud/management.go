package cloud

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// request is one to Azure Resource Manager.
type request struct {
	*http.Request
	cloud   *Cloud
	path    path
	body    map[string]any
	text    []byte // of the body, as it came
	caller  *principal
	version string // api-version
	cut     bool   // carried out, and not answered
	hurried bool   // see Faults.Hurry
}

// answer is what the client gets.
type answer struct {
	status  int
	header  http.Header
	body    any // nil = none
	raw     []byte
	failure *failure // that it tells of
	// then is done without the lock, and makes the answer in its place.
	then func() *answer
}

const maxBody = 32 << 20

// management answers for management.azure.com.
func (c *Cloud) management(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return // the client has gone, or will not stop
	}
	q := &request{Request: r, cloud: c, text: text, version: r.URL.Query().Get("api-version"), path: parsePath(r.URL.Path)}
	a := q.serve()
	if seen, ok := w.(*statusWriter); ok {
		seen.call.Body = string(text)
		if a.failure != nil {
			seen.call.Error, seen.call.Fault = a.failure.code, a.failure.fault
		}
		if q.cut {
			seen.call.Fault = "cut"
		}
	}
	if q.cut || a.failure != nil && a.failure.cut {
		panic(http.ErrAbortHandler) // the server ends the connection
	}
	q.write(w, a)
}

// serve holds the lock, but for what an answer does afterwards.
func (q *request) serve() *answer {
	q.cloud.mu.Lock()
	a := q.guarded()
	q.cloud.mu.Unlock()
	for a.then != nil {
		a = a.then()
	}
	return a
}

func (q *request) guarded() *answer {
	q.hurried = q.cloud.faults.Hurry
	if f := q.disturbed(); f != nil {
		return f.answer()
	}
	if a := metadata(q); a != nil {
		return a
	}
	for _, check := range []func() *failure{q.checkLogin, q.checkVersion, q.checkBody, q.checkScope, q.checkRight} {
		if f := check(); f != nil {
			return f.answer()
		}
	}
	return q.dispatch()
}

func (q *request) write(w http.ResponseWriter, a *answer) {
	head := w.Header()
	for name, values := range a.header {
		head[name] = values
	}
	q.identify(head)
	body := a.raw
	if a.body != nil {
		body, _ = json.Marshal(a.body) // maps of JSON values
		head.Set("Content-Type", "application/json; charset=utf-8")
	}
	w.WriteHeader(a.status)
	if q.Method != http.MethodHead {
		_, _ = w.Write(body) // fails only when the client has gone
	}
}

// identify gives an answer its ids. A client's own correlation id comes back
// (doc, "Track asynchronous operations", "Common headers").
func (q *request) identify(head http.Header) {
	id := newID()
	head.Set("X-Ms-Request-Id", id)
	correlation := q.Header.Get("X-Ms-Correlation-Request-Id")
	if correlation == "" {
		correlation = id
	}
	head.Set("X-Ms-Correlation-Request-Id", correlation)
	head.Set("X-Ms-Routing-Request-Id", "WESTEUROPE:"+newID())
	if client := q.Header.Get("X-Ms-Client-Request-Id"); client != "" && strings.EqualFold(q.Header.Get("X-Ms-Return-Client-Request-Id"), "true") {
		head.Set("X-Ms-Client-Request-Id", client)
	}
	remaining := "X-Ms-Ratelimit-Remaining-Subscription-Writes"
	if q.isRead() {
		remaining = "X-Ms-Ratelimit-Remaining-Subscription-Reads"
	}
	head.Set(remaining, "11999")
	head.Set("Cache-Control", "no-cache")
	if q.hurried { // the provider's own header for tests that are replayed
		head.Set("X-Go-Azure-Sdk-Skip-Polling-Delay", "true")
	}
}

// checkLogin finds the caller by the token.
func (q *request) checkLogin() *failure {
	refused := &failure{status: http.StatusUnauthorized, code: "AuthenticationFailed", message: "Authentication failed. The 'Authorization' header is missing."}
	token, ok := strings.CutPrefix(q.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return refused
	}
	refused.code = "InvalidAuthenticationToken"
	claims, err := readToken(token, q.cloud.signer.keys())
	if err != nil {
		refused.message = "The access token is invalid: " + err.Error() + "."
		return refused
	}
	if !isManagement(claim(claims, "aud")) {
		refused.code = "InvalidAuthenticationTokenAudience"
		refused.message = "The access token has been obtained for wrong audience or resource '" + claim(claims, "aud") + "'. It should exactly match with one of the allowed audiences 'https://management.core.windows.net/','https://management.core.windows.net','https://management.azure.com/','https://management.azure.com'."
		return refused
	}
	q.caller = q.cloud.principals[strings.ToLower(claim(claims, "appid"))]
	if q.caller == nil {
		refused.message = "The principal of the access token does not exist any more."
		return refused
	}
	return nil
}

func isManagement(audience string) bool {
	return audience == "https://management.azure.com" || audience == "https://management.core.windows.net"
}

var versionPattern = regexp.MustCompile(`^20\d\d-\d\d-\d\d(-[a-z]+)?$`)

func (q *request) checkVersion() *failure {
	if q.version == "" {
		return badRequest("MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required for all requests.")
	}
	if !versionPattern.MatchString(q.version) {
		return badRequest("InvalidApiVersionParameter", "The api-version '%s' is invalid. The supported versions are '%s'.", q.version, strings.Join(knownVersions(q.path.kind), ","))
	}
	if known := knownVersions(q.path.kind); known != nil && !slices.Contains(known, q.version) {
		return badRequest("NoRegisteredProviderFound", "No registered resource provider found for location '%s' and API version '%s' for type '%s'. The supported api-versions are '%s'.",
			text(q.body, "location"), q.version, q.path.written, strings.Join(known, ", "))
	}
	return nil
}

func (q *request) checkBody() *failure {
	if len(bytes.TrimSpace(q.text)) == 0 {
		if q.Method == http.MethodPut && q.path.last == "" && q.path.kind != "" {
			return badRequest("InvalidRequestContent", "The request content was empty.")
		}
		return nil
	}
	if err := json.Unmarshal(q.text, &q.body); err != nil && q.Method != http.MethodPost {
		return badRequest("InvalidRequestContent", "The request content was invalid and could not be deserialized: '%s'.", err)
	}
	return nil
}

// checkScope looks whether subscription, group and resource provider are there.
func (q *request) checkScope() *failure {
	c, p := q.cloud, q.path
	if p.subscription != "" && !strings.EqualFold(p.subscription, c.options.Subscription) {
		return notFound("SubscriptionNotFound", "The subscription '%s' could not be found.", p.subscription)
	}
	if q.isRead() || p.group == "" || p.kind == groupKind {
		return nil
	}
	if c.resources[q.groupKey()] == nil {
		return q.noGroup()
	}
	if !c.isRegistered(p.namespace()) {
		return conflict("MissingSubscriptionRegistration", "The subscription is not registered to use namespace '%s'. See https://aka.ms/rps-not-found for how to register subscriptions.", p.namespace())
	}
	return nil
}

func (q *request) groupKey() string {
	return strings.ToLower("/subscriptions/" + q.path.subscription + "/resourceGroups/" + q.path.group)
}

// dispatch leads to what answers: an action, something that is not in the store,
// a collection, or the resource.
func (q *request) dispatch() *answer {
	if a := q.special(); a != nil {
		return a
	}
	k := q.cloud.kindOf(q.path.kind)
	if q.Method == http.MethodPost {
		if action := k.actions[strings.ToLower(q.path.last)]; action != nil {
			return action(q)
		}
		return notFound("InvalidResourceType", "There is no action '%s' on '%s'.", q.path.last, q.path.written).answer()
	}
	if q.path.last != "" {
		return q.collection()
	}
	if k.get != nil && q.isRead() {
		return k.get(q)
	}
	switch q.Method {
	case http.MethodGet, http.MethodHead:
		return q.get()
	case http.MethodPut:
		return q.put()
	case http.MethodPatch:
		return q.patch()
	case http.MethodDelete:
		return q.remove()
	}
	return (&failure{status: http.StatusMethodNotAllowed, code: "HttpMethodNotAllowed", message: "The HTTP method is not supported."}).answer()
}

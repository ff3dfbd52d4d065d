package cloud

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// isFunction tells a function app. Its runtime is not here: a placeholder
// answers in the place of its functions, unless the configuration has a command.
// The caller holds the lock.
func (c *Cloud) isFunction(s *site) bool {
	r := c.find(s.id)
	return r != nil && strings.Contains(text(r.body, "kind"), "functionapp")
}

// masterKey is the key of a function app's host.
func masterKey(s *site) string {
	return strings.ReplaceAll(idOf("key of "+strings.ToLower(s.id)), "-", "")
}

// hostKeys answers host/default/listkeys (az).
func hostKeys(q *request) *answer {
	s := q.functionApp()
	if s == nil {
		return q.missing()
	}
	return &answer{status: http.StatusOK, body: map[string]any{
		"masterKey": masterKey(s), "functionKeys": map[string]any{"default": masterKey(s)}, "systemKeys": map[string]any{},
	}}
}

// functionApp returns the site that a request below it is about.
func (q *request) functionApp() *site {
	r := q.cloud.find(parentSite(q.path.id))
	if r == nil {
		return nil
	}
	s, _ := r.state.(*site)
	return s
}

// parentSite returns the part of an id that names the site.
func parentSite(id string) string {
	segments := strings.Split(id, "/")
	for i, segment := range segments {
		if strings.EqualFold(segment, "sites") && i+1 < len(segments) {
			return strings.Join(segments[:i+2], "/")
		}
	}
	return id
}

// syncTriggers makes the host look at its functions anew. Right after the
// package has changed it answers 400, and is asked again (fa).
func syncTriggers(q *request) *answer {
	s := q.functionApp()
	if s == nil {
		return q.missing()
	}
	if s.unsynced > 0 {
		s.unsynced--
		return badRequest("BadRequest", "Encountered an error (ServiceUnavailable) from host runtime.").answer()
	}
	return &answer{status: http.StatusOK, body: map[string]any{"status": "success"}}
}

// functions lists what the host has found: nothing before there is a package
// (issue functions-action#245 tells of hosts that find nothing).
func functions(q *request) *answer {
	s := q.functionApp()
	if s == nil {
		return q.missing()
	}
	values := []any{}
	for _, name := range q.cloud.functionNames(s) {
		values = append(values, map[string]any{
			"id": s.id + "/functions/" + name, "name": s.name + "/" + name, "type": "Microsoft.Web/sites/functions",
			"properties": map[string]any{"name": name, "language": "", "isDisabled": false},
		})
	}
	return &answer{status: http.StatusOK, body: map[string]any{"value": values}}
}

// functionNames reads the folders of a package; one whose functions are in its
// code has a host.json alone, and is taken to have one. The caller holds the lock.
func (c *Cloud) functionNames(s *site) []string {
	if s.content == "" {
		if text(c.settingsOf(s), "WEBSITE_RUN_FROM_PACKAGE") != "" {
			return []string{"http"}
		}
		return nil
	}
	found, _ := filepath.Glob(filepath.Join(s.content, "*", "function.json")) // the pattern is valid
	var names []string
	for _, file := range found {
		names = append(names, filepath.Base(filepath.Dir(file)))
	}
	if _, err := os.Stat(filepath.Join(s.content, "host.json")); err == nil && len(names) == 0 {
		names = []string{"http"}
	}
	return names
}

// hostStatus answers admin/host/status of a function app's host, for whoever has
// its key.
func (c *Cloud) hostStatus(s *site, w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("X-Functions-Key") != masterKey(s) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	answerJSON(w, http.StatusOK, map[string]any{"id": s.host(), "state": "Running", "version": "4.1041.200.0", "processUptime": 1000})
}

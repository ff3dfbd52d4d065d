package cloud

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Hosts of Azure and GitHub that exist once.
const (
	loginHost      = "login.microsoftonline.com"
	managementHost = "management.azure.com"
	githubHost     = "token.actions.githubusercontent.com"
)

// route leads a request to its host and records it.
func (c *Cloud) route(w http.ResponseWriter, r *http.Request) {
	host := hostName(r.Host)
	call := Call{At: time.Now(), Method: r.Method, Host: host, Path: r.URL.Path, Query: r.URL.RawQuery}
	seen := &statusWriter{ResponseWriter: w, call: &call}
	defer func() {
		call.Status, call.Took = seen.status, time.Since(call.At)
		c.calls.add(call)
	}()
	handler := c.handler(host)
	if handler == nil {
		http.Error(seen, "there is no host "+host+" in this cloud", http.StatusBadGateway)
		return
	}
	handler.ServeHTTP(seen, r)
}

// handler returns what answers for a host, nil when there is no such host.
func (c *Cloud) handler(host string) http.Handler {
	if handler := c.options.Hosts[host]; handler != nil {
		return handler
	}
	for suffix, handler := range c.options.Hosts {
		if strings.HasPrefix(suffix, ".") && strings.HasSuffix(host, suffix) {
			return handler
		}
	}
	switch host {
	case loginHost:
		return http.HandlerFunc(c.login)
	case managementHost:
		return http.HandlerFunc(c.management)
	case githubHost:
		return c.github
	case graphHost:
		return http.HandlerFunc(c.graph)
	case machineHost:
		return http.HandlerFunc(c.machine)
	}
	for _, find := range []func(string) http.Handler{c.registryHost, c.appHost, c.siteHost, c.vaultHost, c.blobHost} {
		if handler := find(host); handler != nil {
			return handler
		}
	}
	return nil
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	call   *Call
	status int
}

// WriteHeader notes the status that the client is told.
func (s *statusWriter) WriteHeader(status int) {
	if s.status == 0 {
		s.status = status
	}
	s.ResponseWriter.WriteHeader(status)
}

// Write sends a part of the body; without a status before it that is 200.
func (s *statusWriter) Write(data []byte) (int, error) {
	if s.status == 0 {
		s.status = http.StatusOK
	}
	return s.ResponseWriter.Write(data)
}

// Unwrap lets http.ResponseController flush and hijack.
func (s *statusWriter) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// Flush sends what was written so far.
func (s *statusWriter) Flush() {
	_ = http.NewResponseController(s.ResponseWriter).Flush() // works for every connection of ours
}

// Call is a request that came, and how it was answered.
type Call struct {
	At     time.Time
	Took   time.Duration
	Method string
	Host   string
	Path   string
	Query  string
	Body   string // of requests to the management host; as it came
	Status int    // of the answer
	Error  string // Azure's code, when the management host refused it
	Fault  string // which switch made the answer, "" = none did
}

// calls keeps what came, oldest first.
type calls struct {
	mu  sync.Mutex
	all []Call
}

func (c *calls) add(call Call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, call)
}

// Calls returns the requests that have been answered, in the order in which
// their answers ended.
func (c *Cloud) Calls() []Call {
	c.calls.mu.Lock()
	defer c.calls.mu.Unlock()
	return slices.Clone(c.calls.all)
}

// ForgetCalls empties the list that Calls returns.
func (c *Cloud) ForgetCalls() {
	c.calls.mu.Lock()
	defer c.calls.mu.Unlock()
	c.calls.all = nil
}

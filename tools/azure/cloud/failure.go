package cloud

import (
	"fmt"
	"net/http"
	"time"
)

// failure is how ARM says no: a status, a code and a sentence (doc, "Common
// deployment errors").
type failure struct {
	status     int
	code       string
	message    string
	retryAfter time.Duration // 0 = it does not say
	cut        bool          // there is no answer at all: the connection ends
	fault      string        // which switch made it
}

func badRequest(code, format string, args ...any) *failure {
	return &failure{status: http.StatusBadRequest, code: code, message: fmt.Sprintf(format, args...)}
}

func notFound(code, format string, args ...any) *failure {
	return &failure{status: http.StatusNotFound, code: code, message: fmt.Sprintf(format, args...)}
}

func conflict(code, format string, args ...any) *failure {
	return &failure{status: http.StatusConflict, code: code, message: fmt.Sprintf(format, args...)}
}

func (f *failure) body() map[string]any {
	return map[string]any{"error": map[string]any{"code": f.code, "message": f.message}}
}

func (f *failure) answer() *answer {
	a := &answer{status: f.status, body: f.body(), failure: f, header: http.Header{"X-Ms-Error-Code": {f.code}}}
	if f.retryAfter > 0 {
		setRetryAfter(a.header, f.retryAfter)
	}
	return a
}

// setRetryAfter tells when to ask again. Azure knows whole seconds only; below
// one azcore obeys milliseconds, which tests are quick by.
func setRetryAfter(head http.Header, d time.Duration) {
	head.Set("Retry-After", seconds(d))
	if d < time.Second {
		head.Set("Retry-After-Ms", fmt.Sprint(d.Milliseconds()))
	}
}

// seconds writes a duration as Retry-After does: whole seconds, upwards.
func seconds(d time.Duration) string {
	return fmt.Sprint(int((d + time.Second - 1) / time.Second))
}

// missing is what a resource that is not there is answered with.
func (q *request) missing() *answer {
	if q.path.group != "" && q.cloud.resources[q.groupKey()] == nil {
		return q.noGroup().answer()
	}
	return notFound("ResourceNotFound", "The Resource '%s' under resource group '%s' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
		q.path.full(), q.path.group).answer()
}

func (q *request) noGroup() *failure {
	return notFound("ResourceGroupNotFound", "Resource group '%s' could not be found.", q.path.group)
}

// full returns type and names as messages have them: "Microsoft.App/containerApps/shop".
func (p path) full() string {
	full := p.written
	for _, name := range p.names {
		full += "/" + name
	}
	return full
}

package azure

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/aloft-dev/aloft"
)

// failure is an answer of Azure's that says no. What an operation ended with has
// status 200: its code tells, not its status.
type failure struct {
	doing   string // completes "cannot …"
	status  int    // of HTTP
	code    string // Azure's own: "AuthorizationFailed"; "" = it gave none
	message string
	request string // Azure's id of the request, for its support; "" = it gave none
}

// Error writes what happened, Azure's words, its code and the request's id.
func (f *failure) Error() string {
	text := fmt.Sprintf("cannot %s: %s", f.doing, strings.TrimRight(cmp.Or(f.message, http.StatusText(f.status)), ". \n"))
	var marks []string
	if f.code != "" {
		marks = append(marks, f.code)
	}
	if f.status != http.StatusOK {
		marks = append(marks, fmt.Sprintf("status %d", f.status))
	}
	if f.request != "" {
		marks = append(marks, "request "+f.request)
	}
	return text + " (" + strings.Join(marks, ", ") + ")"
}

// hasCode reports whether err is a failure with one of these codes of Azure's.
func hasCode(err error, codes ...string) bool {
	f, ok := errors.AsType[*failure](err)
	if !ok {
		return false
	}
	for _, code := range codes {
		if strings.EqualFold(f.code, code) {
			return true
		}
	}
	return false
}

// hasStatus reports whether err is a failure with one of these statuses of HTTP.
func hasStatus(err error, statuses ...int) bool {
	f, ok := errors.AsType[*failure](err)
	if !ok {
		return false
	}
	for _, status := range statuses {
		if f.status == status {
			return true
		}
	}
	return false
}

// requestID is what Azure's support asks for: the id by which it put together
// what belongs to a request, else that of the request.
func requestID(response *http.Response) string {
	for _, name := range []string{"x-ms-correlation-request-id", "x-ms-request-id", requestHeader} {
		if id := response.Header.Get(name); id != "" {
			return id
		}
	}
	if response.Request != nil {
		return response.Request.Header.Get(requestHeader)
	}
	return ""
}

// errorBody is how Azure writes errors: in the answer itself, or under "error".
type errorBody struct {
	Code    string      `json:"code"`
	Message string      `json:"message"`
	Details []errorBody `json:"details"`
}

// failureOf reads an answer that says no.
func failureOf(doing string, response *http.Response, body []byte) *failure {
	code, message := parseError(body)
	return &failure{
		doing: doing, status: response.StatusCode, request: requestID(response),
		code:    cmp.Or(response.Header.Get("x-ms-error-code"), code),
		message: message,
	}
}

// parseError finds code and message in the body of an answer. The deployment
// services answer with plain text, sometimes with a page.
func parseError(body []byte) (code, message string) {
	var envelope struct {
		Error json.RawMessage `json:"error"`
		errorBody
		Upper string `json:"Message"`
	}
	if json.Unmarshal(body, &envelope) != nil {
		return "", plain(string(body))
	}
	found := envelope.errorBody
	if len(envelope.Error) > 0 && json.Unmarshal(envelope.Error, &found) != nil {
		_ = json.Unmarshal(envelope.Error, &found.Message) // "error": "text"
	}
	message = cmp.Or(found.Message, envelope.Upper)
	for _, detail := range found.Details {
		if detail.Message != "" && !strings.Contains(message, detail.Message) {
			message = strings.TrimRight(message, ". ") + ": " + detail.Message
		}
	}
	return found.Code, plain(message)
}

// plain is text in a line that is not too long.
func plain(text string) string {
	const most = 600 // characters
	if strings.Contains(strings.ToLower(text), "<html") {
		return ""
	}
	runes := []rune(strings.ToValidUTF8(strings.Join(strings.Fields(text), " "), "�"))
	if len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return string(runes)
}

// unreached is a request that got no answer.
func unreached(doing string, address *url.URL, cause error) error {
	if errors.Is(cause, context.Canceled) || errors.Is(cause, context.DeadlineExceeded) {
		return aloft.Errorf(aloft.CodeCanceled, "stopped before Aloft could %s: %w", doing, cause)
	}
	if refused, ok := errors.AsType[*loginError](cause); ok {
		return refused.explain(doing)
	}
	return aloft.Errorf(aloft.CodeUnavailable, "cannot %s: %s does not answer: %w", doing, address.Host, cause)
}
